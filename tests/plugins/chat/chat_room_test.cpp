// The chat, spoken to as clients do, over a real store.
#include "tests/plugins/support/talk.hpp"

#include <cairn/uuid.hpp>

CAIRN_TESTKIT_GTEST()

namespace cairn::chat {
namespace {

using test::AnswerPtr;

class ChatTest : public test::Talk {
protected:
    ChatTest() { begin(); }
    /// `settings`: of the plugin, as YAML.
    void begin(const std::string& settings = "{}", const std::string& more = {}) {
        open("chat: " + settings, more);
        come_in();
    }
    void reopen() {
        restart();
        come_in();
    }
    void come_in() {
        ada_ = join("Ada");
        bob_ = join("Bob");
    }
    AnswerPtr say(const Player& who, const std::string& text) {
        return ask_settled(who, "chat.send", {{"message", text}});
    }
    /// Says it and gives its id. The limit of what somebody may say in a minute is not what is tested.
    std::string said(const Player& who, const std::string& text) {
        AnswerPtr answer = say(who, text);
        if (answer->code() == "rate_limited") {
            advance(Duration(60'000));
            answer = say(who, text);
        }
        EXPECT_TRUE(answer->ok()) << answer->code();
        return std::string(answer->d()["id"].text());
    }
    std::vector<std::string> texts(const std::vector<Document>& messages) {
        std::vector<std::string> found;
        for (const Document& message : messages) found.emplace_back(message["message"].text());
        return found;
    }
    Document row(const std::string& id) {
        const auto found = rows("SELECT * FROM chat_messages WHERE id = $1", {id});
        return found.empty() ? Document{} : found.front();
    }

    Player ada_;
    Player bob_;
};

TEST_F(ChatTest, SaidIsOnDiskBeforeAnybodyHears) {
    const auto answer = ask(ada_, "chat.send", {{"message", "hello"}});
    EXPECT_EQ(answer->code(), "none");
    EXPECT_TRUE(events_of("chat.message").empty());
    settle();
    ASSERT_TRUE(answer->ok());
    for (const Player& heard_by : {ada_, bob_}) {
        ASSERT_EQ(heard_by.count("chat.message"), 1) << "the sender hears himself";
        const Document d = heard_by.received("chat.message");
        EXPECT_EQ(d["id"], answer->d()["id"]);
        EXPECT_EQ(d["n"].integer_or(0), ada_.n());
        EXPECT_EQ(d["user"].text(), ada_.id());
        EXPECT_EQ(d["name"].text(), "Ada");
        EXPECT_EQ(d["message"].text(), "hello");
        EXPECT_EQ(d["channel"].text(), "space");
        EXPECT_EQ(d["at"].integer_or(0), host().clock().wall());
    }
    const Document kept = row(std::string(answer->d()["id"].text()));
    EXPECT_EQ(kept["space_id"].text(), "space-id");
    EXPECT_EQ(kept["message_type"].text(), "text");
    EXPECT_EQ(kept["username"].text(), "Ada");
}

TEST_F(ChatTest, KeptExactlyAsItWasSent) {
    for (const char* text :
         {"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a </script> b", "'; DROP TABLE users; --",
          "\" onmouseover=\"x", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xf0\x9f\x91\x8b", "%s%n ${HOME}",
          "&lt;b&gt;"}) {
        const std::string id = said(ada_, text);
        EXPECT_EQ(bob_.received("chat.message")["message"].text(), text);
        EXPECT_EQ(row(id)["message"].text(), text);
    }
}

TEST_F(ChatTest, WhatIsNoLineOfTextIsRefused) {
    for (const char* text : {"", "   ", "two\nlines", "bell\a",
                             "\xe2\x80\xae"
                             "evil",
                             "\xe2\x80\x8b\xe2\x80\x8b", "\xe3\x80\x80", "a\x7f"}) {
        const auto answer = say(ada_, text);
        EXPECT_TRUE(answer->refused()) << text;
        EXPECT_EQ(answer->code(), "invalid_field") << text;
    }
    EXPECT_TRUE(rows("SELECT * FROM chat_messages").empty());
}

TEST_F(ChatTest, FiveHundredCharactersWhateverTheirBytes) {
    std::string wide;
    for (int i = 0; i < 500; ++i) wide += "\xe6\xbc\xa2";
    EXPECT_TRUE(say(ada_, wide)->ok());
    EXPECT_TRUE(say(ada_, std::string(500, 'x'))->ok());
    EXPECT_EQ(say(ada_, wide + "x")->code(), "too_large");
    EXPECT_EQ(say(ada_, std::string(501, 'x'))->code(), "too_large");
    const Document limit = host().protocol()["messages"]["chat.send"]["limit"];
    EXPECT_EQ(limit, (Document{{"count", 30}, {"per_ms", 60'000}}));  // P193
}

TEST_F(ChatTest, WhoComesInSeesTheLastHundredOldestFirst) {
    for (int i = 0; i < 120; ++i) said(ada_, "m" + std::to_string(i));
    auto seen = texts(state("chat"));
    ASSERT_EQ(seen.size(), 100);
    EXPECT_EQ(seen.front(), "m20");
    EXPECT_EQ(seen.back(), "m119");
    reopen();
    EXPECT_EQ(texts(state("chat")), seen) << "the same after a restart, also within one millisecond";
}

TEST_F(ChatTest, HistoryGoesBackPageByPage) {
    for (int i = 0; i < 250; ++i) {
        if (i % 10 == 0) advance(Duration(1));
        said(ada_, "m" + std::to_string(i));
    }
    std::vector<std::string> all;
    Document before;
    for (int page = 0; page < 10; ++page) {
        Document wish{{"limit", 60}};
        if (!before.is_null()) wish.set("before", before);
        const auto answer = ask_settled(bob_, "chat.history", wish);
        ASSERT_TRUE(answer->ok());
        const auto messages = answer->d()["messages"].items();
        if (messages.empty()) break;
        auto page_texts = texts(messages);
        all.insert(all.begin(), page_texts.begin(), page_texts.end());
        before = messages.front()["id"];
    }
    ASSERT_EQ(all.size(), 250);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], "m" + std::to_string(i));
    const WallTime now = host().clock().wall();
    EXPECT_EQ(ask_settled(bob_, "chat.history", {{"before", now}, {"limit", 200}})->d()["messages"].size(), 200);
    EXPECT_EQ(ask_settled(bob_, "chat.history", {{"before", "no-such-id"}})->code(), "not_found");
    EXPECT_EQ(ask_settled(bob_, "chat.history", {{"before", true}})->code(), "invalid_field");
}

TEST_F(ChatTest, AClockThatJumpsBackKeepsTheOrder) {
    said(ada_, "first");
    host().set_wall(host().clock().wall() - 3'600'000);
    said(ada_, "second");
    reopen();
    said(ada_, "third");
    EXPECT_EQ(texts(state("chat")), (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(ChatTest, AuthorsEditTheirOwn) {
    const std::string id = said(ada_, "helo");
    forget_events();
    EXPECT_EQ(ask_settled(bob_, "chat.edit", {{"id", id}, {"message", "mine"}})->code(), "forbidden");
    EXPECT_TRUE(ask_settled(ada_, "chat.edit", {{"id", id}, {"message", "hello"}})->ok());
    const auto events = events_of("chat.edited");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["id"].text(), id);
    EXPECT_EQ(events[0]["message"].text(), "hello");
    EXPECT_GT(events[0]["edited_at"].integer_or(0), 0);
    EXPECT_EQ(row(id)["message"].text(), "hello");
    EXPECT_EQ(state("chat")[0]["message"].text(), "hello");
    EXPECT_EQ(ask_settled(ada_, "chat.edit", {{"id", id}, {"message", "  "}})->code(), "invalid_field");
    EXPECT_EQ(ask_settled(ada_, "chat.edit", {{"id", "none"}, {"message", "x"}})->code(), "not_found");
}

TEST_F(ChatTest, DeletedIsHiddenButKeptForAWhile) {
    const std::string mine = said(ada_, "oops");
    const std::string theirs = said(bob_, "spam");
    EXPECT_EQ(ask_settled(ada_, "chat.delete", {{"id", theirs}})->code(), "forbidden");
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", mine}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", mine}})->ok()) << "the same request once more";
    EXPECT_EQ(events_of("chat.deleted").size(), 1);
    const Player guard = join("Guard", {"moderator"});
    EXPECT_TRUE(ask_settled(guard, "chat.delete", {{"id", theirs}})->ok());
    EXPECT_EQ(row(theirs)["moderated_by"].text(), guard.id());
    EXPECT_FALSE(row(mine)["deleted_at"].is_null());
    EXPECT_TRUE(state("chat").empty());
    EXPECT_EQ(ask_settled(bob_, "chat.history", Document::map())->d()["messages"].size(), 0);
    EXPECT_EQ(ask_settled(ada_, "chat.edit", {{"id", mine}, {"message", "back"}})->code(), "not_found");

    everybody_leaves();
    advance(Duration(6LL * 24 * 3600 * 1000));
    EXPECT_FALSE(row(mine).is_null());
    advance(Duration(2LL * 24 * 3600 * 1000));
    EXPECT_TRUE(row(mine).is_null()) << "P196: gone seven days after it was deleted";
    EXPECT_TRUE(row(theirs).is_null());
}

TEST_F(ChatTest, EditAndDeleteAtOnceLeaveOneOfTheTwo) {
    const std::string id = said(ada_, "one");
    const auto edited = ask(ada_, "chat.edit", {{"id", id}, {"message", "two"}});
    const auto deleted = ask(ada_, "chat.delete", {{"id", id}});
    const auto late = ask(ada_, "chat.edit", {{"id", id}, {"message", "three"}});
    settle();
    EXPECT_TRUE(edited->ok());
    EXPECT_TRUE(deleted->ok());
    EXPECT_EQ(late->code(), "not_found");
    EXPECT_EQ(row(id)["message"].text(), "two");
    EXPECT_FALSE(row(id)["deleted_at"].is_null());
}

TEST_F(ChatTest, OldMessagesAreChangedTooThoughNotInMemory) {
    begin("{history: 2}");
    const std::string old = said(ada_, "old");
    said(ada_, "a");
    said(ada_, "b");
    EXPECT_EQ(state("chat").size(), 2);
    EXPECT_TRUE(ask_settled(ada_, "chat.edit", {{"id", old}, {"message", "older"}})->ok());
    EXPECT_EQ(row(old)["message"].text(), "older");
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", old}})->ok());
    EXPECT_EQ(state("chat").size(), 2);
}

TEST_F(ChatTest, WhenTheStoreFailsNobodyHearsIt) {
    const std::string id = said(ada_, "before");
    forget_events();
    store().fail(Code::unavailable);
    const std::vector<AnswerPtr> answers = {say(ada_, "lost"), ask_settled(ada_, "chat.edit", {{"id", id}, {"message", "x"}}),
                          ask_settled(ada_, "chat.delete", {{"id", id}}),
                          ask_settled(ada_, "chat.history", Document::map())};
    for (const auto& answer : answers) {
        EXPECT_EQ(answer->code(), "unavailable");
        EXPECT_EQ(std::string(answer->refused()->what()).find("as the test wants it"), std::string::npos);
    }
    for (const char* type : {"chat.message", "chat.edited", "chat.deleted"}) EXPECT_TRUE(events_of(type).empty()) << type;
    EXPECT_EQ(texts(state("chat")), std::vector<std::string>{"before"});
    store().heal();
    EXPECT_TRUE(say(ada_, "after")->ok());
}

TEST_F(ChatTest, AttachmentsAreKept) {
    const auto answer = ask_settled(
        ada_, "chat.send",
        {{"message", "look"},
         {"attachment", {{"url", "/chat-attachments/x.png"}, {"type", "image/png"}, {"size", 12}}}});
    ASSERT_TRUE(answer->ok());
    EXPECT_EQ(bob_.received("chat.message")["attachment"]["url"].text(), "/chat-attachments/x.png");
    EXPECT_EQ(row(std::string(answer->d()["id"].text()))["message_type"].text(), "image");
    EXPECT_EQ(
        ask_settled(ada_, "chat.send", {{"message", "x"}, {"attachment", {{"url", "javascript:x"}}}})->code(),
        "invalid_field");
    EXPECT_EQ(ask_settled(ada_, "chat.send", {{"message", "x"}, {"channel", "guild"}})->code(),
              "invalid_field");
}

TEST_F(ChatTest, StateSurvivesChangesUnderWay) {
    begin("{history: 300}");
    std::string wide;
    for (int i = 0; i < 480; ++i) wide += "\xe6\xbc\xa2";
    std::vector<std::string> ids;
    for (int i = 0; i < 250; ++i) ids.push_back(said(ada_, std::to_string(i) + " " + wide));
    // His network hangs after the first chunk; the rest is made when he reads on.
    const Player slow = host().connect("Slow");
    slow.read_only(0);
    slow.begin("space.join", {{"space", "main"}});
    host().run();
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", ids[1]}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", ids[248]}})->ok());
    slow.read_all();
    const std::vector<std::string> got = texts(slow.state("chat"));
    ASSERT_EQ(got.size(), 249);
    EXPECT_EQ(got[1].substr(0, 2), "1 ") << "on its way when it was deleted";
    EXPECT_EQ(got[248].substr(0, 4), "249 ");
    EXPECT_GT(slow.count("space.state"), 1);
    EXPECT_EQ(slow.count("chat.deleted"), 2) << "which tells him to take out the one he has";
}

