// The world through the real binary: people see one another, objects last, rules hold, names and rooms.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

class World : public ::testing::Test {
protected:
    World() { server_.start(); }

    static bool has(const std::vector<Document>& items, const char* key, std::string_view value) {
        for (const Document& item : items) {
            if (item[key].text() == value) return true;
        }
        return false;
    }
    static Document box(const std::string& id, double x) {
        return {{"id", id},
                {"name", "Box"},
                {"type", "primitive"},
                {"p", Document::list({x, 1, 0})},
                {"r", Document::list({0, 0, 0})},
                {"s", Document::list({1, 1, 1})},
                {"properties", {{"color", "#ff0000"}}}};
    }
    static std::string refusal(const Document& reply) { return std::string(reply["err"]["code"].text()); }

    TemporaryFolder folder_;
    ServerProcess server_{{CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder_.path().string()}};
};

TEST_F(World, TwoPeopleSeeEachOtherComeMoveAndGo) {
    PlayerClient ada(server_.port());
    const Document ada_welcome = ada.enter("main", "Ada");
    EXPECT_EQ(ada_welcome["space"].text(), "main");
    PlayerClient bob(server_.port());
    const Document bob_welcome = bob.enter("main", "Bob");

    const auto joined = ada.wait_event("user.joined");
    ASSERT_TRUE(joined);
    EXPECT_EQ((*joined)["d"]["id"], bob_welcome["player"]);
    EXPECT_EQ((*joined)["d"]["n"], bob_welcome["n"]);
    EXPECT_EQ((*joined)["d"]["name"].text(), "Bob");
    EXPECT_GT((*joined)["s"].integer_or(0), 0);
    EXPECT_TRUE(has(bob.state("users"), "name", "Ada"));
    EXPECT_TRUE(has(bob.state("users"), "name", "Bob"));

    bob.tell("user.move", {{"p", Document::list({1.5, 0, -2})}, {"r", Document::list({0, 0.5, 0})}, {"ts", 1234}});
    const auto moved = ada.wait_event("user.moved");
    ASSERT_TRUE(moved);
    ASSERT_EQ((*moved)["d"].size(), 1U);
    EXPECT_EQ((*moved)["d"].items()[0].to_json(), "[" + bob_welcome["n"].to_json() + ",1.5,0,-2,0,0.5,0,1234]");
    EXPECT_EQ(moved->find("s"), nullptr) << "frames of a tick are not numbered";

    EXPECT_TRUE(bob.ask("user.update", {{"name", "Robert"}})["ok"].boolean_or(false));
    EXPECT_EQ((*ada.wait_event("user.updated"))["d"]["name"].text(), "Robert");
    EXPECT_TRUE(bob.ask("space.leave", Document::map())["ok"].boolean_or(false));
    const auto left = ada.wait_event("user.left");
    ASSERT_TRUE(left);
    EXPECT_EQ((*left)["d"]["n"], bob_welcome["n"]);
    EXPECT_EQ((*left)["d"]["reason"].text(), "left");
}

TEST_F(World, WhatIsPlacedIsSeenMovedChangedAndDeletedByOthers) {
    PlayerClient ada(server_.port());
    ada.enter("main", "Ada");
    PlayerClient bob(server_.port());
    const Document bob_welcome = bob.enter("main", "Bob");

    const Document created = ada.ask("object.create", box("tower", 3));
    ASSERT_TRUE(created["ok"].boolean_or(false)) << created.to_json();
    EXPECT_EQ(created["d"]["id"].text(), "tower");
    const auto event = bob.wait_event("object.created");
    ASSERT_TRUE(event);
    EXPECT_EQ((*event)["d"]["id"].text(), "tower");
    EXPECT_EQ((*event)["d"]["properties"]["color"].text(), "#ff0000");

    bob.tell("object.move", {{"id", "tower"}, {"p", Document::list({4, 1, 0})}});
    const auto moved = ada.wait_event("object.moved");
    ASSERT_TRUE(moved);
    const Document& row = (*moved)["d"].items()[0];
    EXPECT_EQ(row.items()[0].text(), "tower");
    EXPECT_EQ(row.items()[1].to_json(), "[4,1,0]");
    EXPECT_EQ(row.items()[4], bob_welcome["n"]);
    EXPECT_TRUE(
        bob.ask("object.move", {{"id", "tower"}, {"p", Document::list({5, 1, 0})}, {"final", true}})["ok"].boolean_or(
            false));
    EXPECT_TRUE(bob.ask("object.update", {{"id", "tower"}, {"name", "High Tower"}})["ok"].boolean_or(false));
    EXPECT_EQ((*ada.wait_event("object.updated"))["d"]["name"].text(), "High Tower");

    const Document list = ada.ask("object.list", Document::map());
    ASSERT_EQ(list["d"]["objects"].size(), 1U);
    EXPECT_EQ(list["d"]["objects"].items()[0]["p"].to_json(), "[5,1,0]");

    EXPECT_TRUE(bob.ask("object.delete", {{"id", "tower"}})["ok"].boolean_or(false));
    EXPECT_EQ((*ada.wait_event("object.deleted"))["d"]["id"].text(), "tower");
    EXPECT_EQ(ada.ask("object.list", Document::map())["d"]["objects"].size(), 0U);
}

