// Described rows against the tables of a database.
#include <cairn/table_check.hpp>

#include <algorithm>
#include <cctype>
#include <set>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/fields.hpp>
#include <cairn/json.hpp>

namespace cairn {
namespace {

constexpr std::size_t kLongestName = 63;  // of PostgreSQL

enum class Family : unsigned char { whole, decimal, real, truth, text, json, list, moment, anything, other };

const Type& plain(const Type& type) noexcept {
    return type.kind == Kind::optional ? plain(*type.element) : type;
}

bool is_json(const Type& type) noexcept {
    switch (plain(type).kind) {
        case Kind::vector:
        case Kind::rate:
        case Kind::any:
        case Kind::list:
        case Kind::map:
        case Kind::structure:
            return true;
        default:
            return false;
    }
}

/// True when the member itself can say "nothing".
bool may_be_empty(const Field& field) noexcept {
    return field.type->kind == Kind::optional || field.type->kind == Kind::any;
}

Family sqlite_family(std::string type) {
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto has = [&](std::string_view part) { return type.find(part) != std::string::npos; };
    // SQLite's own rules of affinity, in its order.
    if (has("INT")) return Family::whole;
    if (has("CHAR") || has("CLOB") || has("TEXT")) return Family::text;
    if (has("BLOB")) return Family::other;
    if (has("REAL") || has("FLOA") || has("DOUB")) return Family::real;
    return Family::anything;
}

Family postgres_family(std::string_view type) {
    const auto begins = [&](std::string_view part) { return type.starts_with(part); };
    if (type.ends_with("[]")) return Family::list;
    if (type == "smallint" || type == "integer" || type == "bigint") return Family::whole;
    if (begins("numeric")) return Family::decimal;
    if (type == "real" || type == "double precision") return Family::real;
    if (type == "boolean") return Family::truth;
    if (begins("timestamp")) return Family::moment;
    if (type == "json" || type == "jsonb") return Family::json;
    if (type == "text" || begins("character") || type == "uuid" || type == "inet" || type == "cidr" ||
        type == "citext" || type == "name") {
        return Family::text;
    }
    if (type == "bytea" || type == "date" || begins("time ") || type == "interval" || begins("bit")) return Family::other;
    return Family::anything;  // somebody's own type: what it takes is seen when it is used
}

bool fits(const Type& type, std::string_view engine, Family family) {
    if (family == Family::anything) return true;
    const bool postgres = engine == "postgres";
    switch (plain(type).kind) {
        case Kind::boolean:
            return family == Family::whole || family == Family::truth;
        case Kind::integer:
        case Kind::duration:
        case Kind::size:
            return family == Family::whole || family == Family::decimal || family == Family::moment ||
                   family == Family::truth;
        case Kind::number:
            return family == Family::real || family == Family::decimal;
        case Kind::text:
        case Kind::secret:
            return family == Family::text;
        case Kind::list:
            return family == Family::text || (postgres && (family == Family::json || family == Family::list));
        default:
            return family == Family::text || (postgres && family == Family::json);
    }
}

std::string words_of(const Type& type) {
    const std::string empty = type.kind == Kind::optional ? " that may be empty" : "";
    switch (plain(type).kind) {
        case Kind::boolean: return "true or false" + empty;
        case Kind::integer: return "an integer" + empty;
        case Kind::number: return "a number" + empty;
        case Kind::text: return "text" + empty;
        case Kind::duration: return "a duration in ms" + empty;
        case Kind::size: return "a size in bytes" + empty;
        case Kind::secret: return "a secret" + empty;
        case Kind::vector: return "a vector, kept as JSON" + empty;
        case Kind::rate: return "a rate, kept as JSON" + empty;
        case Kind::list: return "a list, kept as JSON" + empty;
        case Kind::map: return "a map, kept as JSON" + empty;
        case Kind::structure: return "a struct, kept as JSON" + empty;
        default: return "a document, kept as JSON" + empty;
    }
}

std::string type_name(const Type& described, std::string_view engine) {
    const Type& type = plain(described);
    const bool postgres = engine == "postgres";
    switch (type.kind) {
        case Kind::boolean:
            return postgres ? "boolean" : "INTEGER";
        case Kind::integer: {
            if (!postgres) return "INTEGER";
            const int bytes = type.is_signed ? type.width : type.width * 2;
            return bytes <= 2 ? "smallint" : bytes <= 4 ? "integer" : "bigint";
        }
        case Kind::duration:
        case Kind::size:
            return postgres ? "bigint" : "INTEGER";
        case Kind::number:
            return postgres ? "double precision" : "REAL";
        case Kind::text:
        case Kind::secret:
            return postgres ? "text COLLATE \"C\"" : "TEXT";  // compared by bytes on both
        default:
            return postgres ? "jsonb" : "TEXT";
    }
}

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

std::string name(std::string_view identifier) {
    return quoted(identifier, '"');
}

std::string names(const std::vector<std::string>& columns) {
    std::string out;
    for (const std::string& column : columns) out += (out.empty() ? "" : ", ") + name(column);
    return out;
}

/// What the struct's own initialiser is in SQL.
std::string default_of(const TableSpec& table, const Field& field, std::string_view engine) {
    std::string json;
    write_json(json, *table.row, table.row->defaults.get());
    const Document all = Document::parse_json(json);
    const Document* const found = all.find(field.name);
    const Document value = found == nullptr ? Document() : *found;
    if (is_json(*field.type)) return quoted(value.to_json(), '\'');
    if (value.is_text()) return quoted(value.text(), '\'');
    if (value.is_boolean() && engine != "postgres") return value.boolean_or(false) ? "1" : "0";
    return value.to_json();
}

bool is_key(const TableSpec& table, std::string_view column) {
    return std::find(table.key.begin(), table.key.end(), column) != table.key.end();
}

/// "points" INTEGER NOT NULL DEFAULT 0 CHECK (…)
std::string column_sql(const TableSpec& table, const Field& field, std::string_view engine) {
    std::string sql = name(field.name) + " " + type_name(*field.type, engine);
    if (!may_be_empty(field)) sql += " NOT NULL";
    if (!is_key(table, field.name) && !may_be_empty(field)) sql += " DEFAULT " + default_of(table, field, engine);
    if (engine != "postgres") {
        if (is_json(*field.type)) sql += " CHECK (json_valid(" + name(field.name) + "))";
        if (plain(*field.type).kind == Kind::boolean) sql += " CHECK (" + name(field.name) + " IN (0, 1))";
    }
    return sql;
}

std::string one_line(std::string text) {
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    return text;
}

bool is_identifier(std::string_view text) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && letter(text.front()) && text.size() <= kLongestName &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string about(const TableSpec& table) {
    return "plugin " + table.plugin + ", table " + table.name + ": ";
}

std::string folder(const TableSpec& table, std::string_view engine) {
    return "sql/" + table.plugin + "/" + std::string(engine) + "/";
}

const StoredColumn* find(const StoredTable& stored, std::string_view column) {
    const auto found = std::find_if(stored.columns.begin(), stored.columns.end(),
                                    [&](const StoredColumn& other) { return other.name == column; });
    return found == stored.columns.end() ? nullptr : &*found;
}

/// How a column that is there is changed to fit.
std::string change_column(const TableSpec& table, const Field& field, std::string_view engine, bool type) {
    if (engine != "postgres") {
        return "SQLite cannot change a column, so build the table anew (docs/database.md, \"Rebuilding a table\") with " +
               column_sql(table, field, engine);
    }
    const std::string alter = "ALTER TABLE " + name(table.name) + " ALTER COLUMN " + name(field.name);
    if (!type) return alter + " DROP NOT NULL;";
    const std::string to = type_name(*field.type, engine);
    return alter + " TYPE " + to + " USING …;";
}

class Judge {
public:
    Judge(const TableSpec& table, std::string_view engine, const StoredTable& stored)
        : table_(table), engine_(engine), stored_(stored) {}

