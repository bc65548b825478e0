#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <cairn/uuid.hpp>

#include "plugins/chat/chat_room.hpp"
#include "tests/plugins/support/fake_space.hpp"

namespace cairn::chat {
namespace {

using test::Answer;
using test::FakePlayer;

const Collection kMessages{"chat", "messages", "", Durability::durable};
const TableSpec kSpec{"chat_messages", {"id"}, &struct_type<MessageRow>(), "chat"};

class ChatTest : public ::testing::Test {
protected:
    ChatTest() { open(); }
    void open(Config config = {}) {
        space_ =
            std::make_unique<test::FakeSpace>("main", Document{{"id", "space-id"}}, std::vector<std::string>{"chat"});
        room_ = std::make_unique<ChatRoom>(*space_, config, Table<MessageRow>(kSpec), kMessages);
        space_->settle();
        ada_ = &space_->join("ada-id", "Ada");
        bob_ = &space_->join("bob-id", "Bob");
    }
    void reopen(Config config = {}) {
        const auto rows = space_->store().rows("SELECT * FROM chat_messages");
        room_.reset();
        space_ =
            std::make_unique<test::FakeSpace>("main", Document{{"id", "space-id"}}, std::vector<std::string>{"chat"});
        for (const Document& row : rows) {
            Change change;
            change.table = &kSpec;
            change.row = row.to_json();
            space_->store().put(change);
        }
        room_ = std::make_unique<ChatRoom>(*space_, config, Table<MessageRow>(kSpec), kMessages);
        space_->settle();
        ada_ = &space_->join("ada-id", "Ada");
        bob_ = &space_->join("bob-id", "Bob");
    }
    std::shared_ptr<Answer> say(FakePlayer& who, const std::string& text) {
        return space_->ask_settled(who, "chat.send", {{"message", text}});
    }
    std::string said(FakePlayer& who, const std::string& text) {
        const auto answer = say(who, text);
        EXPECT_TRUE(answer->ok()) << answer->code();
        return std::string(answer->d["id"].text());
    }
    std::vector<std::string> texts(const std::vector<Document>& messages) {
        std::vector<std::string> found;
        for (const Document& message : messages) found.emplace_back(message["message"].text());
        return found;
    }
    Document row(const std::string& id) {
        const auto rows = space_->store().rows("SELECT * FROM chat_messages WHERE id = $1", {id});
        return rows.empty() ? Document{} : rows.front();
    }

