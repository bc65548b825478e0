#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::storage_sqlite {

/// The name of the network file system with this statfs(2) magic, empty for all others. SQLite's locks and shared
/// memory do not hold there (sqlite.org/wal.html, "all processes must be on the same host"). [any]
std::string_view network_file_system(std::uint64_t magic) noexcept;

/// Throws Error(forbidden) with the cure when the folder of `file` is missing or on a network share.
void check_folder(const std::string& file);
/// Throws Error(forbidden) with the cure when `file` is not a regular file or may not be read and written. Makes a missing
/// file, readable by its owner only.
void check_place(const std::string& file);

/// Holds `<file>.lock` by flock(2), so that no second server writes to the same database: SQLite 3.40 may lose a commit
/// when two connections write and checkpoint at once (sqlite.org/wal.html#walresetbug). Not the database file itself:
/// to close any descriptor of that in this process would drop SQLite's own locks.
class FileLock {
public:
    /// Throws Error(forbidden) when another process holds it.
    explicit FileLock(const std::string& file);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

private:
    int descriptor_ = -1;
};

/// fsync of a file or folder by name. Throws Error(unavailable).
void sync_path(const std::string& path);
/// The folder that holds `path`.
std::string folder_of(const std::string& path);
/// Renames without overwriting; throws Error(conflict) when `to` exists, Error(unavailable) on other trouble.
void rename_new(const std::string& from, const std::string& to);
/// What an ordinary user may still write to the file system of `folder`, in bytes; the greatest number when that cannot be
/// told.
std::uint64_t free_bytes(const std::string& folder) noexcept;
/// Bytes, or 0 when there is no such file.
std::uint64_t file_size(const std::string& path) noexcept;

}  // namespace cairn::storage_sqlite
