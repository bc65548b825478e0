// Chat through the real binary: everybody hears it, it lasts, its rules hold.
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

class Chat : public ::testing::Test {
protected:
    Chat() { server_.start(); }
    static std::string refusal(const Document& reply) { return std::string(reply["err"]["code"].text()); }

    TemporaryFolder folder_;
    ServerProcess server_{{CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder_.path().string()}};
};

TEST_F(Chat, EverybodyHearsItTheSenderIncluded) {
    PlayerClient ada(server_.port());
    const Document welcome = ada.enter("main", "Ada");
    PlayerClient bob(server_.port());
    bob.enter("main", "Bob");
    const std::string text = "<img src=x onerror=alert(1)> \xf0\x9f\x91\x8b </script>";
    const Document reply = ada.ask("chat.send", {{"message", text}});
    ASSERT_TRUE(reply["ok"].boolean_or(false)) << reply.to_json();
    for (PlayerClient* listener : {&ada, &bob}) {
        const auto heard = listener->wait_event("chat.message");
        ASSERT_TRUE(heard);
        EXPECT_EQ((*heard)["d"]["id"], reply["d"]["id"]);
        EXPECT_EQ((*heard)["d"]["message"].text(), text) << "kept as it was sent";
        EXPECT_EQ((*heard)["d"]["user"], welcome["player"]);
        EXPECT_EQ((*heard)["d"]["name"].text(), "Ada");
        EXPECT_GT((*heard)["d"]["at"].integer_or(0), 1'600'000'000'000);
    }
}

TEST_F(Chat, EditedAndDeletedByItsAuthorOnly) {
    PlayerClient ada(server_.port());
    ada.enter("main", "Ada");
    PlayerClient bob(server_.port());
    bob.enter("main", "Bob");
    const Document id = ada.ask("chat.send", {{"message", "helo"}})["d"]["id"];
    EXPECT_EQ(refusal(bob.ask("chat.edit", {{"id", id}, {"message", "mine"}})), "forbidden");
    EXPECT_EQ(refusal(bob.ask("chat.delete", {{"id", id}})), "forbidden");
    EXPECT_TRUE(ada.ask("chat.edit", {{"id", id}, {"message", "hello"}})["ok"].boolean_or(false));
    EXPECT_EQ((*bob.wait_event("chat.edited"))["d"]["message"].text(), "hello");
    const Document history = bob.ask("chat.history", Document::map());
    ASSERT_EQ(history["d"]["messages"].size(), 1U);
    EXPECT_EQ(history["d"]["messages"].items()[0]["message"].text(), "hello");
    EXPECT_TRUE(ada.ask("chat.delete", {{"id", id}})["ok"].boolean_or(false));
    EXPECT_EQ((*bob.wait_event("chat.deleted"))["d"]["id"], id);
    EXPECT_EQ(bob.ask("chat.history", Document::map())["d"]["messages"].size(), 0U);
}

TEST_F(Chat, ThirtyInAMinuteAndFiveHundredCharacters) {
    PlayerClient ada(server_.port());
    const Document welcome = ada.enter("main", "Ada");
    EXPECT_EQ(refusal(ada.ask("chat.send", {{"message", std::string(501, 'x')}})), "too_large");
    EXPECT_EQ(refusal(ada.ask("chat.send", {{"message", "two\nlines"}})), "invalid_field");
    int said = 0;
    Document refused;
    for (int i = 0; i < 35; ++i) {
        const Document reply = ada.ask("chat.send", {{"message", "m" + std::to_string(i)}});
        if (reply["ok"].boolean_or(false))
            ++said;
        else
            refused = reply;
    }
    EXPECT_LE(said, 30);
    EXPECT_GE(said, 28);
    EXPECT_EQ(refusal(refused), "rate_limited");
    EXPECT_GT(refused["err"]["retry_after_ms"].integer_or(0), 0);
    // A new connection of the same person does not begin anew.
    PlayerClient again(server_.port());
    again.enter("main", "Ada", std::string(welcome["resume"].text()));
    EXPECT_EQ(refusal(again.ask("chat.send", {{"message", "more"}})), "rate_limited");
}

TEST_F(Chat, WhatWasSaidIsThereAfterKillNine) {
    PlayerClient ada(server_.port());
    ada.enter("main", "Ada");
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(ada.ask("chat.send", {{"message", "m" + std::to_string(i)}})["ok"].boolean_or(false));
    server_.kill_hard();
    server_.start();
    PlayerClient bob(server_.port());
    bob.enter("main", "Bob");
    ASSERT_EQ(bob.state("chat").size(), 20U);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(bob.state("chat")[static_cast<std::size_t>(i)]["message"].text(), "m" + std::to_string(i));
}

}  // namespace
}  // namespace cairn::test
