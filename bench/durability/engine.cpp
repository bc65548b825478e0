// Drives the real engine (journal, materialiser, store plugin) as the host does, without sockets and rooms.
//   engine CONFIG.yaml commits|coalesced|rows|snapshot [SECONDS] [--set KEY=VALUE]…
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include <cairn/plugin.hpp>

#include "bench/durability/rows.hpp"
#include "core/app/offline_store.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"

namespace {

using namespace cairn;
using namespace cairn::core;

struct Object {
    std::string id;
    Document position;
    std::int64_t updated_at = 0;
};
void describe(Fields<Object>& f) {
    f(&Object::id, "id", "the key");
    f(&Object::position, "position", "where it is");
    f(&Object::updated_at, "updated_at", "when it was put there");
}

struct Character {
    std::string id;
    std::string name;
    std::int64_t level = 1;
    std::int64_t gold = 0;
    double x = 0, y = 0, z = 0;
    Document stats;
};
void describe(Fields<Character>& f) {
    f(&Character::id, "id", "the key");
    f(&Character::name, "name", "what he is called");
    f(&Character::level, "level", "his level");
    f(&Character::gold, "gold", "his gold");
    f(&Character::x, "x", "where he is");
    f(&Character::y, "y", "where he is");
    f(&Character::z, "z", "where he is");
    f(&Character::stats, "stats", "strength and the like");
}

struct Item {
    std::string id;
    std::string owner;
    std::int64_t slot = 0;
    std::int64_t count = 1;
    Document properties;
};
void describe(Fields<Item>& f) {
    f(&Item::id, "id", "the key");
    f(&Item::owner, "owner", "whose it is");
    f(&Item::slot, "slot", "where he carries it");
    f(&Item::count, "count", "how many");
    f(&Item::properties, "properties", "what it is");
}

constexpr const char* kSqlite =
    "CREATE TABLE bench_objects (id TEXT PRIMARY KEY, position TEXT, updated_at INTEGER) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bench_characters (id TEXT PRIMARY KEY, name TEXT, level INTEGER, gold INTEGER, x REAL, y REAL, z REAL,"
    " stats TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bench_items (id TEXT PRIMARY KEY, owner TEXT, slot INTEGER, count INTEGER, properties TEXT)"
    " STRICT, WITHOUT ROWID;";
constexpr const char* kPostgres =
    "CREATE TABLE bench_objects (id text PRIMARY KEY, position jsonb, updated_at bigint);"
    "CREATE TABLE bench_characters (id text PRIMARY KEY, name text, level bigint, gold bigint, x double precision,"
    " y double precision, z double precision, stats jsonb);"
    "CREATE TABLE bench_items (id text PRIMARY KEY, owner text, slot bigint, count bigint, properties jsonb);";

/// Store, journal and engine, opened in the order of the host.
class Engine {
public:
    explicit Engine(Preparation& preparation) : offline_(preparation) {
        services::Store& store = offline_.store();
        store.open();
        services::Migration migration;
        migration.plugin = "bench";
        migration.number = 1;
        migration.what = "tables";
        migration.checksum = "1";
        migration.sql = store.engine() == "sqlite" ? kSqlite : kPostgres;
        store.migrate(std::span(&migration, 1));
        const std::vector<const TableSpec*> tables{&objects_, &characters_, &items_};
        store.bind(tables, {});
        const DurabilityConfig& durability = preparation.host.durability;
        CommitQueue::Options options;
        options.ack = durability.ack == "store" ? CommitQueue::Ack::store : CommitQueue::Ack::journal;
        options.apply_every = durability.apply_every;
        options.apply_rows = static_cast<std::size_t>(durability.apply_rows);
        options.group = static_cast<std::size_t>(durability.group);
        options.wait = durability.wait;
        options.journal_folder = offline_.journal_folder();
        options.on_damage = [](const std::string& why) {
            std::fprintf(stderr, "damage: %s\n", why.c_str());
            std::_Exit(1);
        };
        const std::uint64_t held = store.watermark().seq;
        Journal::Options journal;
        journal.folder = offline_.journal_folder();
        journal.segment_bytes = durability.journal.segment.value;
        journal_.emplace(journal, held + 1, held);
        queue_.emplace(options, offline_.background(), offline_.clock(), offline_.metrics());
        queue_->start(store, *journal_, tables);
    }
    ~Engine() { queue_->stop(); }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    CommitQueue& queue() { return *queue_; }
    services::Store& store() { return offline_.store(); }
    const TableSpec& objects() const { return objects_; }
    const std::string& folder() const { return offline_.data_dir(); }
    Table<Character> characters() const { return Table<Character>(characters_); }
    Table<Item> items() const { return Table<Item>(items_); }
    std::string metric(const std::string& name) {
        const std::string text = static_cast<MetricsStore&>(offline_.metrics()).text();
        const std::size_t at = text.find("\n" + name);
        if (at == std::string::npos) return "0";
        const std::size_t space = text.find(' ', at);
        return text.substr(space + 1, text.find('\n', space) - space - 1);
    }

private:
    TableSpec objects_{"bench_objects", {"id"}, &struct_type<Object>(), "bench"};
    TableSpec characters_{"bench_characters", {"id"}, &struct_type<Character>(), "bench"};
    TableSpec items_{"bench_items", {"id"}, &struct_type<Item>(), "bench"};
    OfflineStore offline_;
    std::optional<Journal> journal_;
    std::optional<CommitQueue> queue_;
};

void append_row(std::string& json, int row, std::uint64_t n) {
    json.append(R"({"id":")").append(bench::id_of(row)).append(R"(","position":)").append(bench::position_of(n));
    json.append(R"(,"updated_at":)").append(std::to_string(n)).append("}");
}

Change object_change(const TableSpec& table, int row, std::uint64_t n) {
    Change change;
    change.table = &table;
    change.key = R"({"id":")" + bench::id_of(row) + R"("})";
    append_row(change.row, row, n);
    return change;
}

void preload(Engine& engine) {
    for (int row = 0; row < bench::kRows;) {
        Commit commit;
        for (int k = 0; k < 500; ++k, ++row) commit.changes().push_back(object_change(engine.objects(), row, 0));
        engine.queue().commit(std::move(commit), {});
        if (row % 10000 == 0) engine.queue().flush_and_wait();
    }
    engine.queue().flush_and_wait();
}

/// `committers` players, each of whom sends his next change when the last one was answered; one thread stands for the
/// loop that they live on.
void measure_commits(Engine& engine, int committers, double seconds) {
    std::vector<double> sent(static_cast<std::size_t>(committers));
    std::mutex mutex;
    std::condition_variable answered;
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < sent.size(); ++i) ready.push_back(i);
    std::vector<double> latencies;
    latencies.reserve(4000000);
    std::atomic<std::size_t> refused{0};
    bench::Picker picker;
    std::uint64_t n = 1;
    const double begun = bench::seconds_now();
    const double cpu = bench::cpu_now();
    std::vector<std::size_t> now;
    for (;;) {
        {
            std::unique_lock lock(mutex);
            answered.wait(lock, [&] { return !ready.empty(); });
            now.swap(ready);
        }
        if (bench::seconds_now() - begun > seconds) break;
        for (const std::size_t who : now) {
            picker.again();
            Commit commit;
            commit.changes().push_back(object_change(engine.objects(), picker.row(0), n++));
            sent[who] = bench::seconds_now();
            engine.queue().commit(std::move(commit), [&, who](Result<Committed> result) {
                const double took = bench::seconds_now() - sent[who];
                if (!result) ++refused;
                const std::lock_guard lock(mutex);
                latencies.push_back(took);
                ready.push_back(who);
                if (ready.size() == 1) answered.notify_one();
            });
        }
        now.clear();
    }
    const double all_seconds = bench::seconds_now() - begun;
    engine.queue().flush_and_wait();
    const double drained = bench::seconds_now() - begun;
    const std::lock_guard lock(mutex);
    const double count = static_cast<double>(latencies.size());
    std::printf("%5d committers  %9.0f durable commits/s  p50 %7.3f ms  p99 %7.3f ms  max %7.3f ms  %6.2f us CPU/commit  "
                "%zu refused, in the store after %.2f s more\n",
                committers, count / all_seconds, bench::percentile(latencies, 0.5) * 1e3,
                bench::percentile(latencies, 0.99) * 1e3, bench::percentile(latencies, 1.0) * 1e3,
                (bench::cpu_now() - cpu) / count * 1e6, refused.load(), drained - all_seconds);
    std::fflush(stdout);
}

