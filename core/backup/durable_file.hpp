#pragma once

#include <cstddef>
#include <string>

namespace cairn::core {

/// Writes a small file so that after any crash it is there as a whole or not at all: `<path>.tmp`, fsync, rename, fsync
/// of the folder. Mode 0600. Throws Error(unavailable) that names the path. [worker]
void write_durably(const std::string& path, const std::string& content);
/// The content, at most `limit` bytes. Throws Error(not_found | too_large | unavailable). [worker]
std::string read_file(const std::string& path, std::size_t limit = 4u << 20);
/// Removes a file; false when there was none. Durable with the next sync_folder(). Throws Error(unavailable). [worker]
bool remove_file(const std::string& path);
/// Throws Error(unavailable). [worker]
void sync_folder(const std::string& folder);
/// Makes a folder (mode 0700) and those above it. Throws Error(unavailable) with the cure; `what` names it. [worker]
void make_folder(const std::string& folder, const std::string& what);

}  // namespace cairn::core
