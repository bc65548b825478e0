// The floor under the store on PostgreSQL: libpq, one statement per batch with a JSON parameter, and row by row.
//   floor_postgres CONNINFO-OR-URL [SECONDS]
#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "bench/durability/rows.hpp"

namespace {

class Session {
public:
    explicit Session(const char* where) : handle_(PQconnectdb(where), PQfinish) {
        if (PQstatus(handle_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_.get()));
    }
    void run(const char* sql) { check(PQexec(handle_.get(), sql)); }
    void prepare(const char* name, const char* sql) { check(PQprepare(handle_.get(), name, sql, 0, nullptr)); }
    void run_prepared(const char* name, std::initializer_list<const char*> values) {
        check(PQexecPrepared(handle_.get(), name, static_cast<int>(values.size()), values.begin(), nullptr, nullptr, 0));
    }
    int version() const { return PQserverVersion(handle_.get()); }

private:
    void check(PGresult* result) const {
        const ExecStatusType status = PQresultStatus(result);
        PQclear(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(handle_.get()));
    }
    std::unique_ptr<PGconn, void (*)(PGconn*)> handle_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: floor_postgres CONNINFO [SECONDS]\n");
        return 2;
    }
    const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
    Session session(argv[1]);
    std::printf("PostgreSQL %d, %d rows there before\n", session.version(), bench::kRows);
    session.run("SET client_min_messages = warning");
    session.run("DROP TABLE IF EXISTS floor_objects");
    session.run("CREATE TABLE floor_objects (id text PRIMARY KEY, position jsonb, updated_at bigint)");
    const std::string update = " ON CONFLICT (id) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at";
    session.prepare("row", ("INSERT INTO floor_objects VALUES ($1, $2::jsonb, $3::bigint)" + update).c_str());
    session.prepare("batch", ("INSERT INTO floor_objects SELECT id, position, updated_at FROM jsonb_to_recordset($1::jsonb) "
                              "AS r (id text, position jsonb, updated_at bigint)" +
                              update)
                                 .c_str());
    std::uint64_t n = 1;
    bench::Picker picker;
    const auto batch = [&](int rows) {
        std::string json = "[";
        for (int k = 0; k < rows; ++k) {
            if (k > 0) json += ',';
            json += R"({"id":")" + bench::id_of(picker.row(k)) + R"(","position":)" + bench::position_of(n) +
                    R"(,"updated_at":)" + std::to_string(n) + "}";
            ++n;
        }
        json += "]";
        session.run_prepared("batch", {json.c_str()});
    };
    for (int at = 0; at < bench::kRows / 1000; ++at) {
        std::string json = "[";
        for (int row = at * 1000; row < at * 1000 + 1000; ++row) {
            if (json.size() > 1) json += ',';
            json += R"({"id":")" + bench::id_of(row) + R"(","position":)" + bench::position_of(n) + R"(,"updated_at":)" +
                    std::to_string(n) + "}";
            ++n;
        }
        json += "]";
        session.run_prepared("batch", {json.c_str()});
    }
    session.run("VACUUM ANALYZE floor_objects");
    for (const int rows : {1, 100, 1000}) {
        bench::measure("libpq, one statement (jsonb_to_recordset)", rows, seconds, [&] {
            picker.again();
            batch(rows);
        });
        bench::measure("libpq, prepared rows in a transaction", rows, seconds, [&] {
            picker.again();
            session.run("BEGIN");
            for (int k = 0; k < rows; ++k) {
                session.run_prepared("row", {bench::id_of(picker.row(k)).c_str(), bench::position_of(n).c_str(),
                                             std::to_string(n).c_str()});
                ++n;
            }
            session.run("COMMIT");
        });
    }
    session.run("DROP TABLE floor_objects");
}
