#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/storage_sqlite/connection.hpp"
#include "plugins/storage_sqlite/row_reader.hpp"

namespace cairn::storage_sqlite {

/// A column that a parameter stands for: `?1` for the first, and so on.
struct RowColumn {
    std::string name;
    bool is_document = false;  ///< takes every value as JSON, also a text (in quotes)
};

/// A prepared statement that is run once for each of many rows given as JSON objects. Members become values: text as it is, numbers
/// as INTEGER or REAL, true and false as 1 and 0, arrays and objects as JSON text, null and missing as NULL; members
/// without a column are passed over, of two with one name the first counts.
///
/// Each value is bound as it stands in the row, without a copy.
class RowStatement {
public:
    RowStatement() = default;
    RowStatement(Statement statement, std::vector<RowColumn> columns)
        : statement_(std::move(statement)), columns_(std::move(columns)), spare_(columns_.size()), bound_(columns_.size()) {}

    /// Throws SqliteError, and Error(conflict) when a row is no JSON object.
    void run(std::span<const std::string_view> rows);

private:
    void bind(std::string_view row);
    void bind(std::size_t column, const Member& member);

    Statement statement_;
    std::vector<RowColumn> columns_;
    std::vector<std::string> spare_;  ///< per column, for texts that cannot be bound as they stand
    std::vector<char> bound_;         ///< per column, of the present row
};

}  // namespace cairn::storage_sqlite
