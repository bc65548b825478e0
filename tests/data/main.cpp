#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <thread>

#include "tests/data/engine.hpp"
#include "tests/data/killed_worker.hpp"

namespace cairn::test {

int work_until_killed(const std::string& database, const std::string& folder, const std::string& ack) {
    Engine engine(database, folder);
    core::CommitQueue::Options options;
    options.ack = ack == "store" ? core::CommitQueue::Ack::store : core::CommitQueue::Ack::journal;
    options.apply_every = Duration(7);
    engine.start(options);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread) {
        threads.emplace_back([&engine, name = "thread-" + std::to_string(thread)] {
            std::int64_t number = Engine::wait<std::int64_t>([&](Then<std::int64_t> then) {
                                      engine.deeds.select().where(&Deed::who).is(name).count(engine.storage(), then);
                                  }).value();
            for (;;) {
                Commit commit;
                ++number;
                Score all;
                all.room = "room";
                all.player = "everybody";
                Score own = all;
                own.player = name;
                engine.scores.add(commit, all, &Score::points, 1);
                engine.deeds.put(commit, Deed{name, number, name + " did " + std::to_string(number)});
                engine.scores.add(commit, own, &Score::points, 1);
                if (!engine.commit(std::move(commit)).ok()) ::_exit(3);
                const std::string line = name + " " + std::to_string(number) + "\n";
                if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(4);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    return 5;
}

}  // namespace cairn::test

int main(int argc, char** argv) {
    if (argc == 5 && std::strcmp(argv[1], cairn::test::kWorkerWord) == 0) {
        try {
            return cairn::test::work_until_killed(argv[2], argv[3], argv[4]);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "the worker: %s\n", error.what());
            return 6;
        }
    }
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
