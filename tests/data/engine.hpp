#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/services/store.hpp>

#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"
#include "core/loops/lanes.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/observe/system_clock.hpp"
#include "tests/data/rows.hpp"

namespace cairn::test {

/// A store with the tables scores and deeds, as `cairn migrate suggest` makes them, and the real engine before it.
class Engine {
public:
    /// `database`: "sqlite", or the URL of a PostgreSQL database. Everything else lies in `folder`. Not started.
    Engine(std::string database, std::string folder);
    ~Engine();  ///< as a crash, unless stop() was called
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    static core::CommitQueue::Options ack_store();
    /// Answers from the journal, and gives the store nothing until it is asked to.
    static core::CommitQueue::Options ack_journal();

    void start(core::CommitQueue::Options options = ack_store());
    /// As start(), with `store` in place of its own; it is open, migrated and bound.
    void start_with(services::Store& store, core::CommitQueue::Options options);
    void stop();
    /// What is left of it when the process is killed: the files.
    void crash();

    /// A new store for the same database; not opened.
    std::unique_ptr<services::Store> make_store() const;
    /// Opens, migrates and binds.
    static void prepare(services::Store& store);

    services::Store& store() { return *store_; }
    core::CommitQueue& storage() { return *queue_; }
    std::string journal_folder() const { return folder_ + "/journal"; }
    const std::string& folder() const { return folder_; }
    std::string engine() const { return database_ == "sqlite" ? "sqlite" : "postgres"; }

    Result<Committed> commit(Commit commit);
    Result<Rows> query(std::string sql, std::vector<Document> parameters = {});
    /// Waits for what a call with a completion at its end answers.
    template <class T, class Call>
    static Result<T> wait(Call&& call) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        auto answer = promise->get_future();
        call([promise](Result<T> result) { promise->set_value(std::move(result)); });
        return answer.get();
    }
    std::optional<Score> score(const std::string& room, const std::string& player);
    /// REQUIRES: it is there.
    std::int64_t points(const std::string& room, const std::string& player) { return score(room, player)->points; }

    const Table<Score> scores{scores_spec()};
    const Table<Deed> deeds{deeds_spec()};

private:
    const std::string database_;
    const std::string folder_;
    core::SystemClock clock_;
    core::MetricsStore metrics_;
    core::Lanes lanes_;
    std::unique_ptr<services::Store> store_;
    std::unique_ptr<core::Journal> journal_;
    std::unique_ptr<core::CommitQueue> queue_;
};

/// A folder that goes away with it.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// "sqlite", or the URL of a new database, for a parameter "sqlite" or "postgres".
std::string new_database(const std::string& engine);

}  // namespace cairn::test
