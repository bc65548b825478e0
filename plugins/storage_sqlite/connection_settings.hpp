#pragma once

#include <cairn/values.hpp>

#include "plugins/storage_sqlite/connection.hpp"

namespace cairn::storage_sqlite {

struct WriterSettings {
    Bytes cache;
    bool relaxed = false;  ///< synchronous=NORMAL: consistent always, but a power loss may take the last commits
};

/// Refuses a database that is not ours or newer than this program, before anything in it is changed.
/// Throws Error(internal) with the cure.
void check_owner(Connection& writer, const std::string& file);
/// The settings of reliability.md 5.7 in that order, read back where SQLite may decline silently (WAL, synchronous).
/// There is one writer per process and file: SQLite before 3.51.3 may lose a commit when two connections write and
/// checkpoint at the same moment, and Debian 12 has 3.40.1.
void configure_writer(Connection& writer, const WriterSettings& settings, const std::string& file);
/// Our own tables: applied migrations and the watermark.
void make_own_tables(Connection& writer);
/// Readers never write and never checkpoint, not even when they close.
void configure_reader(Connection& reader);

}  // namespace cairn::storage_sqlite
