#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <cairn/storage.hpp>
#include <cairn/values.hpp>

#include "plugins/storage_sqlite/connection.hpp"

namespace cairn::storage_sqlite {

/// A read-only connection with its prepared statements.
class Reader {
public:
    explicit Reader(const std::string& file);

    using Row = std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>;
    /// As Store::query. Ends with SQLITE_INTERRUPT after `timeout`. Throws SqliteError.
    void query(const Query& query, Duration timeout, const Row& row);
    Connection& connection() noexcept { return connection_; }

private:
    Statement& prepared(const std::string& sql);
    static int past_deadline(void* self) noexcept;

    Connection connection_;
    std::unordered_map<std::string, Statement> statements_;  // after the connection: finalized before it closes
    std::chrono::steady_clock::time_point deadline_{};
};

/// Readers for the storage lane, and single ones for long work. All can be closed at once while work is going on: that
/// is how the writer gets the file for itself after an I/O error. All calls [any].
class ReaderPool {
public:
    ReaderPool(std::string file, std::size_t count, Duration patience);
    ~ReaderPool();

    /// Returns its reader at the end of its life.
    class Lease {
    public:
        Lease(ReaderPool& pool, std::unique_ptr<Reader> reader, bool keep) noexcept
            : pool_(pool), reader_(std::move(reader)), keep_(keep) {}
        ~Lease() { pool_.give_back(std::move(reader_), keep_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Reader& operator*() const noexcept { return *reader_; }
        Reader* operator->() const noexcept { return reader_.get(); }

    private:
        ReaderPool& pool_;
        std::unique_ptr<Reader> reader_;
        bool keep_;
    };

    /// Waits for a free reader. Throws SqliteError (busy, or closed).
    Lease borrow();
    /// A reader of one's own, for a backup or a check.
    Lease borrow_extra();

    void open();
    /// Interrupts all queries, waits for them and closes. New ones wait until open().
    void close() noexcept;

private:
    friend class Lease;
    std::unique_ptr<Reader> note_in_use(std::unique_ptr<Reader> reader);
    void give_back(std::unique_ptr<Reader> reader, bool keep) noexcept;

    const std::string file_;
    const std::size_t count_;
    const Duration patience_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Reader>> free_;
    std::vector<Reader*> in_use_;
    std::size_t opening_ = 0;  ///< extra readers that are being opened
    bool open_ = false;
};

}  // namespace cairn::storage_sqlite
