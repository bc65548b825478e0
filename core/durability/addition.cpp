#include "core/durability/addition.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <set>

#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "core/durability/catch_up.hpp"
#include "core/durability/row_codec.hpp"
#include "core/durability/selection_sql.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kAtOnce = 16;  // keys in one question

const Type& plain(const Type& type) noexcept {
    return type.kind == Kind::optional ? plain(*type.element) : type;
}

[[noreturn]] void out_of_range(const TableSpec& table, const Field& field, const Document& old, const Document& amount) {
    throw Error(Code::conflict, "table " + table.name + ": " + old.to_json() + " and " + amount.to_json() +
                                    " come to more than column " + field.name + " can hold");
}

Document sum_of_integers(const TableSpec& table, const Field& field, const Document& old, const Document& amount) {
    const Type& type = plain(*field.type);
    std::int64_t sum = 0;
    if (!(old.is_integer() || old.is_null()) || !amount.is_integer() ||
        __builtin_add_overflow(old.integer_or(0), amount.integer_or(0), &sum)) {
        out_of_range(table, field, old, amount);
    }
    std::int64_t least = INT64_MIN;
    std::int64_t most = INT64_MAX;
    const bool is_signed = type.kind == Kind::duration || (type.kind == Kind::integer && type.is_signed);
    const int bits = type.kind == Kind::integer ? type.width * 8 : 64;
    if (!is_signed) least = 0;
    if (bits < 64) {
        most = (std::int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
        if (is_signed) least = -most - 1;
    }
    if (sum < least || sum > most) out_of_range(table, field, old, amount);
    return sum;
}

Document sum_of_numbers(const TableSpec& table, const Field& field, const Document& old, const Document& amount) {
    const double sum = old.number_or(0) + amount.number_or(0);
    if (!std::isfinite(sum)) out_of_range(table, field, old, amount);
    if (field.precision <= 0) return sum;
    std::string rounded;  // as a row is written
    write_json_number(rounded, sum, field.precision);
    return Document::parse_json(rounded);
}

/// Amounts may be merged without bounds; only what a row comes to has them.
Document sum_of_amounts(const Document& a, const Document& b) {
    if (!a.is_integer() || !b.is_integer()) return a.number_or(0) + b.number_or(0);
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a.integer_or(0), b.integer_or(0), &sum)) return sum;
    return b.integer_or(0) > 0 ? INT64_MAX : INT64_MIN;
}

std::string initial_row(const TableSpec& table, const Document& row) {
    std::string text = row.to_json();
    complete_row(*table.row, text);  // a journal may be older than a column
    return text;
}

/// An object of a described type.
class Object {
public:
    explicit Object(const StructType& type)
        : type_(type), place_(::operator new(type.size, std::align_val_t(type.alignment))) {
        type_.construct(place_);
    }
    ~Object() {
        type_.destroy(place_);
        ::operator delete(place_, std::align_val_t(type_.alignment));
    }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    void* get() noexcept { return place_; }

private:
    const StructType& type_;
    void* place_;
};

}  // namespace

std::string followed_by(const TableSpec& table, std::string_view earlier, std::string_view addition) {
    const Document added = Document::parse_json(addition_json(addition));
    const Document& amounts = added.items()[0];
    if (is_addition(earlier)) {
        const Document before = Document::parse_json(addition_json(earlier));
        Document sums = before.items()[0];
        for (const Document::Member& amount : amounts.members()) {
            const Document* other = sums.find(amount.key);
            sums.set(amount.key, other == nullptr ? amount.value : sum_of_amounts(*other, amount.value));
        }
        return "+" + Document::list({std::move(sums), before.items()[1]}).to_json();
    }
    Document row = Document::parse_json(earlier.empty() ? initial_row(table, added.items()[1]) : std::string(earlier));
    for (const Document::Member& amount : amounts.members()) {
        const Field* field = table.row->find(amount.key);
        if (field == nullptr) continue;  // of a journal that is older than the column's end
        const Document old = row[amount.key];
        row.set(amount.key, plain(*field->type).kind == Kind::number
                                ? sum_of_numbers(table, *field, old, amount.value)
                                : sum_of_integers(table, *field, old, amount.value));
    }
    return row.to_json();
}

bool AdditionResolver::needed(std::span<const Change> changes) noexcept {
    return std::any_of(changes.begin(), changes.end(), [](const Change& change) { return change.adds(); });
}

void AdditionResolver::find_in(const Rows& rows, const TableSpec& table, std::span<const std::string_view> keys) {
    std::map<std::string, const Document*> by_key;
    for (const Document& row : rows) {
        Document key = Document::map();
        for (const std::string& column : table.key) key.set(column, row[column]);
        by_key.emplace(key.to_json(), &row);
    }
    for (const std::string_view key : keys) {
        const auto found = by_key.find(Document::parse_json(key).to_json());
        if (found != by_key.end()) rows_.find(Key{&table, key})->second = found->second->to_json();
    }
}

bool AdditionResolver::read(services::Store& store, std::uint64_t applied,
                            const std::function<Rows(const TableSpec& table)>& rows) {
    std::map<Key, bool> first;  // of each key that is added to: does an addition come before everything else?
    for (const std::vector<Change>* changes : taken_) {
        for (const Change& change : *changes) {
            if (change.adds()) rows_.try_emplace(Key{change.table, change.key});
        }
    }
    std::map<const TableSpec*, std::vector<std::string_view>> wanted;
    for (const std::vector<Change>* changes : taken_) {
        for (const Change& change : *changes) {
            const Key key{change.table, change.key};
            if (rows_.find(key) == rows_.end()) continue;
            if (first.try_emplace(key, change.adds()).second && change.adds()) wanted[change.table].push_back(change.key);
        }
    }
    // A store that an error has closed opens here again, or says at once that it cannot.
    if (store.watermark().seq != applied) return false;
    for (const auto& of_table : wanted) {
        const TableSpec* const table = of_table.first;
        const std::vector<std::string_view>& keys = of_table.second;
        if (rows) {
            find_in(rows(*table), *table, keys);
            continue;
        }
        for (std::size_t at = 0; at < keys.size();) {
            const std::size_t count = keys.size() - at >= kAtOnce ? kAtOnce : 1;
            const std::span<const std::string_view> some(keys.data() + at, count);
            std::optional<RowDecoder> decoder;
            store.query(rows_by_key_sql(*table, some, engine_dialect(store.engine())),
                        [&](std::span<const std::string> columns, std::span<const Document> values) {
                            if (!decoder) decoder.emplace(*table->row, columns);
                            Object row(*table->row);
                            decoder->decode(values, row.get());
                            const auto index = static_cast<std::size_t>(values[0].integer_or(0));
                            std::string& text = rows_.find(Key{table, some[index]})->second;
                            text.clear();
                            write_json(text, *table->row, row.get());
                            return true;
                        });
            at += count;
        }
    }
    // Looked at behind the rows: as the number only grows, they were read at it.
    return store.watermark().seq == applied;
}

const std::vector<Change>& AdditionResolver::resolve(const std::vector<Change>& changes) {
    std::vector<Change>& made = resolved_.emplace_back();
    made.reserve(changes.size());
    for (const Change& change : changes) {
        const auto row = rows_.find(Key{change.table, change.key});
        if (row == rows_.end()) {
            made.push_back(change);
            continue;
        }
        row->second = change.adds() ? followed_by(*change.table, row->second, change.row) : change.row;
        made.push_back({change.table, change.key, row->second});
    }
    return made;
}

}  // namespace cairn::core
