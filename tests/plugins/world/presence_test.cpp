#include "tests/plugins/support/allocations.hpp"
#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

using test::FakePlayer;

class PresenceTest : public WorldTest {};

TEST_F(PresenceTest, OthersHearOfJoinsAndLeaves) {
    FakePlayer& ada = space_->join("ada-id", "Ada");
    FakePlayer& bob = space_->join("bob-id", "Bob");
    ASSERT_EQ(ada.heard.size(), 1);
    EXPECT_EQ(ada.heard[0].type, "user.joined");
    EXPECT_EQ(ada.heard[0].d["n"].integer_or(0), bob.n());
    EXPECT_EQ(ada.heard[0].d["id"].text(), "bob-id");
    EXPECT_EQ(ada.heard[0].d["name"].text(), "Bob");
    EXPECT_EQ(ada.heard[0].d["p"], at(0, 0, 0));
    EXPECT_TRUE(bob.heard.empty()) << "nobody hears of himself";
    const auto users = space_->state("users", bob);
    ASSERT_EQ(users.size(), 2);
    EXPECT_EQ(users[0]["name"].text(), "Ada");
    EXPECT_EQ(users[0].find("avatar"), nullptr);

    const std::uint32_t n = bob.n();
    space_->leave(bob, LeaveReason::disconnected);
    EXPECT_EQ(ada.heard.back().type, "user.left");
    EXPECT_EQ(ada.heard.back().d["n"].integer_or(0), n);
    EXPECT_EQ(ada.heard.back().d["id"].text(), "bob-id");
    EXPECT_EQ(ada.heard.back().d["reason"].text(), "disconnected");
    EXPECT_EQ(space_->state("users", ada).size(), 1);
}

TEST_F(PresenceTest, AJoinThatAnotherBehaviourRefusesLeavesNoGhost) {
    FakePlayer& ada = space_->join("ada-id");
    space_->on_join([](Player& player) {
        if (player.id() == "banned-id") throw Error(Code::forbidden, "no");
    });
    EXPECT_THROW(space_->join("banned-id"), Error);
    space_->settle();
    EXPECT_TRUE(ada.heard.empty());
    EXPECT_EQ(space_->state("users", ada).size(), 1);
    space_->join("bob-id");
    EXPECT_EQ(space_->state("users", ada).size(), 2);
}

TEST_F(PresenceTest, OneRowPerMoverAndTick) {
    FakePlayer& ada = space_->join("ada-id");
    FakePlayer& bob = space_->join("bob-id");
    for (int i = 1; i <= 3; ++i)
        space_->ask(bob, "user.move", {{"p", at(i, 0, 0.12345)}, {"r", at(0, 1, 0)}, {"ts", 40 + i}});
    space_->ask(ada, "user.move", {{"p", at(-1, 0, 0)}});
    space_->tick();
    const auto moved = space_->events_of("user.moved");
    ASSERT_EQ(moved.size(), 1);
    ASSERT_EQ(moved[0].size(), 2);
    EXPECT_EQ(moved[0].items()[0].to_json(), "[" + std::to_string(bob.n()) + ",3,0,0.123,0,1,0,43]");
    // The way he looks stays when a move does not name it.
    space_->ask(bob, "user.move", {{"p", at(9, 0, 0)}});
    space_->tick();
    EXPECT_EQ(space_->events_of("user.moved")[1].items()[0].to_json(),
              "[" + std::to_string(bob.n()) + ",9,0,0,0,1,0,0]");
    space_->tick();
    EXPECT_EQ(space_->events_of("user.moved").size(), 2) << "nothing moved, nothing sent";
    const auto users = space_->state("users", ada);
    EXPECT_EQ(users[1]["p"], at(9, 0, 0));
}

TEST_F(PresenceTest, WhoLeftIsNotInTheNextFrame) {
    FakePlayer& ada = space_->join("ada-id");
    FakePlayer& bob = space_->join("bob-id");
    space_->ask(bob, "user.move", {{"p", at(1, 0, 0)}});
    space_->leave(bob);
    space_->tick();
    EXPECT_TRUE(space_->events_of("user.moved").empty());
    EXPECT_EQ(ada.heard.back().type, "user.left");
}

TEST_F(PresenceTest, MovesOutsideTheBoundsAreRefused) {
    FakePlayer& ada = space_->join("ada-id");
    EXPECT_TRUE(space_->ask(ada, "user.move", {{"p", at(999.999, -999.999, 0)}})->ok());
    for (const auto& p : {at(1000, 0, 0), at(0, -1000, 0), at(0, 0, 1e300)}) {
        const auto answer = space_->ask(ada, "user.move", {{"p", p}});
        EXPECT_EQ(answer->code(), "invalid_field");
        EXPECT_EQ(answer->refused->field(), "d.p");
    }
    EXPECT_EQ(space_->state("users", ada)[0]["p"], at(999.999, -999.999, 0));
}

