#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/storage.hpp>

#include "core/durability/journal.hpp"
#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// The tables that plugins declare, by name.
class TableNames {
public:
    explicit TableNames(std::span<const TableSpec* const> tables);
    const TableSpec* find(std::string_view name) const noexcept;

private:
    std::unordered_map<std::string_view, const TableSpec*> tables_;
};

/// What reading a journal ahead tells.
struct JournalOutlook {
    std::map<std::uint64_t, std::string> refused;  ///< numbers of commits that the store has refused, and why
    std::map<std::string, std::size_t> unknown;    ///< tables that nobody declares, and how many changes they have
    std::size_t commits = 0;
};

/// Reads everything from `from` on. Throws JournalError; with `allow_loss` what cannot be read is logged and passed
/// over. [control]
JournalOutlook look_ahead(const std::string& folder, std::uint64_t from, const TableNames& tables, bool allow_loss);

/// Adds to `row`, a JSON object, those columns of the table that it lacks, with their described defaults: a journal may
/// be older than a column. Throws Error(internal) when it is no object.
void complete_row(const StructType& type, std::string& row);

/// Reads commits back from the journal as they were admitted.
class CatchUp {
public:
    /// `complete_to`: rows of commits up to that number may have been written by an older program and are completed.
    CatchUp(const std::string& folder, std::uint64_t from, const TableNames& tables, std::uint64_t complete_to,
            bool allow_loss);

    /// Appends commits up to the number `limit` until they have `rows` changes together. Returns the number of the last
    /// one read so far (`from` - 1: none). Throws JournalError where commits cannot be read, unless losses are allowed.
    std::uint64_t read(std::vector<PendingCommit>& out, std::size_t rows, std::uint64_t limit);

private:
    PendingCommit to_commit(const JournalEntry& entry) const;

    JournalReader reader_;
    const TableNames& tables_;
    const std::uint64_t complete_to_;
    const bool allow_loss_;
    std::uint64_t last_;
};

}  // namespace cairn::core
