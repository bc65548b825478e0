// Commits over two tables in a process that is killed: all of a commit is there afterwards, or nothing of it.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>

#include "tests/data/engine.hpp"
#include "tests/data/killed_worker.hpp"

namespace cairn::test {
namespace {

using Acknowledged = std::map<std::string, std::int64_t>;  // how many of each thread

/// Runs the worker for so long, then kill -9. Adds to `acknowledged` what it was answered.
void run_and_kill(const std::string& database, const std::string& folder, const std::string& ack,
                  std::chrono::milliseconds after, Acknowledged& acknowledged) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::execl("/proc/self/exe", "data_tests", kWorkerWord, database.c_str(), folder.c_str(), ack.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::chrono::steady_clock::time_point end{};
    char piece[4096];
    for (bool killed = false;;) {
        pollfd waiting{ends[0], POLLIN, 0};
        ::poll(&waiting, 1, 5);
        const auto now = std::chrono::steady_clock::now();
        if (!killed && ((end != decltype(end)() && now >= end) || now >= give_up)) {
            ::kill(child, SIGKILL);
            killed = true;
        }
        if ((waiting.revents & (POLLIN | POLLHUP)) == 0) continue;
        const ssize_t size = ::read(ends[0], piece, sizeof piece);
        if (size <= 0) break;
        if (said.empty()) end = now + after;  // counted from its first answer on
        said.append(piece, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    ASSERT_FALSE(said.empty()) << "it never got an answer";
    // Lines "name number"; the last may be cut.
    for (std::size_t at = 0, line = said.find('\n'); line != std::string::npos; at = line + 1, line = said.find('\n', at)) {
        const std::string text = said.substr(at, line - at);
        const std::size_t gap = text.find(' ');
        std::int64_t& most = acknowledged[text.substr(0, gap)];
        most = std::max(most, static_cast<std::int64_t>(std::stoll(text.substr(gap + 1))));
    }
}

class Crash : public testing::TestWithParam<std::string> {};

TEST_P(Crash, CommitsOverTwoTablesAreWholeAndNothingAcknowledgedIsMissing) {
    const std::string database = new_database(GetParam());
    Folder folder;
    Acknowledged acknowledged;
    for (int round = 0; round < 6; ++round) {
        const std::string ack = round % 2 == 0 ? "journal" : "store";
        run_and_kill(database, folder.path(), ack, std::chrono::milliseconds(40 + 60 * round), acknowledged);
        if (HasFatalFailure()) return;
        Engine engine(database, folder.path());
        engine.start();
        std::int64_t deeds = 0;
        for (const auto& [who, most] : acknowledged) {
            const std::int64_t there = Engine::wait<std::int64_t>([&, name = who](Then<std::int64_t> then) {
                                           engine.deeds.select().where(&Deed::who).is(name).count(engine.storage(), then);
                                       }).value();
            EXPECT_GE(there, most) << who << " had been acknowledged more";
            EXPECT_EQ(engine.points("room", who), there) << "what " << who << " did and what was counted belong together";
            deeds += there;
        }
        EXPECT_EQ(engine.points("room", "everybody"), deeds) << "all threads add to this one";
        EXPECT_GT(deeds, 0);
        engine.stop();
    }
}

INSTANTIATE_TEST_SUITE_P(OnEachStore, Crash, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace cairn::test
