#include <cairn/storage.hpp>

#include <algorithm>
#include <cmath>

#include <cairn/json.hpp>

#include "json_members.hpp"

namespace cairn {

Commit& Commit::by(std::string actor) {
    actor_ = std::move(actor);
    return *this;
}

Commit& Commit::operation(std::string op_id) {
    operation_ = std::move(op_id);
    return *this;
}

Commit& Commit::answer(std::string json) {
    answer_ = std::move(json);
    return *this;
}

void Storage::select_erased(Selection, std::function<void*()>, Then<Done> then) {
    if (then) then(Error(Code::unsupported, "this storage answers no selections"));
}

void Storage::count(Selection, Then<std::int64_t> then) {
    if (then) then(Error(Code::unsupported, "this storage answers no selections"));
}

void write_key_json(std::string& out, const TableSpec& table, const void* row) {
    out += '{';
    bool first = true;
    for (const std::string& column : table.key) {
        const Field* field = table.row->find(column);
        if (field == nullptr) {
            throw Error(Code::internal, "table " + table.name + " has the key column " + column +
                                            ", but its row describes no member of that name");
        }
        if (!first) out += ',';
        first = false;
        write_json_text(out, column);
        out += ':';
        detail::write_member(out, *field, *field->type, static_cast<const char*>(row) + field->offset);
    }
    out += '}';
}

namespace detail {
namespace {

constexpr double kLargestAmount = 9007199254740992.0;  // 2^53: exact as a number and as an integer

const Type& plain(const Type& type) noexcept {
    return type.kind == Kind::optional ? plain(*type.element) : type;
}

}  // namespace

Document value_in(const TableSpec& table, const std::string& column, const void* row) {
    const Field* field = table.row->find(column);
    if (field == nullptr) return {};
    // As it is kept, so rounded to the described precision.
    std::string json;
    write_member(json, *field, *field->type, static_cast<const char*>(row) + field->offset);
    return Document::parse_json(json);
}

void append_addition(Commit& commit, const TableSpec& table, const void* row, const std::string& column,
                     const Document& amount) {
    const auto refuse = [&](const std::string& wrong) {
        throw Error(Code::invalid_field, (table.plugin.empty() ? std::string() : "plugin " + table.plugin + ", ") +
                                             "table " + table.name + ": " + wrong)
            .at(column);
    };
    const Field* field = table.row->find(column);
    const Kind kind = field == nullptr ? Kind::any : plain(*field->type).kind;
    if (kind != Kind::integer && kind != Kind::number && kind != Kind::duration && kind != Kind::size) {
        refuse("column " + column + " is no number: nothing can be added to it");
    }
    if (std::find(table.key.begin(), table.key.end(), column) != table.key.end()) {
        refuse("column " + column + " is part of the key, which does not change: put another row instead");
    }
    if (!amount.is_number() || !(std::abs(amount.number_or(0)) <= kLargestAmount)) {
        refuse("what is added to column " + column + " has to be a finite number up to 2^53, not " + amount.to_json());
    }
    Change change;
    change.table = &table;
    write_key_json(change.key, table, row);
    change.row = "+[{";
    write_json_text(change.row, column);
    change.row += ':';
    amount.write_json(change.row);
    change.row += "},";
    write_json(change.row, *table.row, row);
    change.row += ']';
    commit.changes().push_back(std::move(change));
}

}  // namespace detail
}  // namespace cairn
