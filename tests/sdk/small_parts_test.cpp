// Errors, frames, requests, replies, tasks, commits: the small classes of the SDK.
#include <gtest/gtest.h>

#include <cairn/plugin.hpp>

namespace cairn {
namespace {

TEST(Errors, CarryCodeFieldAndDelay) {
    Error error(Code::rate_limited, "slower, please");
    error.at("d.message").retry_after(std::chrono::milliseconds(1200));
    EXPECT_STREQ(error.what(), "slower, please");
    EXPECT_EQ(error.code(), Code::rate_limited);
    EXPECT_EQ(error.field(), "d.message");
    EXPECT_EQ(error.retry_after().count(), 1200);
    const Error copy = error;
    EXPECT_EQ(copy.field(), "d.message");
}

TEST(Errors, NamesAreThoseOfTheWire) {
    EXPECT_EQ(code_name(Code::bad_request), "bad_request");
    EXPECT_EQ(code_name(Code::rate_limited), "rate_limited");
    EXPECT_EQ(code_name(Code::full), "full");
    EXPECT_EQ(code_name(Code::not_ready), "not_ready");
    EXPECT_EQ(code_name(Code::unsupported), "unsupported");
    EXPECT_EQ(code_name(Code::internal), "internal");
    EXPECT_EQ(leave_reason_name(LeaveReason::left), "left");
    EXPECT_EQ(leave_reason_name(LeaveReason::closing), "closing");
}

TEST(Frames, HaveTheShortestHeader) {
    // RFC 6455 section 5.2.
    const auto header = [](std::size_t length) {
        const Frame frame = Frame::make(std::string(length, 'x'));
        EXPECT_EQ(frame.payload().size(), length);
        EXPECT_EQ(frame.size(), frame.wire().size());
        return std::string(frame.wire().substr(0, frame.size() - length));
    };
    EXPECT_EQ(header(0), std::string("\x81\x00", 2));
    EXPECT_EQ(header(125), std::string("\x81\x7d", 2));
    EXPECT_EQ(header(126), std::string("\x81\x7e\x00\x7e", 4));
    EXPECT_EQ(header(65535), std::string("\x81\x7e\xff\xff", 4));
    EXPECT_EQ(header(65536), std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
    EXPECT_EQ(Frame::make("\x03\xe8", Frame::Opcode::close).wire(), "\x88\x02\x03\xe8");
    EXPECT_EQ(Frame::make("p", Frame::Opcode::pong).wire(), std::string("\x8a\x01p"));
}

TEST(Frames, AreShared) {
    Frame first = Frame::make("hello");
    const char* const bytes = first.wire().data();
    Frame second = first;
    EXPECT_EQ(second.wire().data(), bytes) << "copying counts, it does not copy";
    first = Frame();
    EXPECT_FALSE(first);
    EXPECT_TRUE(first.wire().empty());
    EXPECT_EQ(second.payload(), "hello");
    Frame third = std::move(second);
    EXPECT_FALSE(second);  // NOLINT(bugprone-use-after-move): moved-from frames are empty
    EXPECT_EQ(third.payload(), "hello");
    Frame& self = third;
    third = self;
    EXPECT_EQ(third.payload(), "hello");
}

TEST(Frames, TakeRawBytesAsTheyAre) {
    const Frame frame = Frame::raw("\x89\x00");
    EXPECT_EQ(frame.wire(), "\x89\x00");
    EXPECT_EQ(frame.payload(), frame.wire());
}

TEST(HttpRequests, FindTheirParts) {
    HttpRequest request;
    request.headers = {{"host", "a"}, {"x-a", "1"}};
    request.captures = {{"space", "main"}};
    request.query = "q=a+b%21&empty&e=&na%6De=x%2&q=second&%zz=1";
    EXPECT_EQ(request.header("x-a"), "1");
    EXPECT_EQ(request.header("x-b"), "");
    EXPECT_EQ(request.capture("space"), "main");
    EXPECT_EQ(request.query_value("q"), "a b!") << "the first one counts";
    EXPECT_EQ(request.query_value("empty"), "");
    EXPECT_EQ(request.query_value("e"), "");
    EXPECT_EQ(request.query_value("name"), "x%2");
    EXPECT_EQ(request.query_value("%zz"), "1");
    EXPECT_EQ(request.query_value("none"), "");
}

TEST(HttpResponses, AreMadeFromValues) {
    const HttpResponse json = HttpResponse::json(404, {{"error", "not_found"}});
    EXPECT_EQ(json.status, 404);
    EXPECT_EQ(json.body, R"({"error":"not_found"})");
    EXPECT_EQ(json.content_type, "application/json; charset=utf-8");
    const HttpResponse text = HttpResponse::text(200, "ok");
    EXPECT_EQ(text.body, "ok");
    EXPECT_EQ(text.content_type, "text/plain; charset=utf-8");
}

struct Recorded {
    std::vector<std::string> answers;
    bool fail = false;
};

struct RecordingTarget final : Reply::Target {
    explicit RecordingTarget(Recorded& to) : recorded(to) {}
    void ok(std::string_view d) override {
        recorded.answers.push_back("ok " + std::string(d));
        if (recorded.fail) throw std::runtime_error("the line is gone");
    }
    void refuse(const Error& error) override {
        recorded.answers.push_back("refused " + std::string(code_name(error.code())));
    }
    Recorded& recorded;
};

TEST(Replies, AnswerExactlyOnce) {
    Recorded recorded;
    {
        Reply reply(std::make_unique<RecordingTarget>(recorded));
        EXPECT_FALSE(reply.answered());
        reply.ok({{"id", "x"}});
        EXPECT_TRUE(reply.answered());
        reply.refuse(Error(Code::full, "full"));
        reply.ok_json("{}");
    }
    EXPECT_EQ(recorded.answers, std::vector<std::string>{R"(ok {"id":"x"})"});
}

TEST(Replies, AnswerEmptyObjectsForNothing) {
    Recorded recorded;
    Reply(std::make_unique<RecordingTarget>(recorded)).ok();
    Reply(std::make_unique<RecordingTarget>(recorded)).ok_json("[1]");
    EXPECT_EQ(recorded.answers, (std::vector<std::string>{"ok {}", "ok [1]"}));
}

TEST(Replies, ForgottenOnesAreRefused) {
    Recorded recorded;
    { Reply reply(std::make_unique<RecordingTarget>(recorded)); }
    EXPECT_EQ(recorded.answers, std::vector<std::string>{"refused internal"});
}

TEST(Replies, MovingTakesTheDutyAlong) {
    Recorded recorded;
    {
        Reply first(std::make_unique<RecordingTarget>(recorded));
        Reply second = std::move(first);
        EXPECT_TRUE(first.answered());  // NOLINT(bugprone-use-after-move): a moved-from reply owes nothing
        second.refuse(Error(Code::conflict, "taken"));
    }
    EXPECT_EQ(recorded.answers, std::vector<std::string>{"refused conflict"});
}

TEST(Replies, AFailedAnswerIsNotAnsweredAgain) {
    Recorded recorded;
    recorded.fail = true;
    {
        Reply reply(std::make_unique<RecordingTarget>(recorded));
        EXPECT_THROW(reply.ok(), std::runtime_error);
    }
    EXPECT_EQ(recorded.answers, std::vector<std::string>{"ok {}"});
}

TEST(Tasks, CancelIsSeenByEveryCopy) {
    Task task;
    const Task copy = task;
    EXPECT_FALSE(copy.cancelled());
    task.cancel();
    EXPECT_TRUE(copy.cancelled());
    Task empty(std::shared_ptr<Task::State>{});
    empty.cancel();
    EXPECT_FALSE(empty.cancelled());
}

struct Row {
    std::string space;
    std::int64_t number = 0;
    std::string text;
    std::optional<double> weight;
};
void describe(Fields<Row>& f) {
    f(&Row::space, "space", "where");
    f(&Row::number, "number", "which");
    f(&Row::text, "text", "what");
    f(&Row::weight, "weight", "how heavy").precision(0.5);
}

TEST(Commits, HoldRowsAndKeys) {
    TableSpec spec;
    spec.name = "things";
    spec.key = {"number", "space"};
    spec.row = &struct_type<Row>();
    const Table<Row> table(spec);
    Commit commit;
    commit.by("player").operation("op-1").coalesced();
    table.put(commit, {"main", 7, "a\"b", 1.3});
    table.erase(commit, {"main", 8, "", {}});
    ASSERT_EQ(commit.changes().size(), 2u);
    EXPECT_EQ(commit.changes()[0].key, R"({"number":7,"space":"main"})");
    EXPECT_EQ(commit.changes()[0].row, R"({"space":"main","number":7,"text":"a\"b","weight":1.5})");
    EXPECT_EQ(commit.changes()[1].key, R"({"number":8,"space":"main"})");
    EXPECT_EQ(commit.changes()[1].row, "");
    EXPECT_EQ(commit.actor(), "player");
    EXPECT_EQ(commit.operation(), "op-1");
    EXPECT_EQ(commit.durability(), Durability::coalesced);
}

TEST(Commits, RefuseAKeyColumnThatTheRowLacks) {
    TableSpec spec;
    spec.name = "things";
    spec.key = {"nubmer"};
    spec.row = &struct_type<Row>();
    std::string out;
    const Row row;
    try {
        write_key_json(out, spec, &row);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("nubmer"), std::string::npos);
    }
}

}  // namespace
}  // namespace cairn
