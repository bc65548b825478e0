#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/services/store.hpp>

namespace cairn::core {

/// Whose migrations are looked for, and in which folder.
struct MigrationOwner {
    std::string plugin;
    std::string share_dir;
};

/// Finds `<share_dir>/sql/<plugin>/<engine>/NNNN_what.sql` for each plugin, in the order of the plugins and numbers, and
/// beside each the NNNN_what.down.sql that takes it back. A migration without one cannot be taken back.
///
/// Numbers have four digits and run from 0001 without a gap, so that a file that got lost is noticed and not skipped.
/// The checksum is that of the first file alone: how something is taken back may still be mended after it was applied.
/// Files and folders of other names are an error as well, but for those that begin with a dot. A plugin without such a
/// folder has no migrations. Throws Error(internal) that names the file and the cure. [control]
std::vector<services::Migration> find_migrations(std::span<const MigrationOwner> owners, std::string_view engine);
/// As above, all in one folder. [control]
std::vector<services::Migration> find_migrations(const std::string& share_dir, std::span<const std::string> plugins,
                                                 std::string_view engine);

/// SHA-256 in 64 lower-case hexadecimal digits. Carriage returns before line feeds do not count, so a checkout with
/// other line ends is the same migration. [any]
std::string migration_checksum(std::string_view sql);

}  // namespace cairn::core
