#include "plugins/world/session_cleanup.hpp"

#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

/// A storage that works at once, as the real one seems to somebody who waits for it.
class PromptStorage final : public Storage {
public:
    explicit PromptStorage(test::MemoryStorage& storage) : storage_(storage) {}
    void commit(Commit commit, Then<Committed> then) override {
        ++commits;
        storage_.commit(std::move(commit), std::move(then));
        work();
    }
    void query(Query query, Then<Rows> then) override {
        storage_.query(std::move(query), std::move(then));
        work();
    }
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override {
        storage_.load_erased(std::move(query), row, std::move(append), std::move(then));
        work();
    }
    std::size_t commits = 0;

private:
    void work() {
        while (storage_.work_one()) {
        }
    }
    test::MemoryStorage& storage_;
};

class SessionCleanupTest : public ::testing::Test {
protected:
    static constexpr WallTime kDay = 24LL * 3600 * 1000;
    void add(int count, std::optional<WallTime> ended) {
        for (int i = 0; i < count; ++i) {
            SessionRow row;
            row.id = row.socket_id = new_uuid();
            row.connected_at = 1;
            row.disconnected_at = ended;
            row.is_active = !ended;
            row.position = row.rotation = Vec3{};
            Commit commit;
            Table<SessionRow>(kSessionsSpec).put(commit, row);
            storage_.put(commit.changes().front());
        }
    }
    std::int64_t left() { return storage_.rows("SELECT count(*) AS n FROM sessions").front()["n"].integer_or(-1); }

    test::HandClock clock_;
    test::KeptLog log_;
    test::MemoryStorage storage_{{"world"}, [](const std::function<void()>& job) { job(); }};
    PromptStorage prompt_{storage_};
    SessionCleanup cleanup_{prompt_, clock_, log_, Table<SessionRow>(kSessionsSpec), Duration(30 * kDay)};
};

TEST_F(SessionCleanupTest, TakesOutWhatEndedLongAgoInPieces) {
    add(1234, clock_.wall() - 31 * kDay);
    add(3, clock_.wall() - 29 * kDay);
    add(2, std::nullopt);
    cleanup_.run(Task{});
    EXPECT_EQ(left(), 5);
    EXPECT_EQ(prompt_.commits, 3) << "500, 500, 234";
    cleanup_.run(Task{});
    EXPECT_EQ(prompt_.commits, 3) << "nothing is left to do";
}

TEST_F(SessionCleanupTest, WhatFailsIsLeftForTheNextTime) {
    add(7, 1);
    storage_.trouble = Error(Code::unavailable, "away");
    cleanup_.run(Task{});
    EXPECT_EQ(log_.count(LogLevel::warning), 1);
    storage_.trouble.reset();
    cleanup_.run(Task{});
    EXPECT_EQ(left(), 0);
}

TEST_F(SessionCleanupTest, EndsWithItsTask) {
    add(7, 1);
    Task task;
    task.cancel();
    cleanup_.run(task);
    EXPECT_EQ(left(), 7);
}

}  // namespace
}  // namespace cairn::world
