#include "plugins/storage_postgres/damage_check.hpp"

#include <utility>

#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

const char* const kDoing = "check";

const char* const kTables =
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() "
    "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = "
    "'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname COLLATE \"C\"";

const char* const kIncomplete =
    "SELECT 'index ' || c.relname || ' is not valid: REINDEX it' FROM pg_index i JOIN pg_class c ON c.oid = "
    "i.indexrelid WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace UNION ALL SELECT "
    "'constraint ' || conname || ' of ' || conrelid::regclass || ' has not been checked: VALIDATE it' FROM "
    "pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace";

/// An index has at least one page, whatever it holds.
const char* const kEmptyIndexes =
    "SELECT 'index ' || relname || ' has no pages: its file is missing or was cut' FROM pg_class WHERE relkind = 'i' AND "
    "relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) = 0";

const char* const kShortened =
    "SELECT relname || ' is shorter than at the last VACUUM' FROM pg_class WHERE relkind IN ('r', 'i', 'm') AND relnamespace "
    "= current_schema()::regnamespace AND pg_relation_size(oid) / current_setting('block_size')::bigint < relpages LIMIT 1";

/// B-trees with their table, the condition of partial ones, and the order that they stand for.
const char* const kTrees =
    "SELECT c.relname, t.relname, coalesce(pg_get_expr(i.indpred, i.indrelid), ''), (SELECT string_agg(pg_get_indexdef("
    "i.indexrelid, k, false) || CASE i.indoption[k - 1] & 1 WHEN 1 THEN ' DESC' ELSE '' END || CASE i.indoption[k - 1] & 2 "
    "WHEN 2 THEN ' NULLS FIRST' ELSE ' NULLS LAST' END, ', ' ORDER BY k) FROM generate_series(1, i.indnkeyatts) AS k), "
    "i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_am a "
    "ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid AND c.relkind = 'i' AND c.relnamespace = "
    "current_schema()::regnamespace ORDER BY 2, 1";

/// Which function of amcheck may be used; empty: none.
const char* const kAmcheck =
    "SELECT p.oid::regproc FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND "
    "d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname = 'amcheck' AND p.proname = 'bt_index_check' "
    "AND p.pronargs = 2 AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(p.pronamespace, 'USAGE')";

/// What was found so far.
class Findings {
public:
    void add(const std::string& text) { text_ += (text_.empty() ? "" : "; ") + text; }
    void add_rows(const Result& rows) {
        for (int i = 0; i < PQntuples(rows.get()); ++i) add(PQgetvalue(rows.get(), i, 0));
    }
    /// Runs `work`; the damage that it meets is a finding, any other failure is thrown on.
    template <class Work>
    void look(Connection& connection, const std::string& what, Work&& work) {
        try {
            work();
        } catch (const PostgresError& failure) {
            if (failure.is_lost() || !(is_damage(failure) || failure.state_class() == "XX")) throw;
            add(what + ": " + failure.what());
            connection.rollback();
        }
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

struct Tree {
    std::string name;
    std::string table;
    std::string condition;
    std::string order;
    std::string oid;
};

std::vector<Tree> trees_of(Connection& connection) {
    const Result rows = connection.run(kTrees, kDoing);
    std::vector<Tree> trees;
    for (int i = 0; i < PQntuples(rows.get()); ++i) {
        const auto text = [&](int column) { return std::string(PQgetvalue(rows.get(), i, column)); };
        trees.push_back({text(0), text(1), text(2), text(3), text(4)});
    }
    return trees;
}

/// Walks along the index from end to end, to each row that it leads to, and counts; then counts the rows themselves.
void walk(Connection& connection, const Tree& tree, Findings& findings) {
    const std::string rows =
        " FROM ONLY " + quoted(tree.table) + (tree.condition.empty() ? "" : " WHERE " + tree.condition);
    const std::string along = "SELECT count(*) FROM (SELECT 1" + rows + " ORDER BY " + tree.order + " OFFSET 0) AS walked";
    connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL "
                   "enable_bitmapscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL "
                   "max_parallel_workers_per_gather = 0; SET LOCAL jit = off",
                   kDoing);
    // Another one may give the same order, or none can (an operator class of its own): then this one is not walked along.
    const std::string plan = connection.ask("EXPLAIN (FORMAT JSON, COSTS OFF) " + along, kDoing);
    if (plan.find("\"Index Name\": \"" + tree.name + "\"") != std::string::npos) {
        const std::string led_to = connection.ask(along, kDoing);
        connection.run("SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off", kDoing);
        const std::string there = connection.ask("SELECT count(*)" + rows, kDoing);
        if (led_to != there) {
            findings.add("index " + tree.name + " leads to " + led_to + " rows, and its table " + tree.table + " has " + there);
        }
    }
    connection.rollback();
}

}  // namespace

std::vector<std::string> tables_of(Connection& connection) {
    const Result result = connection.run(kTables, "list the tables");
    std::vector<std::string> names;
    for (int i = 0; i < PQntuples(result.get()); ++i) names.emplace_back(PQgetvalue(result.get(), i, 0));
    return names;
}

std::string suspicion(Connection& connection) {
    const std::string counted = connection.ask(
        "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()", kDoing);
    if (counted != "0" && !counted.empty()) return "the server has counted " + counted + " damaged pages";
    return connection.ask(kShortened, kDoing);
}

std::string unfinished(Connection& connection) {
    Findings findings;
    findings.add_rows(connection.run(kIncomplete, kDoing));
    return findings.take();
}

std::string find_damage(Connection& connection, CheckDepth depth) {
    Findings findings;
    findings.look(connection, "the catalogue", [&] {
        if (connection.ask("SELECT count(*) FROM cairn_watermark WHERE id = 1", kDoing) != "1") {
            findings.add("the table cairn_watermark has no row");
        }
    });
    findings.look(connection, "the catalogue", [&] {
        findings.add_rows(connection.run(kEmptyIndexes, kDoing));
    });
    std::vector<std::string> tables;
    findings.look(connection, "the catalogue", [&] { tables = tables_of(connection); });
    for (const std::string& table : tables) {
        const char* const what = depth == CheckDepth::tables ? "SELECT count(*) FROM " : "SELECT sum(length(t::text)) FROM ";
        findings.look(connection, "table " + table, [&] { connection.run(what + quoted(table) + " t", kDoing); });
    }
    std::vector<Tree> trees;
    std::string amcheck;
    if (depth == CheckDepth::all) {
        findings.look(connection, "the catalogue", [&] {
            trees = trees_of(connection);
            amcheck = connection.ask(kAmcheck, kDoing);
        });
    }
    for (const Tree& tree : trees) {
        findings.look(connection, "index " + tree.name, [&] {
            walk(connection, tree, findings);
            if (!amcheck.empty()) connection.run("SELECT " + amcheck + "(" + tree.oid + ", true)", kDoing);
        });
    }
    // Damage that was met elsewhere (in other kinds of indexes, in the catalogue) has been counted by the server.
    const std::string counted = connection.ask(
        "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()", kDoing);
    if (counted != "0" && !counted.empty()) findings.add("the server has counted " + counted + " damaged pages");
    return findings.take();
}

}  // namespace cairn::storage_postgres