    std::unique_ptr<test::FakeSpace> space_;
    std::unique_ptr<ChatRoom> room_;
    FakePlayer* ada_ = nullptr;
    FakePlayer* bob_ = nullptr;
};

TEST_F(ChatTest, SaidIsOnDiskBeforeAnybodyHears) {
    const auto answer = space_->ask(*ada_, "chat.send", {{"message", "hello"}});
    EXPECT_EQ(answer->code(), "none");
    EXPECT_TRUE(space_->events.empty());
    space_->settle();
    ASSERT_TRUE(answer->ok());
    for (FakePlayer* listener : {ada_, bob_}) {
        ASSERT_EQ(listener->heard.size(), 1) << "the sender hears himself";
        const Document& d = listener->heard[0].d;
        EXPECT_EQ(listener->heard[0].type, "chat.message");
        EXPECT_EQ(d["id"], answer->d["id"]);
        EXPECT_EQ(d["n"].integer_or(0), ada_->n());
        EXPECT_EQ(d["user"].text(), "ada-id");
        EXPECT_EQ(d["name"].text(), "Ada");
        EXPECT_EQ(d["message"].text(), "hello");
        EXPECT_EQ(d["channel"].text(), "space");
        EXPECT_EQ(d["at"].integer_or(0), space_->clock().wall());
    }
    const Document kept = row(std::string(answer->d["id"].text()));
    EXPECT_EQ(kept["space_id"].text(), "space-id");
    EXPECT_EQ(kept["message_type"].text(), "text");
    EXPECT_EQ(kept["username"].text(), "Ada");
}

TEST_F(ChatTest, KeptExactlyAsItWasSent) {
    for (const char* text :
         {"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a </script> b", "'; DROP TABLE users; --",
          "\" onmouseover=\"x", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xf0\x9f\x91\x8b", "%s%n ${HOME}",
          "&lt;b&gt;"}) {
        const std::string id = said(*ada_, text);
        EXPECT_EQ(bob_->heard.back().d["message"].text(), text);
        EXPECT_EQ(row(id)["message"].text(), text);
    }
}

TEST_F(ChatTest, WhatIsNoLineOfTextIsRefused) {
    for (const char* text : {"", "   ", "two\nlines", "bell\a",
                             "\xe2\x80\xae"
                             "evil",
                             "\xe2\x80\x8b\xe2\x80\x8b", "\xe3\x80\x80", "a\x7f"}) {
        const auto answer = say(*ada_, text);
        EXPECT_TRUE(answer->refused) << text;
        EXPECT_EQ(answer->code(), "invalid_field") << text;
    }
    EXPECT_TRUE(space_->store().rows("SELECT * FROM chat_messages").empty());
}

TEST_F(ChatTest, FiveHundredCharactersWhateverTheirBytes) {
    std::string wide;
    for (int i = 0; i < 500; ++i) wide += "\xe6\xbc\xa2";
    EXPECT_TRUE(say(*ada_, wide)->ok());
    EXPECT_TRUE(say(*ada_, std::string(500, 'x'))->ok());
    EXPECT_EQ(say(*ada_, wide + "x")->code(), "too_large");
    EXPECT_EQ(say(*ada_, std::string(501, 'x'))->code(), "too_large");
    EXPECT_EQ(space_->limit_of("chat.send"), (Rate{30, Duration(60'000)}));  // P193
}

TEST_F(ChatTest, WhoComesInSeesTheLastHundredOldestFirst) {
    for (int i = 0; i < 120; ++i) said(*ada_, "m" + std::to_string(i));
    auto seen = texts(space_->state("chat", *bob_));
    ASSERT_EQ(seen.size(), 100);
    EXPECT_EQ(seen.front(), "m20");
    EXPECT_EQ(seen.back(), "m119");
    reopen();
    EXPECT_EQ(texts(space_->state("chat", *bob_)), seen) << "the same after a restart, also within one millisecond";
}

TEST_F(ChatTest, HistoryGoesBackPageByPage) {
    for (int i = 0; i < 250; ++i) {
        if (i % 10 == 0) space_->advance(Duration(1));
        said(*ada_, "m" + std::to_string(i));
    }
    std::vector<std::string> all;
    Document before;
    for (int page = 0; page < 10; ++page) {
        Document wish{{"limit", 60}};
        if (!before.is_null()) wish.set("before", before);
        const auto answer = space_->ask_settled(*bob_, "chat.history", wish);
        ASSERT_TRUE(answer->ok());
        const auto messages = answer->d["messages"].items();
        if (messages.empty()) break;
        auto page_texts = texts(messages);
        all.insert(all.begin(), page_texts.begin(), page_texts.end());
        before = messages.front()["id"];
    }
    ASSERT_EQ(all.size(), 250);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], "m" + std::to_string(i));
    const WallTime now = space_->clock().wall();
    EXPECT_EQ(space_->ask_settled(*bob_, "chat.history", {{"before", now}, {"limit", 200}})->d["messages"].size(), 200);
    EXPECT_EQ(space_->ask_settled(*bob_, "chat.history", {{"before", "no-such-id"}})->code(), "not_found");
    EXPECT_EQ(space_->ask_settled(*bob_, "chat.history", {{"before", true}})->code(), "invalid_field");
}

TEST_F(ChatTest, AClockThatJumpsBackKeepsTheOrder) {
    said(*ada_, "first");
    space_->hands().set_wall(space_->clock().wall() - 3'600'000);
    said(*ada_, "second");
    reopen();
    said(*ada_, "third");
    EXPECT_EQ(texts(space_->state("chat", *bob_)), (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(ChatTest, AuthorsEditTheirOwn) {
    const std::string id = said(*ada_, "helo");
    space_->events.clear();
    EXPECT_EQ(space_->ask_settled(*bob_, "chat.edit", {{"id", id}, {"message", "mine"}})->code(), "forbidden");
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.edit", {{"id", id}, {"message", "hello"}})->ok());
    const auto events = space_->events_of("chat.edited");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["id"].text(), id);
    EXPECT_EQ(events[0]["message"].text(), "hello");
    EXPECT_GT(events[0]["edited_at"].integer_or(0), 0);
    EXPECT_EQ(row(id)["message"].text(), "hello");
    EXPECT_EQ(space_->state("chat", *bob_)[0]["message"].text(), "hello");
    EXPECT_EQ(space_->ask_settled(*ada_, "chat.edit", {{"id", id}, {"message", "  "}})->code(), "invalid_field");
    EXPECT_EQ(space_->ask_settled(*ada_, "chat.edit", {{"id", "none"}, {"message", "x"}})->code(), "not_found");
}

TEST_F(ChatTest, DeletedIsHiddenButKeptForAWhile) {
    const std::string mine = said(*ada_, "oops");
    const std::string theirs = said(*bob_, "spam");
    EXPECT_EQ(space_->ask_settled(*ada_, "chat.delete", {{"id", theirs}})->code(), "forbidden");
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.delete", {{"id", mine}})->ok());
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.delete", {{"id", mine}})->ok()) << "the same request once more";
    EXPECT_EQ(space_->events_of("chat.deleted").size(), 1);
    FakePlayer& guard = space_->join("guard-id", "Guard", {"moderator"});
    EXPECT_TRUE(space_->ask_settled(guard, "chat.delete", {{"id", theirs}})->ok());
    EXPECT_EQ(row(theirs)["moderated_by"].text(), "guard-id");
    EXPECT_FALSE(row(mine)["deleted_at"].is_null());
    EXPECT_TRUE(space_->state("chat", *bob_).empty());
    EXPECT_EQ(space_->ask_settled(*bob_, "chat.history", Document::map())->d["messages"].size(), 0);
    EXPECT_EQ(space_->ask_settled(*ada_, "chat.edit", {{"id", mine}, {"message", "back"}})->code(), "not_found");

    space_->advance(Duration(6LL * 24 * 3600 * 1000));
    space_->settle();
    EXPECT_FALSE(row(mine).is_null());
    space_->advance(Duration(2LL * 24 * 3600 * 1000));
    space_->settle();
    EXPECT_TRUE(row(mine).is_null()) << "P196: gone seven days after it was deleted";
    EXPECT_TRUE(row(theirs).is_null());
}

TEST_F(ChatTest, EditAndDeleteAtOnceLeaveOneOfTheTwo) {
    const std::string id = said(*ada_, "one");
    const auto edited = space_->ask(*ada_, "chat.edit", {{"id", id}, {"message", "two"}});
    const auto deleted = space_->ask(*ada_, "chat.delete", {{"id", id}});
    const auto late = space_->ask(*ada_, "chat.edit", {{"id", id}, {"message", "three"}});
    space_->settle();
    EXPECT_TRUE(edited->ok());
    EXPECT_TRUE(deleted->ok());
    EXPECT_EQ(late->code(), "not_found");
    EXPECT_EQ(row(id)["message"].text(), "two");
    EXPECT_FALSE(row(id)["deleted_at"].is_null());
}

TEST_F(ChatTest, OldMessagesAreChangedTooThoughNotInMemory) {
    open(Config{500, 2, Duration(0), {}});
    const std::string old = said(*ada_, "old");
    said(*ada_, "a");
    said(*ada_, "b");
    EXPECT_EQ(space_->state("chat", *bob_).size(), 2);
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.edit", {{"id", old}, {"message", "older"}})->ok());
    EXPECT_EQ(row(old)["message"].text(), "older");
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.delete", {{"id", old}})->ok());
    EXPECT_EQ(space_->state("chat", *bob_).size(), 2);
}

TEST_F(ChatTest, WhenTheStoreFailsNobodyHearsIt) {
    const std::string id = said(*ada_, "before");
    space_->events.clear();
    space_->store().trouble = Error(Code::unavailable, "disk /secret full");
    const auto answers = {say(*ada_, "lost"), space_->ask_settled(*ada_, "chat.edit", {{"id", id}, {"message", "x"}}),
                          space_->ask_settled(*ada_, "chat.delete", {{"id", id}}),
                          space_->ask_settled(*ada_, "chat.history", Document::map())};
    for (const auto& answer : answers) {
        EXPECT_EQ(answer->code(), "unavailable");
        EXPECT_EQ(std::string(answer->refused->what()).find("secret"), std::string::npos);
    }
    EXPECT_TRUE(space_->events.empty());
    EXPECT_EQ(texts(space_->state("chat", *bob_)), std::vector<std::string>{"before"});
    space_->store().trouble.reset();
    EXPECT_TRUE(say(*ada_, "after")->ok());
}

TEST_F(ChatTest, AttachmentsAreKept) {
    const auto answer = space_->ask_settled(
        *ada_, "chat.send",
        {{"message", "look"},
         {"attachment", {{"url", "/chat-attachments/x.png"}, {"type", "image/png"}, {"size", 12}}}});
    ASSERT_TRUE(answer->ok());
    EXPECT_EQ(bob_->heard.back().d["attachment"]["url"].text(), "/chat-attachments/x.png");
    EXPECT_EQ(row(std::string(answer->d["id"].text()))["message_type"].text(), "image");
    EXPECT_EQ(
        space_->ask_settled(*ada_, "chat.send", {{"message", "x"}, {"attachment", {{"url", "javascript:x"}}}})->code(),
        "invalid_field");
    EXPECT_EQ(space_->ask_settled(*ada_, "chat.send", {{"message", "x"}, {"channel", "guild"}})->code(),
              "invalid_field");
}

TEST_F(ChatTest, StateSurvivesChangesUnderWay) {
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(said(*ada_, "m" + std::to_string(i)));
    StateSection section = space_->section("chat", *bob_);
    std::vector<std::string> got;
    const auto take = [&] {
        std::string json;
        JsonWriter out(json);
        if (!section.next(out)) return false;
        got.emplace_back(Document::parse_json(json)["message"].text());
        return true;
    };
    ASSERT_TRUE(take() && take() && take());
    space_->ask_settled(*ada_, "chat.delete", {{"id", ids[1]}});
    space_->ask_settled(*ada_, "chat.delete", {{"id", ids[4]}});
    while (take()) {
    }
    EXPECT_EQ(got, (std::vector<std::string>{"m0", "m1", "m2", "m3", "m5"}));
}

// ---- operations: a request sent again -------------------------------------------------------------------------------

TEST_F(ChatTest, TheSameOperationIsSaidOnce) {
    const Document wish{{"message", "hello"}, {"op", "one"}};
    const auto first = space_->ask(*ada_, "chat.send", wish);
    const auto again = space_->ask(*ada_, "chat.send", wish);
    space_->settle();
    const auto later = space_->ask_settled(*ada_, "chat.send", wish);
    for (const auto& answer : {first, again, later}) {
        ASSERT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d["id"], first->d["id"]);
    }
    EXPECT_EQ(space_->events_of("chat.message").size(), 1);
    EXPECT_EQ(space_->store().rows("SELECT * FROM chat_messages").size(), 1);
    EXPECT_EQ(space_->state("chat", *bob_).size(), 1);

    // Somebody else's operation of that name is another one.
    EXPECT_NE(space_->ask_settled(*bob_, "chat.send", wish)->d["id"], first->d["id"]);
    EXPECT_EQ(space_->events_of("chat.message").size(), 2);
}

TEST_F(ChatTest, TheSameEditAgainUndoesNothingThatCameBetween) {
    const std::string id = said(*ada_, "one");
    const Document first{{"id", id}, {"message", "two"}, {"op", "e1"}};
    ASSERT_TRUE(space_->ask_settled(*ada_, "chat.edit", first)->ok());
    ASSERT_TRUE(space_->ask_settled(*ada_, "chat.edit", {{"id", id}, {"message", "three"}, {"op", "e2"}})->ok());
    const auto again = space_->ask_settled(*ada_, "chat.edit", first);
    EXPECT_TRUE(again->ok());
    EXPECT_EQ(again->d["id"].text(), id);
    EXPECT_EQ(row(id)["message"].text(), "three");
    EXPECT_EQ(space_->events_of("chat.edited").size(), 2);
    // The queue of changes goes on behind it.
    ASSERT_TRUE(space_->ask_settled(*ada_, "chat.delete", {{"id", id}, {"op", "d1"}})->ok());
    EXPECT_TRUE(space_->ask_settled(*ada_, "chat.delete", {{"id", id}, {"op", "d1"}})->ok());
    EXPECT_EQ(space_->events_of("chat.deleted").size(), 1);
}

/// 65 characters, 130 bytes.
std::string many_umlauts() {
    std::string text;
    for (int i = 0; i < 65; ++i) text += "\u00e4";
    return text;
}

TEST_F(ChatTest, AnOperationIdHasItsLimits) {
    for (const Document& op : {Document(""), Document(std::string(129, 'x')), Document(many_umlauts()), Document(7)}) {
        const auto answer = space_->ask_settled(*ada_, "chat.send", {{"message", "hello"}, {"op", op}});
        ASSERT_TRUE(answer->refused) << op.to_json();
        EXPECT_NE(answer->refused->field().find("op"), std::string::npos);
    }
}

TEST_F(ChatTest, MessagesAreKeptAsTheirClassSays) {
    Collection passing{"chat", "messages", "", Durability::transient};
    room_.reset();
    space_ = std::make_unique<test::FakeSpace>("main", Document{{"id", "space-id"}}, std::vector<std::string>{"chat"});
    room_ = std::make_unique<ChatRoom>(*space_, Config{}, Table<MessageRow>(kSpec), passing);
    space_->settle();
    ada_ = &space_->join("ada-id", "Ada");
    const std::string id = said(*ada_, "gone tomorrow");
    EXPECT_EQ(space_->events_of("chat.message").size(), 1);
    EXPECT_EQ(space_->state("chat", *ada_).size(), 1);
    EXPECT_TRUE(row(id).is_null());
    EXPECT_EQ(space_->store().classes.back(), Durability::transient);
}

}  // namespace
}  // namespace cairn::chat
