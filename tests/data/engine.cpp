#include "tests/data/engine.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <cairn/table_check.hpp>

#include "plugins/storage_postgres/postgres_store.hpp"
#include "plugins/storage_sqlite/sqlite_store.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

class QuietLog final : public Log {
public:
    void write(LogLevel, std::string_view, const Document&) override {}
    bool enabled(LogLevel) const noexcept override { return false; }
};

QuietLog& quiet() {
    static QuietLog log;
    return log;
}

}  // namespace

Engine::Engine(std::string database, std::string folder)
    : database_(std::move(database)), folder_(std::move(folder)), lanes_({}, metrics_) {}

Engine::~Engine() {
    crash();
    lanes_.stop(Duration(5000));
}

core::CommitQueue::Options Engine::ack_store() {
    core::CommitQueue::Options options;
    options.ack = core::CommitQueue::Ack::store;
    return options;
}

core::CommitQueue::Options Engine::ack_journal() {
    core::CommitQueue::Options options;
    options.apply_every = Duration(3600000);
    options.apply_rows = 0;
    return options;
}

std::unique_ptr<services::Store> Engine::make_store() const {
    if (database_ == "sqlite") {
        storage_sqlite::SqliteStore::Options options;
        options.file = folder_ + "/cairn.db";
        auto made = std::make_unique<storage_sqlite::SqliteStore>();
        made->configure(std::move(options), quiet());
        return made;
    }
    storage_postgres::PostgresStore::Options options;
    options.url = storage_postgres::parse_url(database_);
    options.pool_size = 4;
    auto made = std::make_unique<storage_postgres::PostgresStore>();
    made->configure(std::move(options), quiet(), nullptr);
    return made;
}

void Engine::prepare(services::Store& store) {
    store.open();
    const std::string engine(store.engine());
    const std::string sql = create_table_sql(scores_spec(), engine) + create_table_sql(deeds_spec(), engine) +
                            "CREATE UNIQUE INDEX deeds_what ON deeds (what);";
    const std::vector<services::Migration> migrations{{"game", 1, "tables", "checksum", sql, {}}};
    store.migrate(migrations);
    const std::vector<const TableSpec*> tables{&scores_spec(), &deeds_spec()};
    store.bind(tables, {});
}

void Engine::start(core::CommitQueue::Options options) {
    store_ = make_store();
    prepare(*store_);
    start_with(*store_, std::move(options));
}

void Engine::start_with(services::Store& store, core::CommitQueue::Options options) {
    options.journal_folder = journal_folder();
    core::Journal::Options journal;
    journal.folder = journal_folder();
    journal.segment_bytes = 1u << 20;
    const std::uint64_t watermark = store.watermark().seq;
    journal_ = std::make_unique<core::Journal>(journal, watermark + 1, watermark);
    queue_ = std::make_unique<core::CommitQueue>(std::move(options), lanes_, clock_, metrics_);
    const std::vector<const TableSpec*> tables{&scores_spec(), &deeds_spec()};
    queue_->start(store, *journal_, tables);
}

void Engine::stop() {
    queue_->stop();
    crash();
}

void Engine::crash() {
    queue_.reset();
    journal_.reset();
    if (store_) store_->close();
    store_.reset();
}

Result<Committed> Engine::commit(Commit commit) {
    return wait<Committed>([&](Then<Committed> then) { queue_->commit(std::move(commit), std::move(then)); });
}

Result<Rows> Engine::query(std::string sql, std::vector<Document> parameters) {
    return wait<Rows>([&](Then<Rows> then) {
        queue_->query({std::move(sql), std::move(parameters)}, std::move(then));
    });
}

std::optional<Score> Engine::score(const std::string& room, const std::string& player) {
    return wait<std::optional<Score>>([&](Then<std::optional<Score>> then) {
               scores.find(*queue_, {room, player}, std::move(then));
           })
        .value();
}

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-data-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string new_database(const std::string& engine) {
    return engine == "sqlite" ? engine : PostgresCluster::shared().make_database("data");
}

}  // namespace cairn::test
