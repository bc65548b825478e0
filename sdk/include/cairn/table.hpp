#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/export.hpp>
#include <cairn/fields.hpp>
#include <cairn/selection.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn {

/// Appends the key columns of a row as a JSON object. [any]
CAIRN_API void write_key_json(std::string& out, const TableSpec& table, const void* row);

namespace detail {

template <class T>
struct Plain {
    using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
    using type = T;
};

/// Columns that can be compared: everything but what a table keeps as JSON.
template <class T>
inline constexpr bool kComparable = std::is_integral_v<T> || std::is_same_v<T, double> || std::is_same_v<T, std::string> ||
                                    std::is_same_v<T, Duration> || std::is_same_v<T, Bytes>;
/// Columns that can be added to, and what can be added.
template <class T>
inline constexpr bool kCountable = (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, double> ||
                                   std::is_same_v<T, Duration> || std::is_same_v<T, Bytes>;
template <class T>
using Amount = std::conditional_t<std::is_same_v<T, double> || std::is_same_v<T, Duration>, T, std::int64_t>;

/// The value of a column for a condition. Beyond what a database keeps it is a number, which check_selection refuses.
template <class T>
Document column_value(const T& value) {
    if constexpr (std::is_same_v<T, Duration>) return Document(value.count());
    else if constexpr (std::is_same_v<T, Bytes>) return column_value(value.value);
    else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t))
        return value > static_cast<std::uint64_t>(INT64_MAX) ? Document(static_cast<double>(value)) : Document(value);
    else return Document(value);
}
template <class T>
Document column_value(const std::optional<T>& value) {
    return value ? column_value(*value) : Document();
}

/// The column of `table` that describes the member at `offset`. Throws Error(invalid_field) when none does.
CAIRN_API const std::string& column_at(const TableSpec& table, std::size_t offset);
/// `column`, when the row describes it. Throws Error(invalid_field) with the nearest name.
CAIRN_API const std::string& column_named(const TableSpec& table, std::string_view column);
/// Throws Error(invalid_field) unless the key has so many columns.
CAIRN_API void check_key(const TableSpec& table, std::size_t values);
/// What stands in a column of a row.
CAIRN_API Document value_in(const TableSpec& table, const std::string& column, const void* row);
/// Appends a change that adds to a column. `amount`: an integer or a number.
CAIRN_API void append_addition(Commit& commit, const TableSpec& table, const void* row, const std::string& column,
                               const Document& amount);

template <class Row, class Member>
const std::string& column_of(const TableSpec& table, Member Row::*member) {
    const Row& prototype = *static_cast<const Row*>(struct_type<Row>().defaults.get());
    return column_at(table, static_cast<std::size_t>(reinterpret_cast<const char*>(&(prototype.*member)) -
                                                     reinterpret_cast<const char*>(&prototype)));
}

}  // namespace detail

template <class Row>
class Select;

/// What a column is compared with; made by Select::where. Each call returns the selection, so that it goes on.
template <class Row, class Value>
class Where {
public:
    Where(Select<Row>& select, std::string column) : select_(select), column_(std::move(column)) {}

    Select<Row>& is(const Value& value) { return add(Compare::equal, {detail::column_value(value)}); }
    /// Also true where an optional is empty.
    Select<Row>& is_not(const Value& value) { return add(Compare::differs, {detail::column_value(value)}); }
    Select<Row>& less_than(const Value& value) { return add(Compare::less, {detail::column_value(value)}); }
    Select<Row>& at_most(const Value& value) { return add(Compare::at_most, {detail::column_value(value)}); }
    Select<Row>& more_than(const Value& value) { return add(Compare::greater, {detail::column_value(value)}); }
    Select<Row>& at_least(const Value& value) { return add(Compare::at_least, {detail::column_value(value)}); }
    /// Any of them; none when `values` is empty. At most Selection::kMostValues.
    Select<Row>& in(const std::vector<Value>& values) {
        std::vector<Document> made;
        made.reserve(values.size());
        for (const auto& value : values) made.push_back(detail::column_value(Value(value)));
        return add(Compare::among, std::move(made));
    }
    Select<Row>& begins_with(std::string prefix)
        requires std::is_same_v<Value, std::string> || std::is_same_v<Value, Document>
    {
        return add(Compare::begins_with, {Document(std::move(prefix))});
    }
    Select<Row>& is_null() { return add(Compare::is_null, {}); }
    Select<Row>& is_not_null() { return add(Compare::is_not_null, {}); }

private:
    Select<Row>& add(Compare compare, std::vector<Document> values) {
        select_.selection_.conditions.push_back({std::move(column_), compare, std::move(values)});
        return select_;
    }
    Select<Row>& select_;
    std::string column_;
};

/// Rows of a table, chosen without SQL:
///
///     scores_.select().where(&Score::room).is(room).descending(&Score::points).limit(10)
///         .load(space.storage(), [](cairn::Result<std::vector<Score>> rows) { … });
///
/// Members and columns that the row does not describe are an Error at once; everything else that is wrong (a value out of
/// range, an order by a list) is heard by `then` as Error(invalid_field). [any]
template <class Row>
class Select {
public:
    explicit Select(const TableSpec& table) { selection_.table = &table; }

