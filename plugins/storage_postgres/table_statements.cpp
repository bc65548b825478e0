#include "plugins/storage_postgres/table_statements.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

bool is_key(const TableSpec& table, std::string_view column) {
    return std::find(table.key.begin(), table.key.end(), column) != table.key.end();
}

template <class Items, class Write>
std::string joined(const Items& items, std::string_view separator, Write write) {
    std::string out;
    for (const auto& item : items) {
        if (!out.empty()) out += separator;
        out += write(item);
    }
    return out;
}

const Column* find(const Columns& columns, std::string_view name) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

Kind kind_of(const Field& field) {
    const Type* type = field.type;
    while (type->kind == Kind::optional) type = type->element;
    return type->kind;
}

/// How a member comes out of the JSON, and how it goes into its column.
struct Passage {
    std::string type;
    std::string value;
};

Passage passage(const Field& field, const Columns& columns, const std::string& from) {
    const Column* const column = find(columns, field.name);
    const std::string name = from + "." + quoted(field.name);
    const std::string type = column == nullptr ? "text" : column->type;
    const Kind kind = kind_of(field);
    const bool whole = kind == Kind::integer || kind == Kind::duration || kind == Kind::size;
    if (whole && type.rfind("timestamp", 0) == 0) {
        const std::string moment = "to_timestamp(" + name + "::float8 / 1000)";  // exact to the millisecond
        return {"bigint", type.find("without") == std::string::npos ? moment : moment + " AT TIME ZONE 'UTC'"};
    }
    if (whole && type == "boolean") return {"bigint", name + " <> 0"};
    if (kind == Kind::boolean && (type == "smallint" || type == "integer" || type == "bigint")) {
        return {"boolean", name + "::integer::" + type};
    }
    const bool structured = kind == Kind::any || kind == Kind::list || kind == Kind::map || kind == Kind::structure ||
                            kind == Kind::vector || kind == Kind::rate;
    if (structured && (type == "text" || type.rfind("character", 0) == 0)) return {"jsonb", name + "::text"};
    return {type, name};
}

std::string record(const std::vector<const Field*>& fields, const Columns& columns) {
    return joined(fields, ", ",
                  [&](const Field* f) { return quoted(f->name) + " " + passage(*f, columns, "r").type; });
}

std::string values(const std::vector<const Field*>& fields, const Columns& columns) {
    return joined(fields, ", ", [&](const Field* f) { return passage(*f, columns, "r").value; });
}

std::string names(const std::vector<const Field*>& fields) {
    return joined(fields, ", ", [](const Field* f) { return quoted(f->name); });
}

/// `left`'s key equals the key in `r`, which came out of the JSON.
std::string same_key(const std::vector<const Field*>& key, const Columns& columns, const std::string& left) {
    return joined(key, " AND ", [&](const Field* f) {
        return left + "." + quoted(f->name) + " = " + passage(*f, columns, "r").value;
    });
}

/// Who did it, as audit_log.user_id wants it. A job that has no uuid must not fail for that.
std::string actor(const std::string& audit_user) {
    if (audit_user != "uuid") return "nullif(r.cairn_actor, '')";
    return "CASE WHEN r.cairn_actor ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' THEN r.cairn_actor::uuid END";
}

/// The rows of $1, and who changed each of them, out of $2.
std::string rows_with_actors(const std::string& record) {
    return "ROWS FROM (jsonb_to_recordset($1::jsonb) AS (" + record +
           "), jsonb_array_elements_text($2::jsonb))";
}

}  // namespace

