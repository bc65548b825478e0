#include "plugins/storage_sqlite/reader_pool.hpp"

#include <algorithm>
#include <utility>

#include "plugins/storage_sqlite/connection_settings.hpp"
#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr std::size_t kMaxStatements = 64;  // per reader; queries are constants of the plugins, so there are few
constexpr int kStepsPerLook = 10000;        // between looks at the clock: some 0.1 ms

/// Puts a statement back into its initial state whatever happens: an open one would keep a read transaction, and the
/// write-ahead log could never be emptied (reliability.md 2.4).
class ResetAtEnd {
public:
    explicit ResetAtEnd(Statement& statement) noexcept : statement_(statement) {}
    ~ResetAtEnd() { statement_.reset(); }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;

private:
    Statement& statement_;
};

void bind_parameters(Statement& statement, const Query& query) {
    const int wanted = sqlite3_bind_parameter_count(statement.get());
    for (std::size_t i = 0; i < query.parameters.size(); ++i) {
        const std::string name = "$" + std::to_string(i + 1);
        const int index = sqlite3_bind_parameter_index(statement.get(), name.c_str());
        if (index == 0)
            throw SqliteError(SQLITE_MISUSE, "query",
                              "a value was given for " + name + ", which the SQL does not have");
        statement.bind(index, query.parameters[i]);
    }
    if (static_cast<std::size_t>(wanted) != query.parameters.size()) {
        throw SqliteError(SQLITE_MISUSE, "query",
                          "the SQL has " + std::to_string(wanted) + " parameters, " +
                              std::to_string(query.parameters.size()) +
                              " values were given: number them $1, $2, … without a gap");
    }
}

}  // namespace

Reader::Reader(const std::string& file) : connection_(file, Connection::Mode::reader) {
    configure_reader(connection_);
}

int Reader::past_deadline(void* self) noexcept {
    return std::chrono::steady_clock::now() > static_cast<Reader*>(self)->deadline_ ? 1 : 0;
}

Statement& Reader::prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    Statement statement = connection_.prepare(sql, "query");
    if (sqlite3_stmt_readonly(statement.get()) == 0) {
        throw SqliteError(SQLITE_MISUSE, "query", "a query must only read: changes go through a commit");
    }
    if (statements_.size() >= kMaxStatements) statements_.clear();
    return statements_.emplace(sql, std::move(statement)).first->second;
}

void Reader::query(const Query& query, Duration timeout, const Row& row) {
    Statement& statement = prepared(query.sql);
    const ResetAtEnd reset(statement);
    bind_parameters(statement, query);
    deadline_ = std::chrono::steady_clock::now() + timeout;
    sqlite3_progress_handler(connection_.handle(), kStepsPerLook, past_deadline, this);
    std::vector<std::string> columns;
    std::vector<Document> values;
    while (statement.step()) {
        const int count = sqlite3_column_count(statement.get());
        if (columns.empty()) {
            for (int i = 0; i < count; ++i) columns.emplace_back(sqlite3_column_name(statement.get(), i));
        }
        values.clear();
        for (int i = 0; i < count; ++i) values.push_back(statement.value(i));
        if (!row(columns, values)) return;
    }
}

ReaderPool::ReaderPool(std::string file, std::size_t count, Duration patience)
    : file_(std::move(file)), count_(count), patience_(patience) {}

ReaderPool::~ReaderPool() {
    close();
}

std::unique_ptr<Reader> ReaderPool::note_in_use(std::unique_ptr<Reader> reader) {
    in_use_.push_back(reader.get());
    return reader;
}

ReaderPool::Lease ReaderPool::borrow() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience_, [this] { return open_ && !free_.empty(); })) {
        throw SqliteError(SQLITE_BUSY, "query", open_ ? "all readers are busy" : "the database is closed");
    }
    std::unique_ptr<Reader> reader = std::move(free_.back());
    free_.pop_back();
    return Lease(*this, note_in_use(std::move(reader)), true);
}

ReaderPool::Lease ReaderPool::borrow_extra() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience_, [this] { return open_; })) {
        throw SqliteError(SQLITE_BUSY, "open a reader", "the database is closed");
    }
    ++opening_;
    lock.unlock();
    std::unique_ptr<Reader> reader;
    try {
        reader = std::make_unique<Reader>(file_);
    } catch (...) {
        lock.lock();
        --opening_;
        changed_.notify_all();
        throw;
    }
    lock.lock();
    --opening_;
    return Lease(*this, note_in_use(std::move(reader)), false);
}

void ReaderPool::give_back(std::unique_ptr<Reader> reader, bool keep) noexcept {
    const std::lock_guard lock(mutex_);
    in_use_.erase(std::find(in_use_.begin(), in_use_.end(), reader.get()));
    if (keep && open_) free_.push_back(std::move(reader));
    reader.reset();  // under the lock: close() promises that all are closed
    changed_.notify_all();
}

void ReaderPool::open() {
    std::vector<std::unique_ptr<Reader>> made;
    for (std::size_t i = 0; i < count_; ++i) made.push_back(std::make_unique<Reader>(file_));
    const std::lock_guard lock(mutex_);
    free_ = std::move(made);
    open_ = true;
    changed_.notify_all();
}

void ReaderPool::close() noexcept {
    std::unique_lock lock(mutex_);
    open_ = false;
    free_.clear();
    while (!in_use_.empty() || opening_ != 0) {
        for (Reader* reader : in_use_) sqlite3_interrupt(reader->connection().handle());
        // A statement that begins after an interrupt is not hit by it, so ask again.
        changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
}

}  // namespace cairn::storage_sqlite