    /// All conditions must hold.
    template <class Member>
    Where<Row, typename detail::Plain<Member>::type> where(Member Row::*member) {
        return {*this, detail::column_of(*selection_.table, member)};
    }
    /// The same by name; the value's type is checked when it runs.
    Where<Row, Document> where(std::string_view column) {
        return {*this, detail::column_named(*selection_.table, column)};
    }
    template <class Member>
    Select& ascending(Member Row::*member) {
        static_assert(detail::kComparable<typename detail::Plain<Member>::type>, "this member has no order");
        return ordered(detail::column_of(*selection_.table, member), false);
    }
    template <class Member>
    Select& descending(Member Row::*member) {
        static_assert(detail::kComparable<typename detail::Plain<Member>::type>, "this member has no order");
        return ordered(detail::column_of(*selection_.table, member), true);
    }
    Select& ascending(std::string_view column) {
        return ordered(detail::column_named(*selection_.table, column), false);
    }
    Select& descending(std::string_view column) {
        return ordered(detail::column_named(*selection_.table, column), true);
    }
    /// Only what comes behind this row in the order: the last one of the page before.
    Select& after(const Row& last) {
        after_ = std::make_shared<const Row>(last);
        return *this;
    }
    /// At most so many rows; 0: all.
    Select& limit(std::size_t rows) {
        selection_.limit = rows;
        return *this;
    }
    /// May be answered from a copy that is a little behind.
    Select& replica() {
        selection_.replica = true;
        return *this;
    }

    /// The rows, in their order.
    void load(Storage& storage, Then<std::vector<Row>> then) const {
        auto rows = std::make_shared<std::vector<Row>>();
        storage.select_erased(
            selection(), [rows]() -> void* { return &rows->emplace_back(); },
            [rows, then = std::move(then)](Result<Done> done) {
                if (done) then(Result<std::vector<Row>>(std::move(*rows)));
                else then(Result<std::vector<Row>>(done.error()));
            });
    }
    /// The first row, if there is one.
    void first(Storage& storage, Then<std::optional<Row>> then) const {
        Selection one = selection();
        one.limit = 1;
        auto found = std::make_shared<std::optional<Row>>();
        storage.select_erased(
            std::move(one), [found]() -> void* { return &found->emplace(); },
            [found, then = std::move(then)](Result<Done> done) {
                if (done) then(Result<std::optional<Row>>(std::move(*found)));
                else then(Result<std::optional<Row>>(done.error()));
            });
    }
    /// How many rows; with a limit no more than that are counted.
    void count(Storage& storage, Then<std::int64_t> then) const { storage.count(selection(), std::move(then)); }
    void exists(Storage& storage, Then<bool> then) const {
        Selection one = selection();
        one.limit = 1;
        storage.count(std::move(one), [then = std::move(then)](Result<std::int64_t> found) {
            if (found) then(Result<bool>(found.value() > 0));
            else then(Result<bool>(found.error()));
        });
    }

    /// As plain data.
    Selection selection() const {
        Selection made = selection_;
        if (!after_) return made;
        for (const Order& order : full_order(made)) {
            made.after.push_back(detail::value_in(*made.table, order.column, after_.get()));
        }
        return made;
    }

private:
    template <class, class>
    friend class Where;

    Select& ordered(std::string column, bool descending) {
        selection_.order.push_back({std::move(column), descending});
        return *this;
    }

    Selection selection_;
    std::shared_ptr<const Row> after_;
};

/// The values of a table's key columns, in the order in which the table was declared: `{space, player}`.
struct Key {
    std::vector<Document> values;

    template <class... Values>
        requires(sizeof...(Values) > 0 && !(std::is_same_v<std::remove_cvref_t<Values>, Key> || ...))
    Key(const Values&... parts) : values{detail::column_value(parts)...} {}
};

/// Handle to a declared table. Cheap to copy.
template <class Row>
class Table {
public:
    Table() = default;
    explicit Table(const TableSpec& spec) noexcept : spec_(&spec) {}

    /// Inserts or replaces the whole row.
    void put(Commit& commit, const Row& row) const {
        Change change;
        change.table = spec_;
        write_key_json(change.key, *spec_, &row);
        write_json(change.row, struct_type<Row>(), &row);
        commit.changes().push_back(std::move(change));
    }
    /// Erases the row with the key of `row`; other columns do not matter.
    void erase(Commit& commit, const Row& row) const {
        Change change;
        change.table = spec_;
        write_key_json(change.key, *spec_, &row);
        commit.changes().push_back(std::move(change));
    }
    /// Adds `amount` (which may be negative) to a number of the row with the key of `row`, whatever it is by then: nothing
    /// is read first, and of many spaces that add to the same row nothing is lost. When there is no such row, `row` is put
    /// and then added to. An empty optional counts as 0. Throws Error(invalid_field) for a member that is not described, a
    /// key column, and amounts that are not finite or beyond 2^53.
    ///
    /// What the number comes to is settled when the store gets it. A result that its type cannot hold is refused then as
    /// if a constraint had refused it, with the whole commit.
    template <class Member>
        requires detail::kCountable<typename detail::Plain<Member>::type>
    void add(Commit& commit, const Row& row, Member Row::*member,
             detail::Amount<typename detail::Plain<Member>::type> amount) const {
        detail::append_addition(commit, *spec_, &row, detail::column_of(*spec_, member), detail::column_value(amount));
    }

    /// The row with this key, if there is one. Throws Error(invalid_field) when the table has more or fewer key columns.
    void find(Storage& storage, const Key& key, Then<std::optional<Row>> then) const {
        detail::check_key(*spec_, key.values.size());
        Select<Row> rows(*spec_);
        for (std::size_t i = 0; i < key.values.size(); ++i) rows.where(spec_->key[i]).is(key.values[i]);
        rows.first(storage, std::move(then));
    }
    /// Chooses rows by their columns.
    Select<Row> select() const { return Select<Row>(*spec_); }
    /// Every row, in the order of the keys.
    void load(Storage& storage, Then<std::vector<Row>> then) const { select().load(storage, std::move(then)); }

    const TableSpec& spec() const noexcept { return *spec_; }

private:
    const TableSpec* spec_ = nullptr;
};

}  // namespace cairn