void measure_coalesced(Engine& engine, double seconds) {
    const std::string rows_before = engine.metric("cairn_storage_rows_total");
    const double begun = bench::seconds_now();
    const double cpu = bench::cpu_now();
    std::uint64_t n = 0;
    while (bench::seconds_now() - begun < seconds) {
        for (int k = 0; k < 1000; ++k) {
            Commit commit;
            commit.coalesced().changes().push_back(object_change(engine.objects(), static_cast<int>(n % 1000), n));
            engine.queue().commit(std::move(commit), {});
            ++n;
        }
    }
    const double took = bench::seconds_now() - begun;
    engine.queue().flush_and_wait();
    const double rows = std::stod(engine.metric("cairn_storage_rows_total")) - std::stod(rows_before);
    std::printf("coalesced: %9.0f updates/s of 1,000 objects, %.2f us CPU each; %.0f rows reached the store for %llu updates "
                "(%.2f %% fewer)\n",
                static_cast<double>(n) / took, (bench::cpu_now() - cpu) / static_cast<double>(n) * 1e6, rows,
                static_cast<unsigned long long>(n), 100.0 - 100.0 * rows / static_cast<double>(n));
}

void measure_rows(Engine& engine, double seconds) {
    engine.queue().flush_and_wait();
    bench::Picker picker;
    std::uint64_t n = 1;
    std::uint64_t held = engine.store().watermark().seq;
    for (const int rows : {100, 1000, 4000}) {
        std::string json;
        std::vector<std::size_t> ends;
        services::TableBatch batch;
        batch.table = &engine.objects();
        bench::measure("store plugin: rows in one batch", rows, seconds, [&] {
            picker.again();
            json.clear();
            ends.clear();
            batch.rows.clear();
            for (int k = 0; k < rows; ++k) {
                append_row(json, picker.row(k), n++);
                ends.push_back(json.size());
            }
            std::size_t begin = 0;
            for (const std::size_t end : ends) {
                batch.rows.push_back(std::string_view(json).substr(begin, end - begin));
                begin = end;
            }
            engine.store().apply(std::span(&batch, 1), services::Watermark{++held});  // a number again would mean the same batch again
            engine.store().maintain(false);  // as the materialiser does behind each batch: the log is emptied now and then
        });
    }
}

