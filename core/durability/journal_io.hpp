#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace cairn::core {

/// The system calls that the journal makes, so that tests can let the n-th one fail.
struct JournalCalls {
    int (*open)(const char* path, int flags, mode_t mode);
    ssize_t (*pread)(int fd, void* data, std::size_t size, off_t at);
    ssize_t (*pwrite)(int fd, const void* data, std::size_t size, off_t at);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*fallocate)(int fd, off_t size);  ///< reserves space from the beginning; -1 and errno, unlike posix_fallocate
    int (*ftruncate)(int fd, off_t size);
    int (*rename)(const char* from, const char* to);
    int (*link)(const char* from, const char* to);
    int (*unlink)(const char* path);
    int (*mkdir)(const char* path, mode_t mode);
};

const JournalCalls& system_calls() noexcept;

namespace journal_io {

/// What a call answered; what() says which call on which file.
using Failure = std::system_error;

/// An open file. Errors are thrown as Failure; EINTR and short counts are gone on from.
class File {
public:
    File() = default;
    File(const JournalCalls& calls, std::string path, int flags);
    ~File();
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;

    bool is_open() const noexcept { return fd_ >= 0; }
    const std::string& path() const noexcept { return path_; }
    void set_path(std::string path) { path_ = std::move(path); }
    std::uint64_t size() const;
    /// Reads up to `size` bytes; less only at the end of the file.
    std::size_t read(void* data, std::size_t size, std::uint64_t at) const;
    /// `written`, when given, says afterwards how much was written, also when it throws.
    void write(const void* data, std::size_t size, std::uint64_t at, std::size_t* written = nullptr) const;
    /// Zeros from `begin` to `end`.
    void write_zeros(std::uint64_t begin, std::uint64_t end) const;
    void sync_data() const;
    /// Makes the file at least so large, with space for all of it.
    void allocate(std::uint64_t size) const;
    void truncate(std::uint64_t size) const;

private:
    const JournalCalls* calls_ = nullptr;
    std::string path_;
    int fd_ = -1;
};

std::vector<std::uint8_t> read_all(const File& file);
std::vector<std::uint8_t> read_all(const JournalCalls& calls, const std::string& path);
void sync_folder(const JournalCalls& calls, const std::string& folder);
void rename_file(const JournalCalls& calls, const std::string& from, const std::string& to);
/// An absent file is fine.
void remove_file(const JournalCalls& calls, const std::string& path);
/// Makes the folder (0700) and those above it; one that exists is fine.
void make_folder(const JournalCalls& calls, const std::string& folder);
/// No space, a quota, the limit of a file's size.
bool is_full(const Failure& failure) noexcept;

}  // namespace journal_io
}  // namespace cairn::core
