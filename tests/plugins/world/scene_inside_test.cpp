// What cannot be seen from outside: the very bytes of a section, its steps, and what a move allocates.
#include "tests/plugins/support/allocations.hpp"
#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

using test::FakePlayer;

class SceneInsideTest : public WorldTest {
protected:
    FakePlayer& ada_ = space_->join("ada-id", "Ada");
    FakePlayer& bob_ = space_->join("bob-id", "Bob");
};

TEST_F(SceneInsideTest, WhatOthersWroteIntoTheTableIsSentAsWeWouldWriteIt) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->store().run(
        "UPDATE world_objects SET properties = '{\"a\": \"</script>\"}', physics = '{\"static\": true}'");
    reopen();
    FakePlayer& reader = space_->join("reader-id");
    EXPECT_EQ(seen("b1", reader)["properties"]["a"].text(), "</script>");
    std::string json;
    JsonWriter out(json);
    space_->section("objects", reader).next(out);
    EXPECT_EQ(json.find("</"), std::string::npos) << json;
    space_->store().run("UPDATE world_objects SET properties = 'null', physics = 'null'");
    reopen();
    FakePlayer& again = space_->join("reader-id");
    EXPECT_TRUE(seen("b1", again)["properties"].is_null());
    ASSERT_TRUE(space_->ask_settled(again, "object.update", {{"id", "b1"}, {"name", "Crate"}})->ok());
    EXPECT_EQ(object_row("b1")["physics"].text(), "{\"static\":true}");
}

TEST_F(SceneInsideTest, StateSurvivesChangesUnderWay) {
    for (int i = 0; i < 10; ++i) space_->ask_settled(ada_, "object.create", box("o" + std::to_string(i)));
    StateSection section = space_->section("objects", bob_);
    EXPECT_EQ(section.count, 10);
    std::vector<std::string> got;
    const auto take = [&] {
        std::string json;
        JsonWriter out(json);
        if (!section.next(out)) return false;
        got.emplace_back(Document::parse_json(json)["id"].text());
        return true;
    };
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(take());
    space_->ask_settled(ada_, "object.delete", {{"id", "o3"}});  // just written
    space_->ask_settled(ada_, "object.delete", {{"id", "o4"}});  // the next one
    space_->ask_settled(ada_, "object.create", box("o55"));
    while (take()) {
    }
    EXPECT_EQ(got, (std::vector<std::string>{"o0", "o1", "o2", "o3", "o5", "o55", "o6", "o7", "o8", "o9"}));
    EXPECT_FALSE(take());
}

TEST_F(SceneInsideTest, AMoveAllocatesNothing) {
    const test::FakeSpace& space = *space_;
    const MessageHandler& handler = space.handler("user.move");
    UserMove move{{1, 2, 3}, Vec3{0, 1, 0}, 5};
    handler.call(ada_, &move, Reply());  // the first one makes the row
    const std::size_t start = test::allocations();
    const auto something = std::make_unique<std::string>(100, 'x');
    ASSERT_GT(test::allocations(), start) << "the counter counts";
    const std::size_t before = test::allocations();
    for (int i = 0; i < 1000; ++i) {
        move.p.x = i % 900;
        handler.call(ada_, &move, Reply());
    }
    EXPECT_EQ(test::allocations(), before);
}

TEST_F(SceneInsideTest, SessionsThatACrashLeftOpenAreClosedAtTheNextStart) {
    reopen();
    const auto rows = space_->store().rows("SELECT * FROM sessions WHERE is_active = 1 OR disconnected_at IS NULL");
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(space_->store().rows("SELECT * FROM sessions").size(), 2);
}

}  // namespace
}  // namespace cairn::world
