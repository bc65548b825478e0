#include "plugins/storage_sqlite/row_statement.hpp"

#include <charconv>
#include <cstdlib>

#include <cairn/error.hpp>

namespace cairn::storage_sqlite {
namespace {

/// Forgets what was bound, whatever happens: it belongs to the caller.
class ResetAtEnd {
public:
    explicit ResetAtEnd(Statement& statement) noexcept : statement_(statement) {}
    ~ResetAtEnd() { statement_.reset(); }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;

private:
    Statement& statement_;
};

/// Whole numbers beyond 64 bits become REAL, as SQLite itself reads them; what is too large even for that, infinity.
void bind_number(Statement& statement, int index, std::string_view text) {
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    const auto as_whole = std::from_chars(text.data(), end, whole);
    if (as_whole.ec == std::errc() && as_whole.ptr == end) return statement.bind(index, whole);
    double number = 0;
    const auto as_number = std::from_chars(text.data(), end, number);
    if (as_number.ec != std::errc()) number = std::strtod(std::string(text).c_str(), nullptr);
    statement.bind_number(index, number);
}

}  // namespace

void RowStatement::bind(std::size_t column, const Member& member) {
    const int index = static_cast<int>(column) + 1;
    if (member.held == Held::nothing) return statement_.bind_null(index);
    if (columns_[column].is_document) return statement_.bind_view(index, compacted(member.value, spare_[column]));
    switch (member.held) {
        case Held::nothing:
        case Held::truth:
        case Held::falsehood:
            return statement_.bind(index, std::int64_t{member.held == Held::truth});
        case Held::number:
            return bind_number(statement_, index, member.value);
        case Held::text:
            return statement_.bind_view(index,
                                        unescaped(member.value.substr(1, member.value.size() - 2), spare_[column]));
        case Held::nested:
            return statement_.bind_view(index, compacted(member.value, spare_[column]));
    }
}

void RowStatement::bind(std::string_view row) {
    bound_.assign(columns_.size(), 0);
    RowReader reader(row);
    Member member;
    std::size_t expected = 0;  // the members come in the order of the columns, unless somebody else wrote them
    while (reader.next(member)) {
        std::size_t column = expected;
        if (column >= columns_.size() || columns_[column].name != member.name) {
            for (column = 0; column < columns_.size() && columns_[column].name != member.name;) ++column;
            if (column == columns_.size()) continue;
        }
        expected = column + 1;
        if (bound_[column] != 0) continue;
        bound_[column] = 1;
        bind(column, member);
    }
    if (!reader.whole()) throw Error(Code::conflict, "a row is not JSON");
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        if (bound_[column] == 0) statement_.bind_null(static_cast<int>(column) + 1);
    }
}

void RowStatement::run(std::span<const std::string_view> rows) {
    if (rows.empty()) return;
    const ResetAtEnd reset(statement_);
    for (const std::string_view row : rows) {
        bind(row);
        while (statement_.step()) {
        }
        statement_.again();
    }
}

}  // namespace cairn::storage_sqlite