TEST_F(World, ObjectsAndPeopleAreThereAfterKillNine) {
    PlayerClient ada(server_.port());
    const Document welcome = ada.enter("main", "Ada");
    ASSERT_TRUE(ada.ask("object.create", box("stays", 0.1))["ok"].boolean_or(false));
    ASSERT_TRUE(ada.ask("object.create", box("goes", 2))["ok"].boolean_or(false));
    ASSERT_TRUE(ada.ask("object.move", {{"id", "stays"}, {"p", Document::list({7.25, 1, 0})}, {"final", true}})["ok"]
                    .boolean_or(false));
    ASSERT_TRUE(ada.ask("object.delete", {{"id", "goes"}})["ok"].boolean_or(false));
    ASSERT_TRUE(ada.ask("chat.send", {{"message", "I was here"}})["ok"].boolean_or(false));
    server_.kill_hard();
    server_.start();

    PlayerClient again(server_.port());
    const Document second = again.enter("main", {}, std::string(welcome["resume"].text()));
    EXPECT_EQ(second["player"], welcome["player"]) << "the token brings the same person back";
    EXPECT_EQ(second["name"].text(), "Ada");
    ASSERT_EQ(again.state("objects").size(), 1U);
    EXPECT_EQ(again.state("objects")[0]["id"].text(), "stays");
    EXPECT_EQ(again.state("objects")[0]["p"].to_json(), "[7.25,1,0]");
    ASSERT_EQ(again.state("chat").size(), 1U);
    EXPECT_EQ(again.state("chat")[0]["message"].text(), "I was here");
    EXPECT_EQ(again.state("users").size(), 1U) << "nobody is left of before";
    // He sends the creation again whose answer he may have missed.
    EXPECT_TRUE(again.ask("object.create", box("stays", 0.1))["ok"].boolean_or(false));
    EXPECT_EQ(again.ask("object.list", Document::map())["d"]["objects"].size(), 1U);
}

TEST_F(World, ALinkIsARoomAndRoomsAreApart) {
    PlayerClient ada(server_.port());
    EXPECT_EQ(ada.enter("garden-7", "Ada")["space"].text(), "garden-7");
    PlayerClient bob(server_.port());
    bob.enter("main", "Bob");
    ASSERT_TRUE(ada.ask("object.create", box("flower", 1))["ok"].boolean_or(false));
    EXPECT_EQ(refusal(bob.ask("object.delete", {{"id", "flower"}})), "not_found")
        << "ids of another room mean nothing here";
    EXPECT_FALSE(bob.wait_event("object.created", std::chrono::milliseconds(200)));
    EXPECT_EQ(refusal(bob.ask("space.join", {{"space", "../etc"}})), "invalid_field");

    EXPECT_EQ(ada.ask("space.join", {{"space", ""}})["d"]["space"].text(), "main") << "no name is the default space";
    EXPECT_TRUE(ada.ask("space.join", {{"space", "garden-7"}})["ok"].boolean_or(false));
    const Document moved = bob.ask("space.join", {{"space", "garden-7"}});
    EXPECT_TRUE(moved["ok"].boolean_or(false)) << moved.to_json();
    EXPECT_TRUE(ada.wait_event("user.joined")) << "ended: " << ada.ended() << " with " << ada.close_code();
    server_.kill_hard();
    server_.start();
    PlayerClient carl(server_.port());
    carl.enter("garden-7", "Carl");
    EXPECT_TRUE(has(carl.state("objects"), "id", "flower")) << "a room of a link lasts too";
}

TEST_F(World, TheRulesHold) {
    PlayerClient ada(server_.port());
    ada.enter("main", "Ada");
    EXPECT_EQ(refusal(ada.ask("object.create", {{"name", "x"}, {"type", "ufo"}, {"p", Document::list({0, 0, 0})}})),
              "invalid_field");
    EXPECT_EQ(refusal(ada.ask("object.create", box("far", 1000))), "invalid_field");
    EXPECT_EQ(refusal(ada.ask("user.move", {{"p", Document::list({0, 0, 5000})}})), "invalid_field");
    EXPECT_EQ(refusal(ada.ask("object.move", {{"id", "none"}, {"p", Document::list({0, 0, 0})}})), "not_found");
    // A client does not name its own id, nor anybody else's.
    EXPECT_FALSE(
        refusal(
            ada.ask(
                "object.create",
                {{"id", "b"}, {"name", "x"}, {"type", "light"}, {"by", "somebody"}, {"p", Document::list({0, 0, 0})}}))
            .empty());
    int made = 0;
    std::string last;
    for (int i = 0; i < 14; ++i) {
        const Document reply = ada.ask("object.create", box("many" + std::to_string(i), i));
        if (reply["ok"].boolean_or(false))
            ++made;
        else
            last = refusal(reply);
    }
    EXPECT_EQ(last, "rate_limited");  // P170: 10 in 60 s, refused ones counted
    EXPECT_LE(made, 10);
    EXPECT_FALSE(ada.ended()) << "a refusal is no reason to close";
}

TEST_F(World, ThePageAndTheHealthAreServed) {
    PlayerClient ada(server_.port());
    ada.enter("main", "Ada");
    ASSERT_TRUE(ada.ask("object.create", box("b", 1))["ok"].boolean_or(false));
    const HttpAnswer page = http_get(server_.port(), "/");
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("<script type=\"module\""), std::string::npos);
    EXPECT_EQ(http_get(server_.port(), "/client/cairn.js").status, 200);
    EXPECT_EQ(http_get(server_.port(), "/vendor/three.module.min.js").status, 200);
    EXPECT_NE(http_get(server_.port(), "/../../../../etc/passwd").status, 200);
    const Document health = Document::parse_json(http_get(server_.port(), "/health").body);
    EXPECT_EQ(health["worldState"]["objects"].integer_or(-1), 1) << health.to_json();
    EXPECT_EQ(health["worldState"]["users"].integer_or(-1), 1);
    const Document protocol = Document::parse_json(http_get(server_.port(), "/api/protocol").body);
    EXPECT_NE(protocol.to_json().find("object.create"), std::string::npos);
}

}  // namespace
}  // namespace cairn::test