/// A space's tick of 50 ms with 2 ms of work, and how late it ends.
class Ticker {
public:
    Ticker() : thread_([this] { run(); }) {}
    ~Ticker() {
        stop_ = true;
        thread_.join();
    }
    struct Lateness {
        std::size_t ticks = 0;
        double p50 = 0, p99 = 0;  ///< ms from the time at which a tick should begin to its end
    };
    /// Of the ticks since the last call.
    Lateness take() {
        const std::lock_guard lock(mutex_);
        const Lateness taken{late_.size(), bench::percentile(late_, 0.50) * 1e3, bench::percentile(late_, 0.99) * 1e3};
        late_.clear();
        return taken;
    }

private:
    void run() {
        double next = bench::seconds_now();
        while (!stop_) {
            next += 0.05;
            const double pause = next - bench::seconds_now();
            if (pause > 0) std::this_thread::sleep_for(std::chrono::duration<double>(pause));
            const double cpu_until = bench::seconds_now() + 0.002;
            volatile std::uint64_t x = 0;
            while (bench::seconds_now() < cpu_until) x = x + bench::mixed(x);
            const double late = bench::seconds_now() - next;
            const std::lock_guard lock(mutex_);
            late_.push_back(late);
        }
    }
    std::mutex mutex_;
    std::vector<double> late_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

constexpr int kCharacters = 10000;
constexpr int kItemsEach = 20;
constexpr double kTickSeconds = 5;  // of ticks for each percentile, times the seconds asked for

void change_characters(Engine& engine, int from, int to, std::int64_t gold) {
    for (int c = from; c < to; ++c) {
        Commit commit;
        Character who;
        who.id = "character-" + std::to_string(c);
        who.name = "Name" + std::to_string(c);
        who.level = c % 80;
        who.gold = gold;
        who.x = c;
        who.stats = {{"str", 10}, {"dex", 11}, {"int", 12}, {"con", 13}, {"lck", 14}, {"cha", 15}};
        engine.characters().put(commit, who);
        for (int i = 0; i < kItemsEach; ++i) {
            Item item;
            item.id = "item-" + std::to_string(c) + "-" + std::to_string(i);
            item.owner = who.id;
            item.slot = i;
            item.count = gold % 100 + i;
            item.properties = {{"type", "sword"}, {"durability", 100 - i}, {"enchantments", Document::list({"fire", "ice"})}};
            engine.items().put(commit, item);
        }
        engine.queue().commit(std::move(commit), {});
    }
}

/// Each of the three again and again, so that there are enough ticks beside it for a percentile.
void measure_snapshot(Engine& engine, double seconds) {
    change_characters(engine, 0, kCharacters, 1);
    engine.queue().flush_and_wait();
    std::int64_t gold = 2;
    int copies = 0;
    Ticker ticker;
    const auto timed = [&](const char* what, const std::function<void()>& work) {
        work();
        ticker.take();
        std::this_thread::sleep_for(std::chrono::duration<double>(kTickSeconds * seconds));
        const Ticker::Lateness quiet = ticker.take();
        std::vector<double> took;
        const double begun = bench::seconds_now();
        while (bench::seconds_now() - begun < kTickSeconds * seconds) {
            const double at = bench::seconds_now();
            work();
            took.push_back(bench::seconds_now() - at);
        }
        const Ticker::Lateness beside = ticker.take();
        std::printf("%-64s %3zu times: median %.3f s, longest %.3f s; tick beside it (%zu) p50 %.2f p99 %.2f ms, "
                    "without (%zu) p50 %.2f p99 %.2f ms\n",
                    what, took.size(), bench::percentile(took, 0.5), bench::percentile(took, 1.0), beside.ticks, beside.p50,
                    beside.p99, quiet.ticks, quiet.p50, quiet.p99);
        std::fflush(stdout);
    };
    timed("full snapshot: 10,000 characters with 20 items each, all changed", [&] {
        change_characters(engine, 0, kCharacters, gold++);
        engine.queue().flush_and_wait();
    });
    timed("delta: 500 of them changed (10,500 rows)", [&] {
        change_characters(engine, 0, 500, gold++);
        engine.queue().flush_and_wait();
    });
    timed("backup of all of it", [&] {
        const std::string file =
            engine.folder() + "/bench" + std::to_string(copies++) + std::string(engine.store().backup_ending());
        engine.store().backup(file);
        std::filesystem::remove_all(file);
    });
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words;
    ConfigInputs inputs;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--set") == 0 && i + 1 < argc) inputs.overrides.push_back(argv[++i]);
        else words.push_back(argv[i]);
    }
    if (words.size() < 2) {
        std::fprintf(stderr, "usage: engine CONFIG.yaml commits|coalesced|rows|snapshot [SECONDS] [--set KEY=VALUE]…\n");
        return 2;
    }
    inputs.files = {words[0]};
    inputs.environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
    const double seconds = words.size() > 2 ? std::stod(words[2]) : 3;
    const auto preparation = prepare(inputs);
    if (!preparation->ok()) {
        print_problems(*preparation, std::cerr, false);
        return 1;
    }
    Engine engine(*preparation);
    const std::string& mode = words[1];
    if (mode != "snapshot") preload(engine);
    if (mode == "commits") {
        for (const int committers : {1, 100, 1000}) measure_commits(engine, committers, seconds);
    } else if (mode == "coalesced") {
        measure_coalesced(engine, seconds);
    } else if (mode == "rows") {
        measure_rows(engine, seconds);
    } else {
        measure_snapshot(engine, seconds);
    }
    return 0;
}
