#include "plugins/storage_sqlite/table_statements.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

bool is_key(const TableSpec& table, std::string_view column) {
    return std::find(table.key.begin(), table.key.end(), column) != table.key.end();
}

std::string quoted(std::string_view name) {
    return "\"" + std::string(name) + "\"";
}

std::string path(std::string_view column, std::string_view prefix = "$") {
    return "'" + std::string(prefix) + "." + std::string(column) + "'";
}

bool is_document(const Type& type) noexcept {
    return type.kind == Kind::any || (type.kind == Kind::optional && is_document(*type.element));
}

/// The member of the JSON object `value` as its column wants it: text as it is, true and false as 1 and 0, arrays and
/// objects as JSON text, null and missing as NULL. A Document stays JSON whatever it is, also a text in quotes.
std::string column_value(const Field& field, std::string_view prefix = "$") {
    if (is_document(*field.type)) return "nullif(value -> " + path(field.name, prefix) + ", 'null')";
    return "json_extract(value, " + path(field.name, prefix) + ")";
}

/// True when the column holds JSON text.
bool is_json(const Type& type) noexcept {
    switch (type.kind) {
        case Kind::optional:
            return is_json(*type.element);
        case Kind::any:
        case Kind::list:
        case Kind::map:
        case Kind::structure:
        case Kind::rate:
        case Kind::vector:
            return true;
        default:
            return false;
    }
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

/// A JSON object with the described columns, each written by `value`.
template <class Write>
std::string json_of(const TableSpec& table, Write value) {
    return "json_object(" + joined(table.row->fields, ", ", [&](const Field& f) -> std::string {
               const std::string text = value(f);
               return "'" + f.name + "', " + (is_json(*f.type) ? "json(" + text + ")" : text);
           }) + ")";
}

std::string stored(const Field& field) {
    return "t." + quoted(field.name);
}

/// `t` is the row that a pair of `?1` is about.
std::string same_key(const TableSpec& table) {
    return joined(table.key, " AND ", [](const std::string& k) {
        return "t." + quoted(k) + " = json_extract(value, " + path(k, "$[0]") + ")";
    });
}

constexpr const char* kAuditInto =
    "INSERT INTO audit_log (table_name, operation, user_id, old_data, new_data, changed_at) SELECT '";
constexpr const char* kActor = "nullif(json_extract(value, '$[1]'), '')";
constexpr const char* kNow = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

std::string key_list(const TableSpec& table) {
    return joined(table.key, ", ", [](const std::string& k) { return quoted(k); });
}

}  // namespace

std::vector<RowColumn> row_columns(const TableSpec& table) {
    std::vector<RowColumn> columns;
    for (const Field& field : table.row->fields) columns.push_back({field.name, is_document(*field.type)});
    return columns;
}

std::vector<RowColumn> key_columns(const TableSpec& table) {
    std::vector<RowColumn> columns;
    for (const std::string& key : table.key) columns.push_back({key, false});
    return columns;
}

std::string upsert_sql(const TableSpec& table) {
    const std::vector<Field>& fields = table.row->fields;
    std::vector<std::string> changed;
    for (const Field& field : fields) {
        if (!is_key(table, field.name)) changed.push_back(field.name);
    }
    int number = 0;
    return "INSERT INTO " + quoted(table.name) + " (" +
           joined(fields, ", ", [](const Field& f) { return quoted(f.name); }) + ") VALUES (" +
           joined(fields, ", ", [&](const Field&) { return "?" + std::to_string(++number); }) + ") ON CONFLICT (" +
           key_list(table) + ") DO " +
           (changed.empty() ? "NOTHING" : "UPDATE SET " + joined(changed, ", ", [](const std::string& c) {
                                              return quoted(c) + " = excluded." + quoted(c);
                                          }));
}

std::string erase_sql(const TableSpec& table) {
    int number = 0;
    return "DELETE FROM " + quoted(table.name) + " WHERE " + joined(table.key, " AND ", [&](const std::string& k) {
               return quoted(k) + " = ?" + std::to_string(++number);
           });
}

std::string audit_upsert_sql(const TableSpec& table) {
    const std::string before = json_of(table, stored);
    const std::string after = json_of(table, [](const Field& f) { return column_value(f, "$[0]"); });
    const std::string differs = joined(table.row->fields, " OR ", [](const Field& f) {
        return stored(f) + " IS NOT " + column_value(f, "$[0]");
    });
    const std::string is_new = "t." + quoted(table.key.front()) + " IS NULL";
    return kAuditInto + table.name + "', CASE WHEN " + is_new + " THEN 'INSERT' ELSE 'UPDATE' END, " + kActor +
           ", CASE WHEN " + is_new + " THEN NULL ELSE " + before + " END, " + after + ", " + kNow +
           " FROM json_each(?1) LEFT JOIN " + quoted(table.name) + " AS t ON " + same_key(table) + " WHERE " + is_new +
           " OR " + differs;
}

std::string audit_erase_sql(const TableSpec& table) {
    return kAuditInto + table.name + "', 'DELETE', " + kActor + ", " + json_of(table, stored) + ", NULL, " + kNow +
           " FROM json_each(?1) JOIN " + quoted(table.name) + " AS t ON " + same_key(table);
}

StoredTable read_table(Connection& connection, const std::string& table) {
    StoredTable stored;
    const std::string doing = "look at table " + table;
    Statement info = connection.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)", doing);
    info.bind_view(1, table);
    std::vector<std::pair<std::int64_t, std::string>> key;
    while (info.step()) {
        stored.columns.push_back({info.text(0), info.text(1), info.integer(2) == 0, info.integer(3) != 0});
        if (info.integer(4) > 0) key.emplace_back(info.integer(4), info.text(0));
    }
    std::sort(key.begin(), key.end());
    for (auto& [place, column] : key) stored.primary_key.push_back(std::move(column));
    if (stored.primary_key.size() == 1) {
        for (StoredColumn& column : stored.columns) {
            // The row's own number, which SQLite makes up.
            if (column.name == stored.primary_key.front() && column.type == "INTEGER") column.has_default = true;
        }
    }
    Statement indexes = connection.prepare(
        "SELECT l.name, i.name FROM pragma_index_list(?1) AS l JOIN pragma_index_info(l.name) AS i "
        "WHERE l.\"unique\" = 1 AND l.partial = 0 ORDER BY l.seq, i.seqno",
        doing);
    indexes.bind_view(1, table);
    std::string last;
    while (indexes.step()) {
        if (stored.unique.empty() || indexes.text(0) != last) stored.unique.emplace_back();
        last = indexes.text(0);
        stored.unique.back().push_back(indexes.text(1));  // of an expression: empty, which is no column
    }
    return stored;
}

std::vector<std::string> check_table(Connection& connection, const TableSpec& table) {
    std::vector<std::string> problems = table_problems(table, "sqlite", read_table(connection, table.name));
    if (!problems.empty()) return problems;
    try {
        connection.prepare(upsert_sql(table), "prepare");
        connection.prepare(erase_sql(table), "prepare");
    } catch (const SqliteError& error) {
        problems.push_back("plugin " + table.plugin + ", table " + table.name +
                           ": SQLite refuses the statement that writes it: " + error.what() +
                           ". Compare the described members with the table");
    }
    return problems;
}

}  // namespace cairn::storage_sqlite