// ---- operations: a request sent again -------------------------------------------------------------------------------

TEST_F(ChatTest, TheSameOperationIsSaidOnce) {
    const Document wish{{"message", "hello"}, {"op", "one"}};
    const auto first = ask(ada_, "chat.send", wish);
    const auto again = ask(ada_, "chat.send", wish);
    settle();
    const auto later = ask_settled(ada_, "chat.send", wish);
    for (const auto& answer : {first, again, later}) {
        ASSERT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d()["id"], first->d()["id"]);
    }
    EXPECT_EQ(events_of("chat.message").size(), 1);
    EXPECT_EQ(rows("SELECT * FROM chat_messages").size(), 1);
    EXPECT_EQ(state("chat").size(), 1);

    // Somebody else's operation of that name is another one.
    EXPECT_NE(ask_settled(bob_, "chat.send", wish)->d()["id"], first->d()["id"]);
    EXPECT_EQ(events_of("chat.message").size(), 2);
}

TEST_F(ChatTest, TheSameEditAgainUndoesNothingThatCameBetween) {
    const std::string id = said(ada_, "one");
    const Document first{{"id", id}, {"message", "two"}, {"op", "e1"}};
    ASSERT_TRUE(ask_settled(ada_, "chat.edit", first)->ok());
    ASSERT_TRUE(ask_settled(ada_, "chat.edit", {{"id", id}, {"message", "three"}, {"op", "e2"}})->ok());
    const auto again = ask_settled(ada_, "chat.edit", first);
    EXPECT_TRUE(again->ok());
    EXPECT_EQ(again->d()["id"].text(), id);
    EXPECT_EQ(row(id)["message"].text(), "three");
    EXPECT_EQ(events_of("chat.edited").size(), 2);
    // The queue of changes goes on behind it.
    ASSERT_TRUE(ask_settled(ada_, "chat.delete", {{"id", id}, {"op", "d1"}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "chat.delete", {{"id", id}, {"op", "d1"}})->ok());
    EXPECT_EQ(events_of("chat.deleted").size(), 1);
}

/// 65 characters, 130 bytes.
std::string many_umlauts() {
    std::string text;
    for (int i = 0; i < 65; ++i) text += "\u00e4";
    return text;
}

TEST_F(ChatTest, AnOperationIdHasItsLimits) {
    for (const Document& op : {Document(""), Document(std::string(129, 'x')), Document(many_umlauts()), Document(7)}) {
        const auto answer = ask_settled(ada_, "chat.send", {{"message", "hello"}, {"op", op}});
        ASSERT_TRUE(answer->refused()) << op.to_json();
        EXPECT_NE(answer->refused()->field().find("op"), std::string::npos);
    }
}

TEST_F(ChatTest, MessagesAreKeptAsTheirClassSays) {
    begin("{}", "durability: {classes: {chat.messages: transient}}");
    const std::string id = said(ada_, "gone tomorrow");
    EXPECT_EQ(events_of("chat.message").size(), 1);
    EXPECT_EQ(state("chat").size(), 1);
    EXPECT_TRUE(row(id).is_null());
    EXPECT_EQ(store().commits().back().durability(), Durability::transient);
}

}  // namespace
}  // namespace cairn::chat
