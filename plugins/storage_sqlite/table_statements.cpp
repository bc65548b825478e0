#include "plugins/storage_sqlite/table_statements.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <cairn/error.hpp>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

[[noreturn]] void refuse(const TableSpec& table, const std::string& wrong) {
    throw Error(Code::internal, "plugin " + table.plugin + ", table " + table.name + ": " + wrong);
}

/// Names come from the plugins' code. They are checked all the same, because SQL is put together from them.
bool is_identifier(std::string_view name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

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

void check_table(Connection& connection, const TableSpec& table) {
    if (!is_identifier(table.name)) refuse(table, "the name is not an identifier: use letters, digits and underscores");
    if (table.key.empty()) refuse(table, "it was declared without key columns");
    struct Column {
        std::string name;
        bool must_be_given = false;
    };
    std::vector<Column> columns;
    Statement info = connection.prepare(
        "SELECT name, \"notnull\" = 1 AND dflt_value IS NULL AND NOT "
        "(pk = 1 AND type = 'INTEGER') FROM pragma_table_info(?1)",
        "look at table " + table.name);
    info.bind_view(1, table.name);
    while (info.step()) columns.push_back({info.text(0), info.integer(1) != 0});
    const std::string folder = "sql/" + table.plugin + "/sqlite/";
    if (columns.empty()) {
        refuse(table, "the database has no such table: add a migration that makes it to " + folder);
    }
    for (const Field& field : table.row->fields) {
        if (!is_identifier(field.name)) refuse(table, "column " + field.name + " is not an identifier");
        const bool there =
            std::any_of(columns.begin(), columns.end(), [&](const Column& c) { return c.name == field.name; });
        if (!there) {
            refuse(table, "the described column " + field.name + " (" + field.meaning +
                              ") is not in the database: add a migration with ALTER TABLE " + table.name +
                              " ADD COLUMN " + field.name + " … to " + folder);
        }
    }
    for (const Column& column : columns) {
        if (column.must_be_given && table.row->find(column.name) == nullptr) {
            refuse(table,
                   "the database wants a value for column " + column.name +
                       ", which the plugin does not describe: describe it, or give it a DEFAULT by a migration in " +
                       folder);
        }
    }
    for (const std::string& key : table.key) {
        if (table.row->find(key) == nullptr) refuse(table, "the key column " + key + " is not described");
    }
    try {
        connection.prepare(upsert_sql(table), "prepare");
        connection.prepare(erase_sql(table), "prepare");
    } catch (const SqliteError& error) {
        if (std::string_view(error.what()).find("ON CONFLICT clause") == std::string_view::npos) throw;
        refuse(table, "the key (" + key_list(table) + ") is neither the primary key nor a UNIQUE index of the table: " +
                          "correct the key in the plugin, or add the index by a migration in " + folder);
    }
}

}  // namespace cairn::storage_sqlite