    std::vector<std::string> problems() {
        if (!is_identifier(table_.name)) {
            say("the name is not an identifier: use up to 63 letters, digits and underscores");
        }
        if (table_.key.empty()) say("it was declared without key columns");
        for (const std::string& key : table_.key) {
            const Field* field = table_.row->find(key);
            if (field == nullptr) {
                say("the key column " + key + " is not described");
            } else if (field->type->kind == Kind::optional) {
                say("the key column " + key + " is described as " + words_of(*field->type) +
                    ", and empty keys are equal to nothing: make the member a plain one");
            }
        }
        if (stored_.columns.empty()) {
            say("the database has no such table: add a migration that makes it to " + folder(table_, engine_) +
                ", for example\n" + create_table_sql(table_, engine_));
            return std::move(said_);
        }
        for (const Field& field : table_.row->fields) described(field);
        for (const StoredColumn& column : stored_.columns) undescribed(column);
        key();
        return std::move(said_);
    }

    std::vector<std::string> notes() {
        for (const Field& field : table_.row->fields) {
            const StoredColumn* column = find(stored_, field.name);
            if (column == nullptr || !column->may_be_null || may_be_empty(field) || is_key(table_, field.name)) continue;
            say("column " + field.name + " is described as " + words_of(*field.type) +
                " that is always there, and the table takes NULL for it: a NULL reads as the member's default, and "
                "selections do not find it so. Declare it NOT NULL by a migration in " +
                folder(table_, engine_) + ", or make the member a std::optional");
        }
        return std::move(said_);
    }

private:
    void say(const std::string& wrong) { said_.push_back(about(table_) + wrong); }