TEST_F(PresenceTest, AMoveAllocatesNothing) {
    FakePlayer& ada = space_->join("ada-id");
    const test::FakeSpace& space = *space_;
    const MessageHandler& handler = space.handler("user.move");
    UserMove move{{1, 2, 3}, Vec3{0, 1, 0}, 5};
    handler.call(ada, &move, Reply());  // the first one makes the row
    const std::size_t start = test::allocations();
    const auto something = std::make_unique<std::string>(100, 'x');
    ASSERT_GT(test::allocations(), start) << "the counter counts";
    const std::size_t before = test::allocations();
    for (int i = 0; i < 1000; ++i) {
        move.p.x = i % 900;
        handler.call(ada, &move, Reply());
    }
    EXPECT_EQ(test::allocations(), before);
}

TEST_F(PresenceTest, NamesAndAvatarsChange) {
    FakePlayer& ada = space_->join("ada-id");
    FakePlayer& bob = space_->join("bob-id");
    EXPECT_TRUE(space_->ask(ada, "user.update", {{"name", "  Ada L "}, {"avatar", "/avatars/1.png"}})->ok());
    EXPECT_EQ(bob.heard.back().type, "user.updated");
    EXPECT_EQ(bob.heard.back().d["name"].text(), "Ada L");
    EXPECT_EQ(bob.heard.back().d["avatar"].text(), "/avatars/1.png");
    EXPECT_EQ(space_->state("users", bob)[0]["name"].text(), "Ada L");
    EXPECT_EQ(space_->state("users", bob)[0]["avatar"].text(), "/avatars/1.png");
    for (const char* wrong : {"", "   ", "<b>", "a\nb"}) {
        EXPECT_EQ(space_->ask(ada, "user.update", {{"name", wrong}})->code(), "invalid_field") << wrong;
    }
    EXPECT_EQ(space_->ask(ada, "user.update", {{"name", std::string(51, 'x')}})->code() == "ok", false);
    EXPECT_EQ(space_->ask(ada, "user.update", {{"avatar", "data:text/html,x"}})->code(), "invalid_field");
    EXPECT_EQ(space_->ask(ada, "user.update", Document::map())->code(), "bad_request");
    EXPECT_EQ(ada.name(), "Ada L");
}

TEST_F(PresenceTest, SessionsAreWrittenAndClosed) {
    FakePlayer& ada = space_->join("ada-id");
    space_->settle();
    auto rows = space_->store().rows("SELECT * FROM sessions");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0]["user_id"].text(), "ada-id");
    EXPECT_EQ(rows[0]["is_active"].integer_or(0), 1);
    EXPECT_EQ(rows[0]["ip_address"].text(), "127.0.0.1");
    EXPECT_TRUE(rows[0]["disconnected_at"].is_null());
    space_->ask(ada, "user.move", {{"p", at(4, 5, 6)}});
    space_->advance(Duration(7'500));
    space_->leave(ada);
    space_->settle();
    rows = space_->store().rows("SELECT * FROM sessions");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0]["is_active"].integer_or(1), 0);
    EXPECT_EQ(rows[0]["duration_seconds"].integer_or(0), 7);
    EXPECT_EQ(Document::parse_json(rows[0]["position"].text()), at(4, 5, 6));
}

TEST_F(PresenceTest, SessionsThatACrashLeftOpenAreClosedAtTheNextStart) {
    space_->join("ada-id");
    space_->join("bob-id");
    reopen();
    const auto rows = space_->store().rows("SELECT * FROM sessions WHERE is_active = 1 OR disconnected_at IS NULL");
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(space_->store().rows("SELECT * FROM sessions").size(), 2);
}

TEST_F(PresenceTest, TheSpaceCountsItsVisitorsAndItsTime) {
    FakePlayer& ada = space_->join("ada-id");
    FakePlayer& bob = space_->join("bob-id");
    space_->advance(Duration(90'000));
    space_->leave(ada);
    space_->leave(bob);
    space_->advance(Duration(100'000));
    space_->settle();
    const auto rows = space_->store().rows("SELECT * FROM spaces");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0]["visitor_count"].integer_or(0), 2);
    EXPECT_EQ(rows[0]["total_runtime_seconds"].integer_or(0), 90);
    EXPECT_EQ(rows[0]["name"].text(), "main");
    EXPECT_EQ(rows[0]["max_users"].integer_or(0), 100);
    EXPECT_EQ(WorldSpace::users(), 0);
}

}  // namespace
}  // namespace cairn::world
