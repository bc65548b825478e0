// Who is in a space, where he is, and what is kept of it.
#include "tests/plugins/world/world_talk.hpp"

namespace cairn::world {
namespace {

/// The listener is always in, so there is one more of everything than the test lets in.
class PresenceTest : public WorldTalk {
protected:
    std::vector<Document> sessions() { return rows("SELECT * FROM sessions WHERE user_id NOT LIKE 'listener%'"); }
    /// What is told of somebody.
    Document told(std::string_view type, const Player& of) {
        Document last;
        for (const Document& d : events_of(type))
            if (d["id"].text() == of.id()) last = d;
        return last;
    }
};

TEST_F(PresenceTest, OthersHearOfJoinsAndLeaves) {
    const Player ada = join("Ada");
    const Player bob = join("Bob");
    ASSERT_EQ(ada.count("user.joined"), 1);
    const Document joined = ada.received("user.joined");
    EXPECT_EQ(joined["n"].integer_or(0), bob.n());
    EXPECT_EQ(joined["id"].text(), bob.id());
    EXPECT_EQ(joined["name"].text(), "Bob");
    EXPECT_EQ(joined["p"], at(0, 0, 0));
    EXPECT_EQ(bob.count("user.joined"), 0) << "nobody hears of himself";
    const auto users = bob.state("users");
    ASSERT_EQ(users.size(), 3);
    EXPECT_EQ(users[1]["name"].text(), "Ada");
    EXPECT_EQ(users[1].find("avatar"), nullptr);

    const std::uint32_t n = bob.n();
    const std::string id = bob.id();
    bob.drop();
    const Document left = ada.received("user.left");
    EXPECT_EQ(left["n"].integer_or(0), n);
    EXPECT_EQ(left["id"].text(), id);
    EXPECT_EQ(left["reason"].text(), "disconnected");
    EXPECT_EQ(join("Carl").state("users").size(), 3);
}

TEST_F(PresenceTest, AJoinThatAnotherBehaviourRefusesLeavesNoGhost) {
    testkit::Host host;
    host.behaviour([](Space& space) {
        space.on_join([](cairn::Player& player) {
            if (player.name() == "Banned") throw Error(Code::forbidden, "no");
        });
    });
    host.start("plugins: {storage_sqlite: {}, world: {}}");
    const Player ada = host.join("main", "Ada");
    EXPECT_EQ(host.try_join("main", "Banned").error().code(), Code::forbidden);
    EXPECT_EQ(ada.count("user.joined"), 0);
    EXPECT_EQ(host.join("main", "Bob").state("users").size(), 2);
}

TEST_F(PresenceTest, OneRowPerMoverAndTick) {
    const Player ada = join("Ada");
    const Player bob = join("Bob");
    tick();
    for (int i = 1; i <= 3; ++i)
        ask(bob, "user.move", {{"p", at(i, 0, 0.12345)}, {"r", at(0, 1, 0)}, {"ts", 40 + i}});
    ask(ada, "user.move", {{"p", at(-1, 0, 0)}});
    tick();
    const auto moved = events_of("user.moved");
    ASSERT_EQ(moved.size(), 1);
    ASSERT_EQ(moved[0].size(), 2);
    EXPECT_EQ(moved[0].items()[0].to_json(), "[" + std::to_string(bob.n()) + ",3,0,0.123,0,1,0,43]");
    // The way he looks stays when a move does not name it.
    ask(bob, "user.move", {{"p", at(9, 0, 0)}});
    tick();
    EXPECT_EQ(events_of("user.moved")[1].items()[0].to_json(), "[" + std::to_string(bob.n()) + ",9,0,0,0,1,0,0]");
    tick();
    EXPECT_EQ(events_of("user.moved").size(), 2) << "nothing moved, nothing sent";
    EXPECT_EQ(join("Carl").state("users")[2]["p"], at(9, 0, 0));
}

TEST_F(PresenceTest, WhoLeftIsNotInTheNextFrame) {
    const Player ada = join("Ada");
    const Player bob = join("Bob");
    tick();
    forget_events();
    ask(bob, "user.move", {{"p", at(1, 0, 0)}});
    bob.leave();
    tick();
    EXPECT_TRUE(events_of("user.moved").empty());
    EXPECT_EQ(ada.received("user.left")["id"].text(), bob.id());
}

TEST_F(PresenceTest, MovesOutsideTheBoundsAreRefused) {
    const Player ada = join("Ada");
    EXPECT_TRUE(ask(ada, "user.move", {{"p", at(999.999, -999.999, 0)}})->ok());
    for (const auto& p : {at(1000, 0, 0), at(0, -1000, 0), at(0, 0, 1e300)}) {
        const auto answer = ask(ada, "user.move", {{"p", p}});
        EXPECT_EQ(answer->code(), "invalid_field");
        EXPECT_EQ(answer->refused()->field(), "d.p");
    }
    EXPECT_EQ(join("Bob").state("users")[1]["p"], at(999.999, -999.999, 0));
}

TEST_F(PresenceTest, NamesAndAvatarsChange) {
    const Player ada = join("Ada");
    const Player bob = join("Bob");
    EXPECT_TRUE(ask(ada, "user.update", {{"name", "  Ada L "}, {"avatar", "/avatars/1.png"}})->ok());
    EXPECT_EQ(bob.received("user.updated")["name"].text(), "Ada L");
    EXPECT_EQ(bob.received("user.updated")["avatar"].text(), "/avatars/1.png");
    for (const char* wrong : {"", "   ", "<b>", "a\nb"}) {
        EXPECT_EQ(ask(ada, "user.update", {{"name", wrong}})->code(), "invalid_field") << wrong;
    }
    EXPECT_NE(ask(ada, "user.update", {{"name", std::string(51, 'x')}})->code(), "ok");
    EXPECT_EQ(ask(ada, "user.update", {{"avatar", "data:text/html,x"}})->code(), "invalid_field");
    EXPECT_EQ(ask(ada, "user.update", Document::map())->code(), "bad_request");
    const auto users = join("Carl").state("users");
    EXPECT_EQ(users[1]["name"].text(), "Ada L");
    EXPECT_EQ(users[1]["avatar"].text(), "/avatars/1.png");
}

TEST_F(PresenceTest, SessionsAreWrittenAndClosed) {
    const Player ada = join("Ada");
    const std::string id = ada.id();
    saved();
    auto found = sessions();
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0]["user_id"].text(), id);
    EXPECT_EQ(found[0]["is_active"].integer_or(0), 1);
    EXPECT_EQ(found[0]["ip_address"].text(), "127.0.0.1");
    EXPECT_TRUE(found[0]["disconnected_at"].is_null());
    ask(ada, "user.move", {{"p", at(4, 5, 6)}});
    advance(Duration(7'300));
    ada.drop();
    saved();
    found = sessions();
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0]["is_active"].integer_or(1), 0);
    EXPECT_EQ(found[0]["duration_seconds"].integer_or(0), 7);
    EXPECT_EQ(parsed(found[0]["position"]), at(4, 5, 6));
}

TEST_F(PresenceTest, AStopClosesTheSessionsOfAllWhoAreIn) {
    join("Ada");
    join("Bob");
    restart();
    EXPECT_EQ(sessions().size(), 2);
    for (const Document& session : sessions()) {
        EXPECT_EQ(session["is_active"].integer_or(1), 0);
        EXPECT_FALSE(session["disconnected_at"].is_null());
    }
}

TEST_F(PresenceTest, TheSpaceCountsItsVisitorsAndItsTime) {
    const Player ada = join("Ada");
    const Player bob = join("Bob");
    advance(Duration(90'000));
    everybody_leaves();
    advance(Duration(100'000));
    const auto found = rows("SELECT * FROM spaces");
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0]["visitor_count"].integer_or(0), 3);
    EXPECT_EQ(found[0]["total_runtime_seconds"].integer_or(0), 90);
    EXPECT_EQ(found[0]["name"].text(), "main");
    EXPECT_EQ(found[0]["max_users"].integer_or(0), 200);
    EXPECT_EQ(Document::parse_json(host().http("GET", "/health").body)["world"]["users"].integer_or(-1), 0);
}

}  // namespace
}  // namespace cairn::world
