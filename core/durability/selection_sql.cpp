#include "core/durability/selection_sql.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/text.hpp>

namespace cairn::core {
namespace {

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

void append_utf8(std::string& out, char32_t code) {
    const auto byte = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

/// The first text behind all those that begin with `prefix`; nothing when there is none. A range by it uses an index.
std::optional<std::string> behind_prefix(std::string_view prefix) {
    std::vector<char32_t> codes;
    for (std::size_t at = 0; at < prefix.size();) codes.push_back(next_code_point(prefix, at));
    while (!codes.empty() && codes.back() == 0x10FFFF) codes.pop_back();
    if (codes.empty()) return std::nullopt;
    char32_t& last = codes.back();
    last = last == 0xD7FF ? 0xE000 : last + 1;
    std::string out;
    for (const char32_t code : codes) append_utf8(out, code);
    return out;
}

class Writer {
public:
    Writer(const TableSpec& table, Dialect dialect) : table_(table), dialect_(dialect) {}

    std::string parameter(Document value) {
        query.parameters.push_back(std::move(value));
        return "$" + std::to_string(query.parameters.size());
    }
    bool is_text(const std::string& column) const {
        const Type* type = table_.row->find(column)->type;
        while (type->kind == Kind::optional) type = type->element;
        return type->kind == Kind::text;
    }
    bool may_be_empty(const std::string& column) const {
        return table_.row->find(column)->type->kind == Kind::optional;
    }
    /// For `=`, which an index serves whatever the column's collation. PostgreSQL finds the parameter's type by the column.
    std::string equal_side(const std::string& column) const {
        return quoted(column) + (dialect_ == Dialect::sqlite && is_text(column) ? " COLLATE BINARY" : "");
    }
    /// For orders and everything that compares with them: text by its bytes.
    std::string order_side(const std::string& column) const {
        if (!is_text(column)) return quoted(column);
        return dialect_ == Dialect::sqlite ? quoted(column) + " COLLATE BINARY" : quoted(column) + "::text COLLATE \"C\"";
    }

    std::string condition(const Condition& condition) {
        const std::string& column = condition.column;
        const auto value = [&] { return parameter(condition.values.front()); };
        switch (condition.compare) {
            case Compare::is_null:
                return quoted(column) + " IS NULL";
            case Compare::is_not_null:
                return quoted(column) + " IS NOT NULL";
            case Compare::equal:
                if (condition.values.front().is_null()) return quoted(column) + " IS NULL";
                return equal_side(column) + " = " + value();
            case Compare::differs:
                return differs(column, condition.values.front());
            case Compare::less:
                return order_side(column) + " < " + value();
            case Compare::at_most:
                return order_side(column) + " <= " + value();
            case Compare::greater:
                return order_side(column) + " > " + value();
            case Compare::at_least:
                return order_side(column) + " >= " + value();
            case Compare::among:
                return among(column, condition.values);
            case Compare::begins_with:
                return begins_with(column, condition.values.front());
        }
        return "0 = 1";
    }

    /// True for what comes behind a place in the order.
    std::string behind(const std::vector<Order>& order, const std::vector<Document>& place) {
        const bool simple = std::all_of(order.begin(), order.end(), [&](const Order& one) {
            return one.descending == order.front().descending && !may_be_empty(one.column);
        });
        if (simple) {  // as one comparison of rows, which an index serves
            std::string left;
            std::string right;
            for (std::size_t i = 0; i < order.size(); ++i) {
                left += (i == 0 ? "" : ", ") + order_side(order[i].column);
                right += (i == 0 ? "" : ", ") + parameter(place[i]);
            }
            return "(" + left + ") " + (order.front().descending ? "<" : ">") + " (" + right + ")";
        }
        // Equal in the first columns, and behind in the next one.
        std::string any;
        for (std::size_t last = 0; last < order.size(); ++last) {
            std::string all;
            for (std::size_t i = 0; i < last; ++i) {
                all += place[i].is_null() ? quoted(order[i].column) + " IS NULL AND "
                                          : order_side(order[i].column) + " = " + parameter(place[i]) + " AND ";
            }
            const std::string step = behind_in(order[last], place[last]);
            any += (any.empty() ? "(" : " OR (") + all + step + ")";
        }
        return "(" + any + ")";
    }

    std::string order_by(const std::vector<Order>& order) const {
        std::string out;
        for (const Order& one : order) {
            out += (out.empty() ? " ORDER BY " : ", ") + order_side(one.column) + (one.descending ? " DESC" : "");
            // SQLite has empty ones first by itself.
            if (dialect_ == Dialect::postgres && may_be_empty(one.column)) {
                out += one.descending ? " NULLS LAST" : " NULLS FIRST";
            }
        }
        return out;
    }

    std::string where(const Selection& selection) {
        std::string all;
        const auto both = [&](const std::string& one) { all += (all.empty() ? " WHERE " : " AND ") + one; };
        for (const Condition& one : selection.conditions) both(condition(one));
        if (!selection.after.empty()) both(behind(full_order(selection), selection.after));
        return all;
    }

    Query query;

private:
    std::string differs(const std::string& column, const Document& value) {
        if (value.is_null()) return quoted(column) + " IS NOT NULL";
        if (dialect_ == Dialect::sqlite) return equal_side(column) + " IS NOT " + parameter(value);
        // As text: a uuid differs also from what is none.
        return quoted(column) + (is_text(column) ? "::text" : "") + " IS DISTINCT FROM " + parameter(value);
    }

    std::string among(const std::string& column, const std::vector<Document>& values) {
        std::string list;
        std::size_t count = 0;
        const Document* last = nullptr;
        bool with_null = false;
        for (const Document& value : values) {
            if (value.is_null()) {
                with_null = true;
                continue;
            }
            list += (list.empty() ? "" : ", ") + parameter(value);
            last = &value;
            ++count;
        }
        // Lists of a few lengths only, so that statements are prepared once.
        std::size_t padded = 1;
        while (padded < count) padded *= 2;
        for (; last != nullptr && count < padded; ++count) list += ", " + parameter(*last);
        std::string out = list.empty() ? "0 = 1" : equal_side(column) + " IN (" + list + ")";
        if (with_null) out = "(" + out + " OR " + quoted(column) + " IS NULL)";
        return out;
    }

    std::string begins_with(const std::string& column, const Document& prefix) {
        const std::string side = order_side(column);
        std::string out = side + " >= " + parameter(prefix);
        if (auto end = behind_prefix(prefix.text())) out += " AND " + side + " < " + parameter(std::move(*end));
        return out;
    }

    std::string behind_in(const Order& order, const Document& place) {
        const std::string side = order_side(order.column);
        if (place.is_null()) return order.descending ? "0 = 1" : quoted(order.column) + " IS NOT NULL";
        if (!order.descending) return side + " > " + parameter(place);
        const std::string less = side + " < " + parameter(place);
        return may_be_empty(order.column) ? "(" + less + " OR " + quoted(order.column) + " IS NULL)" : less;
    }

    const TableSpec& table_;
    const Dialect dialect_;
};

std::string columns_of(const TableSpec& table) {
    std::string out;
    for (const Field& field : table.row->fields) out += (out.empty() ? "" : ", ") + quoted(field.name);
    return out;
}

}  // namespace

Dialect engine_dialect(std::string_view engine) {
    if (engine == "sqlite") return Dialect::sqlite;
    if (engine == "postgres") return Dialect::postgres;
    throw Error(Code::unsupported, "the store " + std::string(engine) +
                                       " speaks a dialect of SQL that Cairn has no words in: it knows sqlite and postgres");
}

Query selection_sql(const Selection& selection, Dialect dialect) {
    check_selection(selection);
    const TableSpec& table = *selection.table;
    Writer writer(table, dialect);
    std::string sql = "SELECT " + columns_of(table) + " FROM " + quoted(table.name) + writer.where(selection) +
                      writer.order_by(full_order(selection));
    if (selection.limit > 0) sql += " LIMIT " + writer.parameter(selection.limit);
    writer.query.sql = std::move(sql);
    writer.query.replica = selection.replica;
    return std::move(writer.query);
}

Query count_sql(const Selection& selection, Dialect dialect) {
    check_selection(selection);
    Writer writer(*selection.table, dialect);
    std::string sql = " FROM " + quoted(selection.table->name) + writer.where(selection);
    if (selection.limit > 0) {
        sql = "SELECT count(*) FROM (SELECT 1" + sql + " LIMIT " + writer.parameter(selection.limit) + ") AS chosen";
    } else {
        sql = "SELECT count(*)" + sql;
    }
    writer.query.sql = std::move(sql);
    writer.query.replica = selection.replica;
    return std::move(writer.query);
}

Query rows_by_key_sql(const TableSpec& table, std::span<const std::string_view> keys, Dialect dialect) {
    Writer writer(table, dialect);
    std::string sql;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Document key = Document::parse_json(keys[i]);
        std::string all;
        for (const std::string& column : table.key) {
            all += (all.empty() ? "" : " AND ") + writer.equal_side(column) + " = " + writer.parameter(key[column]);
        }
        sql += (i == 0 ? "SELECT " : " UNION ALL SELECT ") + std::to_string(i) + " AS cairn_key, " + columns_of(table) +
               " FROM " + quoted(table.name) + " WHERE " + all;
    }
    writer.query.sql = std::move(sql);
    return std::move(writer.query);
}

}  // namespace cairn::core
