#pragma once

#include <string>

#include "plugins/storage_sqlite/connection.hpp"

namespace cairn::storage_sqlite {

/// Copies the database as `reader` sees it at one moment to `path`, which must not exist, and comes back when the copy
/// is on disk: `<path>.tmp` is written, fsynced, then renamed. The copy is one file without a write-ahead log. The
/// writer goes on meanwhile. Throws SqliteError, or Error(conflict) when `path` exists, Error(unavailable).
void write_backup(Connection& reader, const std::string& path);

}  // namespace cairn::storage_sqlite
