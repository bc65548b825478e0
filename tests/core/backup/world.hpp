#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cairn/fields.hpp>

#include "core/backup/state_hash.hpp"
#include "core/backup/store_kit.hpp"
#include "core/durability/batch.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core::test {

struct Item {
    std::string id;
    std::int64_t value = 0;
};
inline void describe(Fields<Item>& f) {
    f(&Item::id, "id", "the key");
    f(&Item::value, "value", "what it holds");
}

/// A folder that is gone with the test.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/cairn_backup_test_XXXXXX";
        path_ = ::mkdtemp(name);
    }
    /// One that another process made and takes away.
    explicit Folder(std::string path) : path_(std::move(path)), own_(false) {}
    ~Folder() {
        std::error_code ignored;
        if (own_) std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
    bool own_ = true;
};

class SetClock final : public Clock {
public:
    WallTime wall() const noexcept override { return now; }
    std::chrono::steady_clock::time_point steady() const noexcept override {
        return std::chrono::steady_clock::time_point(Duration(now)) + hidden;
    }
    std::atomic<WallTime> now{1774749600000};  // 2026-03-29T02:00:00Z
    Duration hidden{0};
};

class KeptLog final : public Log {
public:
    void write(LogLevel, std::string_view message, const Document& details) override {
        const std::lock_guard lock(mutex_);
        lines_ += std::string(message) + " " + details.to_json() + "\n";
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::string lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::string lines_;
};

/// One of the worlds below: a store with one table `items`, a journal, and what a server would do with them.
class World {
public:
    using Make = std::function<std::shared_ptr<services::Store>(const std::string& folder)>;
    explicit World(const Make& make) : store_(make(folder.path())) { equip(); }
    /// What another process has made.
    World(const Make& make, const std::string& made) : folder(made), store_(make(folder.path())) { equip(); }
    ~World() { store_->close(); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    services::Store& store() noexcept { return *store_; }

    /// Opens the store as a start would: what the journal holds is applied.
    void start() {
        store_->open();
        store_->migrate(kit.migrations);
        store_->bind(kit.tables, kit.audited);
        open_journal();
    }
    void open_journal(std::size_t segment = 1u << 20) {
        const std::uint64_t watermark = store_->watermark().seq;
        Journal::Options options;
        options.folder = kit.journal_folder;
        options.segment_bytes = segment;
        journal = std::make_unique<Journal>(options, watermark + 1, watermark);
    }
    void stop() {
        journal.reset();
        store_->close();
    }

    /// One commit: into the journal, and into the store unless `only_journal`. A second passes.
    std::uint64_t put(const std::string& id, std::int64_t value, bool only_journal = false) {
        clock.now += 1000;
        const std::string key = "{\"id\":\"" + id + "\"}";
        const std::string row = "{\"id\":\"" + id + "\",\"value\":" + std::to_string(value) + "}";
        return commit({{&items, key, row}}, only_journal);
    }
    std::uint64_t erase(const std::string& id) {
        clock.now += 1000;
        return commit({{&items, "{\"id\":\"" + id + "\"}", ""}}, false);
    }
    std::uint64_t commit(const std::vector<Change>& changes, bool only_journal) {
        JournalEntry entry;
        entry.seq = journal->last() + 1;
        entry.time_us = clock.now * 1000;
        entry.actor = "somebody";
        for (const Change& change : changes) entry.changes.push_back({change.table->name, change.key, change.row});
        append(entry);
        if (!only_journal) {
            Batch batch;
            batch.add(changes);
            store_->apply(batch.tables(), {entry.seq});
        }
        return entry.seq;
    }
    /// That the store refused commit `seq` for good.
    void note_refused(std::uint64_t seq) {
        JournalEntry entry;
        entry.seq = journal->last();
        entry.time_us = clock.now * 1000;
        entry.kind = JournalEntry::Kind::refused;
        entry.refers = seq;
        entry.answer = "no";
        append(entry);
    }
    std::string hash() { return read_state(*store_).hash; }

    Folder folder;
    SetClock clock;
    KeptLog log;
    TableSpec items{"items", {"id"}, &struct_type<Item>(), "test"};
    StoreKit kit;
    std::unique_ptr<Journal> journal;

private:
    void equip() {
        kit.store = store_.get();
        kit.tables = {&items};
        kit.data_dir = folder.path();
        kit.journal_folder = folder.path() + "/journal";
        kit.backup_folder = folder.path() + "/backups";
        kit.server = "test";
        kit.program = "0.0.0";
        kit.clock = &clock;
        kit.log = &log;
    }
    void append(const JournalEntry& entry) {
        journal->append({&entry, 1});
        journal->sync();
    }
    std::shared_ptr<services::Store> store_;
};

/// Changes bytes in the middle of a file.
inline void flip_bytes(const std::string& path, std::uint64_t at, std::size_t count = 16) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t i = 0; i < count; ++i) {
        file.seekg(static_cast<std::streamoff>(at + i));
        const int byte = file.get();
        file.seekp(static_cast<std::streamoff>(at + i));
        file.put(static_cast<char>(~byte));
    }
}

}  // namespace cairn::core::test
