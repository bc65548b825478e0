// The floor under the store on SQLite: the C API, one table without rowid, FULL and NORMAL, a cache of 64 MiB and few
// checkpoints; a prepared row at a time and one statement per batch.
//   floor_sqlite FOLDER [SECONDS]
#include <sqlite3.h>

#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

#include "bench/durability/rows.hpp"

namespace {

class Database {
public:
    explicit Database(const std::string& file) { check(sqlite3_open(file.c_str(), &handle_)); }
    ~Database() {
        sqlite3_finalize(row_);
        sqlite3_finalize(batch_);
        sqlite3_close(handle_);
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void run(const std::string& sql) { check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr)); }
    void prepare() {
        const char* update = " ON CONFLICT (id) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at";
        check(sqlite3_prepare_v2(handle_, (std::string("INSERT INTO objects VALUES (?1, ?2, ?3)") + update).c_str(), -1,
                                 &row_, nullptr));
        check(sqlite3_prepare_v2(handle_,
                                 (std::string("INSERT INTO objects SELECT value->>'id', value->>'position', "
                                              "value->>'updated_at' FROM json_each(?1) WHERE true") +
                                  update)
                                     .c_str(),
                                 -1, &batch_, nullptr));
    }
    void put(int row, std::uint64_t n) {
        const std::string id = bench::id_of(row);
        const std::string position = bench::position_of(n);
        bind(row_, 1, id);
        bind(row_, 2, position);
        sqlite3_bind_int64(row_, 3, static_cast<sqlite3_int64>(n));
        check(sqlite3_step(row_));
        check(sqlite3_reset(row_));
    }
    void put_all(const std::string& json) {
        bind(batch_, 1, json);
        check(sqlite3_step(batch_));
        check(sqlite3_reset(batch_));
    }

private:
    static void bind(sqlite3_stmt* statement, int at, const std::string& text) {
        sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    }
    void check(int code) const {
        if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(handle_));
    }
    sqlite3* handle_ = nullptr;
    sqlite3_stmt* row_ = nullptr;
    sqlite3_stmt* batch_ = nullptr;
};

void measure_all(const std::string& folder, const char* synchronous, double seconds) {
    const std::string file = folder + "/floor.db";
    for (const char* ending : {"", "-wal", "-shm"}) unlink((file + ending).c_str());
    Database database(file);
    database.run("PRAGMA journal_mode=WAL");
    database.run(std::string("PRAGMA synchronous=") + synchronous);
    database.run("PRAGMA cache_size=-65536");
    database.run("PRAGMA wal_autocheckpoint=10000");
    database.run("CREATE TABLE objects (id TEXT PRIMARY KEY, position TEXT, updated_at INTEGER) STRICT, WITHOUT ROWID");
    database.prepare();
    std::uint64_t n = 1;
    database.run("BEGIN");
    for (int row = 0; row < bench::kRows; ++row) database.put(row, n++);
    database.run("COMMIT");
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    bench::Picker picker;
    for (const int rows : {1, 100, 1000}) {
        bench::measure((std::string("SQLite C API, ") + synchronous + ", prepared rows").c_str(), rows, seconds, [&] {
            picker.again();
            database.run("BEGIN IMMEDIATE");
            for (int k = 0; k < rows; ++k) database.put(picker.row(k), n++);
            database.run("COMMIT");
        });
        bench::measure((std::string("SQLite C API, ") + synchronous + ", one statement (json_each)").c_str(), rows, seconds,
                       [&] {
                           picker.again();
                           std::string json = "[";
                           for (int k = 0; k < rows; ++k) {
                               if (k > 0) json += ',';
                               json += R"({"id":")" + bench::id_of(picker.row(k)) + R"(","position":)" +
                                       bench::position_of(n) + R"(,"updated_at":)" + std::to_string(n) + "}";
                               ++n;
                           }
                           database.put_all(json + "]");
                       });
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: floor_sqlite FOLDER [SECONDS]\n");
        return 2;
    }
    const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
    std::printf("SQLite %s, %d rows there before\n", sqlite3_libversion(), bench::kRows);
    for (const char* synchronous : {"FULL", "NORMAL"}) measure_all(argv[1], synchronous, seconds);
}
