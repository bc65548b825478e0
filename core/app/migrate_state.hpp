#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/services/store.hpp>

namespace cairn::core {

/// Where one migration stands: what the database holds against what this installation has.
enum class MigrationState : std::uint8_t {
    applied,
    pending,  ///< the next start applies it
    changed,  ///< applied, and the file reads differently today
    late,     ///< never applied, though a later number of the same plugin was
    unknown,  ///< applied, and this installation has no such file: the database is newer
    idle,     ///< applied for a plugin that is not in this configuration; left alone
};

struct MigrationRow {
    std::string plugin;
    int number = 0;
    std::string what;
    MigrationState state = MigrationState::pending;
    std::optional<WallTime> applied_at;
    const services::Migration* file = nullptr;  ///< among `known`; null for unknown and idle
};

/// Compares. Rows come in the order of `known`, a plugin's unknown ones after its known ones, idle ones last. `known` must
/// outlive the rows. [any]
std::vector<MigrationRow> compare_migrations(std::span<const services::AppliedMigration> applied,
                                             std::span<const services::Migration> known);

/// The rows that the next `migrate` would apply, in its order. [any]
std::vector<const services::Migration*> pending_migrations(std::span<const MigrationRow> rows);
/// True when `migrate` refuses to apply anything because of one of these rows. [any]
bool migrations_refused(std::span<const MigrationRow> rows);

/// The migrations to take back, newest first. `plugin` empty: the one that was applied last of all; else the plugin's
/// newest, and with `to` all of its numbers above. Throws Error(conflict) that names the cure when one of them cannot be
/// taken back: the database is newer, the file was changed, it has no down file; Error(not_found) when there is nothing
/// to take back, or the plugin has no migrations. [any]
std::vector<const services::Migration*> migrations_to_take_back(std::span<const MigrationRow> rows,
                                                                const std::string& plugin, std::optional<int> to);

/// "pending" and so on. [any]
std::string_view migration_state_name(MigrationState state) noexcept;
/// "0007". [any]
std::string migration_digits(int number);
/// "sql/world/sqlite/0001_spaces.sql". [any]
std::string migration_file(std::string_view engine, const MigrationRow& row);
std::string migration_file(std::string_view engine, const services::Migration& migration, std::string_view ending = ".sql");
/// "2026-11-21 07:15:02 UTC". [any]
std::string migration_time(WallTime at);
/// The lines of a down file that say what it loses: those of its comment from "Loses data" on, without the dashes; empty
/// when it says nothing of the kind. [any]
std::string migration_loss(std::string_view down);

}  // namespace cairn::core