    void described(const Field& field) {
        if (!is_identifier(field.name)) {
            say("column " + field.name + " is not an identifier: use up to 63 letters, digits and underscores");
            return;
        }
        const StoredColumn* column = find(stored_, field.name);
        if (column == nullptr) {
            say("the described column " + field.name + " (" + field.meaning + "), " + words_of(*field.type) +
                ", is not in the database: add a migration with ALTER TABLE " + name(table_.name) + " ADD COLUMN " +
                column_sql(table_, field, engine_) + "; to " + folder(table_, engine_));
            return;
        }
        const Family family = engine_ == "postgres" ? postgres_family(column->type) : sqlite_family(column->type);
        if (!fits(*field.type, engine_, family)) {
            say("column " + field.name + " is described as " + words_of(*field.type) + ", and the table has it as " +
                column->type + ": describe what the table has, or add a migration to " + folder(table_, engine_) + ": " +
                change_column(table_, field, engine_, true));
        }
        if (field.type->kind == Kind::optional && !column->may_be_null && !is_key(table_, field.name)) {
            say("column " + field.name + " is described as " + words_of(*field.type) +
                ", and the table takes no NULL for it, so that rows without it would be refused: make the member a plain "
                "one, or add a migration to " +
                folder(table_, engine_) + ": " + change_column(table_, field, engine_, false));
        }
    }

    void undescribed(const StoredColumn& column) {
        if (column.may_be_null || column.has_default || table_.row->find(column.name) != nullptr) return;
        say("the database wants a value for column " + column.name + " (" + column.type +
            "), which the plugin does not describe: describe it, or let it be empty or have a DEFAULT by a migration in " +
            folder(table_, engine_) +
            (engine_ == "postgres" ? ": ALTER TABLE " + name(table_.name) + " ALTER COLUMN " + name(column.name) +
                                         " DROP NOT NULL;"
                                   : " (docs/database.md, \"Rebuilding a table\")"));
    }

    void key() {
        if (table_.key.empty()) return;
        const std::set<std::string> wanted(table_.key.begin(), table_.key.end());
        const auto same = [&](const std::vector<std::string>& columns) {
            return std::set<std::string>(columns.begin(), columns.end()) == wanted;
        };
        if (same(stored_.primary_key) || std::any_of(stored_.unique.begin(), stored_.unique.end(), same)) return;
        say("the key (" + names(table_.key) + ") is neither the primary key nor a UNIQUE index of the table, " +
            (stored_.primary_key.empty() ? "which has no primary key"
                                         : "whose primary key is (" + names(stored_.primary_key) + ")") +
            ": correct the key in the plugin, or add a migration to " + folder(table_, engine_) + ": CREATE UNIQUE INDEX " +
            name(table_.name + "_key") + " ON " + name(table_.name) + " (" + names(table_.key) + ");");
    }

    const TableSpec& table_;
    const std::string_view engine_;
    const StoredTable& stored_;
    std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> table_problems(const TableSpec& table, std::string_view engine, const StoredTable& stored) {
    return Judge(table, engine, stored).problems();
}

std::vector<std::string> table_notes(const TableSpec& table, std::string_view engine, const StoredTable& stored) {
    return Judge(table, engine, stored).notes();
}

std::string create_table_sql(const TableSpec& table, std::string_view engine) {
    if (engine != "sqlite" && engine != "postgres") {
        throw Error(Code::unsupported, "there is no SQL for the engine " + std::string(engine) +
                                           ": it is made for sqlite and postgres");
    }
    std::string sql = "CREATE TABLE " + name(table.name) + " (\n";
    for (const Field& field : table.row->fields) {
        sql += "    " + column_sql(table, field, engine) + ",  -- " + one_line(field.meaning) + "\n";
    }
    sql += "    PRIMARY KEY (" + names(table.key) + ")\n)";
    return sql + (engine == "sqlite" ? " STRICT, WITHOUT ROWID;\n" : ";\n");
}

}  // namespace cairn
