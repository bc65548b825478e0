// What may stand in a Selection.
#include <cairn/selection.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <cairn/error.hpp>
#include <cairn/storage.hpp>
#include <cairn/text.hpp>

namespace cairn {
namespace {

std::string about(const TableSpec& table) {
    return (table.plugin.empty() ? std::string() : "plugin " + table.plugin + ", ") + "table " + table.name + ": ";
}

[[noreturn]] void refuse(const TableSpec& table, const std::string& column, const std::string& wrong) {
    throw Error(Code::invalid_field, about(table) + wrong).at(column);
}

const Type& plain(const Type& type) noexcept {
    return type.kind == Kind::optional ? plain(*type.element) : type;
}

bool has_order(const Type& type) noexcept {
    switch (plain(type).kind) {
        case Kind::boolean:
        case Kind::integer:
        case Kind::number:
        case Kind::text:
        case Kind::duration:
        case Kind::size:
            return true;
        default:
            return false;
    }
}

std::string_view kept_as(const Type& type) noexcept {
    switch (plain(type).kind) {
        case Kind::secret: return "a secret";
        case Kind::vector: return "a vector";
        case Kind::rate: return "a rate";
        case Kind::list: return "a list";
        case Kind::map: return "a map";
        case Kind::structure: return "a struct";
        default: return "a document";
    }
}

const Field& field_of(const TableSpec& table, std::string_view column) {
    if (const Field* field = table.row->find(column)) return *field;
    std::vector<std::string_view> names;
    for (const Field& field : table.row->fields) names.push_back(field.name);
    const std::string_view near = nearest_name(column, names);
    std::string list;
    for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    refuse(table, std::string(column),
           "its row describes no column '" + std::string(column) + "'; " +
               (near.empty() ? "there are: " + list : "did you mean '" + std::string(near) + "'?"));
}

struct Range {
    std::int64_t least;
    std::int64_t most;
};

Range range_of(const Type& type) noexcept {
    if (type.kind == Kind::size) return {0, INT64_MAX};
    if (type.kind != Kind::integer || type.width >= 8) {
        return {type.kind == Kind::integer && !type.is_signed ? 0 : INT64_MIN, INT64_MAX};
    }
    const int bits = type.width * 8;
    if (!type.is_signed) return {0, (std::int64_t{1} << bits) - 1};
    return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
}

void check_value(const TableSpec& table, const Field& field, const Document& value) {
    const auto wrong = [&](const std::string& expected) {
        std::string shown = value.to_json();
        if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
        refuse(table, field.name, "column " + field.name + " is compared with " + shown + ", expected " + expected);
    };
    const Type& type = plain(*field.type);
    switch (type.kind) {
        case Kind::boolean:
            if (!value.is_boolean()) wrong("true or false");
            return;
        case Kind::number:
            if (!value.is_number() || !std::isfinite(value.number_or(0))) wrong("a finite number");
            return;
        case Kind::text:
            if (!value.is_text()) wrong("text");
            if (!code_points(value.text())) wrong("valid UTF-8");
            if (value.text().find('\0') != std::string_view::npos) wrong("text without U+0000, which no database keeps");
            return;
        default: {
            const Range range = range_of(type);
            if (!value.is_integer() || value.integer_or(0) < range.least || value.integer_or(0) > range.most) {
                wrong(std::string(type.kind == Kind::duration ? "milliseconds, "
                                  : type.kind == Kind::size   ? "bytes, "
                                                              : "") +
                      "an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most));
            }
        }
    }
}

void check_condition(const TableSpec& table, const Condition& condition) {
    const Field& field = field_of(table, condition.column);
    const bool takes_none = condition.compare == Compare::is_null || condition.compare == Compare::is_not_null;
    const bool takes_many = condition.compare == Compare::among;
    if (takes_none ? !condition.values.empty() : !takes_many && condition.values.size() != 1) {
        refuse(table, field.name, "column " + field.name + " is compared with " + std::to_string(condition.values.size()) +
                                      " values, expected " + (takes_none ? "none" : "one"));
    }
    if (takes_none) return;
    if (condition.values.size() > Selection::kMostValues) {
        refuse(table, field.name, "column " + field.name + " is compared with " + std::to_string(condition.values.size()) +
                                      " values; at most " + std::to_string(Selection::kMostValues) +
                                      " go into one question: ask in pieces");
    }
    if (!has_order(*field.type)) {
        refuse(table, field.name, "column " + field.name + " is " + std::string(kept_as(*field.type)) +
                                      ", which can only be looked at for is_null: keep what you search by in a column of "
                                      "its own");
    }
    if (condition.compare == Compare::begins_with && plain(*field.type).kind != Kind::text) {
        refuse(table, field.name, "column " + field.name + " is no text: begins_with goes with text");
    }
    const bool takes_null =
        takes_many || condition.compare == Compare::equal || condition.compare == Compare::differs;
    for (const Document& value : condition.values) {
        if (value.is_null() && !takes_null) {
            refuse(table, field.name, "column " + field.name + " is compared with null, which is neither less nor greater "
                                      "than anything: use is_null");
        }
        if (!value.is_null()) check_value(table, field, value);
    }
}

}  // namespace

std::vector<Order> full_order(const Selection& selection) {
    std::vector<Order> order = selection.order;
    for (const std::string& key : selection.table->key) {
        const bool named =
            std::any_of(order.begin(), order.end(), [&](const Order& other) { return other.column == key; });
        if (!named) order.push_back({key, false});
    }
    return order;
}

void check_selection(const Selection& selection) {
    if (selection.table == nullptr || selection.table->row == nullptr) {
        throw Error(Code::invalid_field, "a selection names no table: make it by Table::select");
    }
    const TableSpec& table = *selection.table;
    for (const Condition& condition : selection.conditions) check_condition(table, condition);
    const std::vector<Order> order = full_order(selection);
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Field& field = field_of(table, order[i].column);
        if (!has_order(*field.type)) {
            refuse(table, field.name, "column " + field.name + " is " + std::string(kept_as(*field.type)) +
                                          ", which has no order: order by another column");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (order[j].column == field.name) {
                refuse(table, field.name, "column " + field.name + " stands twice in the order: take one out");
            }
        }
    }
    if (selection.after.empty()) return;
    if (selection.after.size() != order.size()) {
        refuse(table, "after", "the place to go on behind has " + std::to_string(selection.after.size()) +
                                   " values, the order " + std::to_string(order.size()) +
                                   " columns: give one for each column of full_order()");
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Field& field = field_of(table, order[i].column);
        if (selection.after[i].is_null() && field.type->kind == Kind::optional) continue;
        check_value(table, field, selection.after[i]);
    }
}

namespace detail {

const std::string& column_at(const TableSpec& table, std::size_t offset) {
    for (const Field& field : table.row->fields) {
        if (field.offset == offset) return field.name;
    }
    throw Error(Code::invalid_field, about(table) + "describe() names no column for this member of the row: describe it, "
                                                    "or choose by another");
}

const std::string& column_named(const TableSpec& table, std::string_view column) {
    return field_of(table, column).name;
}

void check_key(const TableSpec& table, std::size_t values) {
    if (values == table.key.size()) return;
    std::string columns;
    for (const std::string& column : table.key) columns += (columns.empty() ? "" : ", ") + column;
    throw Error(Code::invalid_field, about(table) + "its key is (" + columns + "), and " + std::to_string(values) +
                                         (values == 1 ? " value was" : " values were") + " given: give one for each column");
}

}  // namespace detail
}  // namespace cairn