Columns read_columns(Connection& connection, const std::string& schema, const std::string& table) {
    const std::string name = quoted(schema) + "." + quoted(table);
    const std::array<const char*, 1> parameters{name.c_str()};
    const Result result = connection.run(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, a.atthasdef OR a.attidentity <> '' "
        "FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        parameters, "look at a table");
    Columns columns;
    for (int i = 0; i < PQntuples(result.get()); ++i) {
        columns.push_back({PQgetvalue(result.get(), i, 0), PQgetvalue(result.get(), i, 1),
                           *PQgetvalue(result.get(), i, 2) == 't', *PQgetvalue(result.get(), i, 3) == 't'});
    }
    return columns;
}

TableSql table_sql(const TableSpec& table, const Columns& columns, const std::string& audit_user) {
    std::vector<const Field*> all;
    std::vector<const Field*> key;
    std::vector<const Field*> rest;
    for (const Field& field : table.row->fields) {
        all.push_back(&field);
        if (!is_key(table, field.name)) rest.push_back(&field);
    }
    for (const std::string& name : table.key) key.push_back(table.row->find(name));

    const std::string target = quoted(table.name);
    const std::string insert = "INSERT INTO " + target + " (" + names(all) + ") SELECT " + values(all, columns) + " FROM ";
    const std::string merge =
        " ON CONFLICT (" + names(key) + ") DO " +
        (rest.empty() ? "NOTHING" : "UPDATE SET " + joined(rest, ", ", [](const Field* f) {
                                        return quoted(f->name) + " = excluded." + quoted(f->name);
                                    }));
    const std::string plain = "jsonb_to_recordset($1::jsonb) AS r(" + record(all, columns) + ")";
    const std::string plain_keys = "jsonb_to_recordset($1::jsonb) AS r(" + record(key, columns) + ")";
    TableSql sql;
    if (audit_user.empty()) {
        sql.upsert = insert + plain + merge;
        sql.erase = "DELETE FROM " + target + " t USING " + plain_keys + " WHERE " + same_key(key, columns, "t");
        return sql;
    }
    // All parts of one statement see the table as it was before it, so `old` holds the old rows.
    const std::string audit = "INSERT INTO audit_log (table_name, operation, user_id, old_data, new_data, changed_at) SELECT " +
                              literal(table.name) + ", ";
    sql.upsert = "WITH r AS MATERIALIZED (SELECT * FROM " + rows_with_actors(record(all, columns)) + " AS r(" + names(all) +
                 ", cairn_actor)), old AS MATERIALIZED (SELECT t.* FROM " + target + " t JOIN r ON " +
                 same_key(key, columns, "t") + "), new AS (" + insert + "r" + merge + " RETURNING *) " + audit +
                 "CASE WHEN old." + quoted(table.key.front()) + " IS NULL THEN 'INSERT' ELSE 'UPDATE' END, " + actor(audit_user) +
                 ", to_jsonb(old), to_jsonb(new), now() FROM new JOIN r ON " + same_key(key, columns, "new") +
                 " LEFT JOIN old ON " + joined(key, " AND ", [](const Field* f) {
                     return "old." + quoted(f->name) + " = new." + quoted(f->name);
                 });
    sql.erase = "WITH r AS MATERIALIZED (SELECT * FROM " + rows_with_actors(record(key, columns)) + " AS r(" + names(key) +
                ", cairn_actor)), gone AS (DELETE FROM " + target + " t USING r WHERE " + same_key(key, columns, "t") +
                " RETURNING to_jsonb(t) AS cairn_row, " + actor(audit_user) + " AS cairn_user) " + audit +
                "'DELETE', cairn_user, cairn_row, NULL, now() FROM gone";
    return sql;
}

StoredTable stored_table(Connection& connection, const std::string& schema, const std::string& table,
                         const Columns& columns) {
    StoredTable stored;
    for (const Column& column : columns) {
        stored.columns.push_back({column.name, column.type, column.may_be_null, column.has_default});
    }
    const std::string relation = quoted(schema) + "." + quoted(table);
    const std::array<const char*, 1> parameters{relation.c_str()};
    const Result result = connection.run(
        "SELECT x.indexrelid, x.indisprimary, a.attname FROM pg_index x, "
        "unnest(x.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
        "LEFT JOIN pg_attribute a ON a.attnum = k.number AND a.attnum > 0 AND a.attrelid = to_regclass($1) "
        "WHERE x.indrelid = to_regclass($1) AND x.indisunique AND x.indisvalid AND x.indimmediate "
        "AND x.indpred IS NULL AND k.place <= x.indnkeyatts ORDER BY x.indexrelid, k.place",
        parameters, "look at a table's keys");
    std::string last;
    for (int i = 0; i < PQntuples(result.get()); ++i) {
        const std::string index = PQgetvalue(result.get(), i, 0);
        if (index != last) stored.unique.emplace_back();
        last = index;
        const std::string column = PQgetvalue(result.get(), i, 2);  // of an expression: empty, which is no column
        stored.unique.back().push_back(column);
        if (*PQgetvalue(result.get(), i, 1) == 't') stored.primary_key.push_back(column);
    }
    return stored;
}

std::string refused_statement(const TableSpec& table, const PostgresError& error) {
    return "plugin " + table.plugin + ", table " + table.name +
           ": PostgreSQL refuses the statement that writes it: " + error.what() + " (SQLSTATE " + error.state() +
           "): compare the described members with the types of the columns";
}

std::map<std::string, std::string> read_constraints(Connection& connection, const std::string& schema) {
    const std::array<const char*, 1> parameters{schema.c_str()};
    const Result result = connection.run(
        "SELECT i.relname, string_agg(t.relname || '.' || a.attname, ', ' ORDER BY k.place) FROM pg_index x "
        "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace, "
        "unnest(x.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
        "JOIN pg_attribute a ON a.attnum = k.number WHERE a.attrelid = t.oid AND x.indisunique AND n.nspname = $1 GROUP BY 1",
        parameters, "look at the constraints");
    std::map<std::string, std::string> columns;
    for (int i = 0; i < PQntuples(result.get()); ++i) {
        columns.emplace(PQgetvalue(result.get(), i, 0), PQgetvalue(result.get(), i, 1));
    }
    return columns;
}

}  // namespace cairn::storage_postgres
