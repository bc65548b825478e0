#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

std::string code_of(SpaceCatalogue& catalogue, std::string_view name, std::size_t open = 0) {
    try {
        catalogue.resolve(name, open);
        return "ok";
    } catch (const Error& error) {
        return std::string(code_name(error.code()));
    }
}

std::shared_ptr<const Config> config(std::int64_t on_demand) {
    auto made = std::make_shared<Config>();
    made->spaces["lobby"].max_users = 7;
    made->on_demand = on_demand;
    made->on_demand_settings.max_users = 5;
    made->on_demand_settings.bounds = 50;
    return made;
}

TEST(SpaceCatalogue, NamedSpacesExistFromTheStart) {
    SpaceCatalogue catalogue(config(0));
    const auto all = catalogue.initial();
    ASSERT_EQ(all.size(), 2);
    EXPECT_EQ(all[0].id, "lobby");
    EXPECT_EQ(all[0].max_players, 7);
    EXPECT_TRUE(all[0].permanent);
    EXPECT_EQ(all[1].id, "main");
    EXPECT_TRUE(is_uuid(all[1].settings["id"].text()));
    EXPECT_EQ(catalogue.resolve("", 0).id, "main") << "no name is the default space";
}

TEST(SpaceCatalogue, OthersOpenOnDemandUpToTheCap) {
    SpaceCatalogue closed(config(0));
    EXPECT_EQ(code_of(closed, "garden"), "not_found");
    SpaceCatalogue catalogue(config(2));
    const SpaceSettings garden = catalogue.resolve("garden", 0);
    EXPECT_EQ(garden.id, "garden");
    EXPECT_FALSE(garden.permanent);
    EXPECT_EQ(garden.max_players, 5);
    EXPECT_EQ(garden.settings["bounds"].number_or(0), 50);
    EXPECT_EQ(code_of(catalogue, "garden", 1), "ok");
    EXPECT_EQ(code_of(catalogue, "garden", 2), "full");
    EXPECT_EQ(code_of(catalogue, "main", 2), "ok") << "named spaces do not count";
}

TEST(SpaceCatalogue, NamesAreJudged) {
    SpaceCatalogue catalogue(config(10));
    for (const char* wrong : {"a b", "../x", "-x", ".hidden", "gärten", "a/b", "<x>"}) {
        EXPECT_EQ(code_of(catalogue, wrong), "invalid_field") << wrong;
    }
    EXPECT_EQ(code_of(catalogue, std::string(101, 'a')), "invalid_field");
    EXPECT_EQ(code_of(catalogue, std::string(100, 'a')), "ok");
    EXPECT_EQ(code_of(catalogue, "Game-Room_2.b"), "ok");
}

TEST(SpaceCatalogue, ASpaceIsFoundByItsIdToo) {
    SpaceCatalogue catalogue(config(10));
    const std::string id = new_uuid();
    catalogue.known({{id, "garden"}});
    EXPECT_EQ(catalogue.resolve(id, 0).id, "garden");
    EXPECT_EQ(catalogue.resolve("garden", 0).settings["id"].text(), id);
}

class SpaceRecordTest : public WorldTest {};

TEST_F(SpaceRecordTest, ANewSpaceIsOnDiskBeforeAnybodyJoins) {
    make_space();
    world_ = std::make_unique<WorldSpace>(*space_, *config_, tables(), kept_.all(), catalogue_);
    EXPECT_EQ(space_->holds(), 1);
    EXPECT_THROW(space_->join("ada-id"), Error);
    space_->settle();
    EXPECT_EQ(space_->holds(), 0);
    const auto rows = space_->store().rows("SELECT * FROM spaces");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0]["id"].text(), space_->settings()["id"].text());
    EXPECT_EQ(rows[0]["is_public"].integer_or(0), 1);
    EXPECT_NO_THROW(space_->join("ada-id"));
}

TEST_F(SpaceRecordTest, AStoreThatDoesNotAnswerRefusesTheJoins) {
    make_space();
    space_->store().trouble = Error(Code::unavailable, "no disk");
    world_ = std::make_unique<WorldSpace>(*space_, *config_, tables(), kept_.all(), catalogue_);
    space_->settle();
    ASSERT_TRUE(space_->failure());
    EXPECT_EQ(space_->failure()->code(), Code::unavailable);
}

TEST_F(SpaceRecordTest, TheSameSpaceKeepsItsRowOverRestarts) {
    const std::string id(space_->settings()["id"].text());
    space_->join("ada-id");
    reopen();
    reopen();
    const auto rows = space_->store().rows("SELECT * FROM spaces");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0]["id"].text(), id);
    EXPECT_EQ(rows[0]["visitor_count"].integer_or(0), 1);
}

}  // namespace
}  // namespace cairn::world
