#include "core/durability/journal_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace cairn::core {
namespace {

int system_open(const char* path, int flags, mode_t mode) {
    return ::open(path, flags, mode);
}

int system_fallocate(int fd, off_t size) {
    errno = ::posix_fallocate(fd, 0, size);
    return errno == 0 ? 0 : -1;
}

}  // namespace

const JournalCalls& system_calls() noexcept {
    static const JournalCalls kCalls{system_open, ::pread,  ::pwrite, ::fdatasync, ::fsync, system_fallocate,
                                     ::ftruncate, ::rename, ::link,   ::unlink,    ::mkdir};
    return kCalls;
}

namespace journal_io {
namespace {

[[noreturn]] void fail(const char* call, const std::string& path) {
    throw Failure(errno, std::generic_category(), std::string(call) + " " + path);
}

}  // namespace

File::File(const JournalCalls& calls, std::string path, int flags) : calls_(&calls), path_(std::move(path)) {
    do fd_ = calls.open(path_.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) fail("open", path_);
}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

File::File(File&& other) noexcept
    : calls_(other.calls_), path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        calls_ = other.calls_;
        path_ = std::move(other.path_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

std::uint64_t File::size() const {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) fail("fstat", path_);
    return static_cast<std::uint64_t>(info.st_size);
}

std::size_t File::read(void* data, std::size_t size, std::uint64_t at) const {
    std::size_t got = 0;
    while (got < size) {
        const ssize_t some =
            calls_->pread(fd_, static_cast<char*>(data) + got, size - got, static_cast<off_t>(at + got));
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) fail("read", path_);
        if (some == 0) break;
        got += static_cast<std::size_t>(some);
    }
    return got;
}

void File::write(const void* data, std::size_t size, std::uint64_t at, std::size_t* written) const {
    std::size_t done = 0;
    if (written != nullptr) *written = 0;
    while (done < size) {
        const ssize_t some =
            calls_->pwrite(fd_, static_cast<const char*>(data) + done, size - done, static_cast<off_t>(at + done));
        if (some < 0 && errno == EINTR) continue;
        if (some == 0) errno = ENOSPC;  // a write that takes nothing and says nothing would be asked forever
        if (some <= 0) fail("write", path_);
        done += static_cast<std::size_t>(some);
        if (written != nullptr) *written = done;
    }
}

void File::write_zeros(std::uint64_t begin, std::uint64_t end) const {
    static constexpr std::size_t kStep = 256 * 1024;
    static const std::vector<char> kZeros(kStep);
    for (; begin < end; begin += std::min<std::uint64_t>(kStep, end - begin)) {
        write(kZeros.data(), static_cast<std::size_t>(std::min<std::uint64_t>(kStep, end - begin)), begin);
    }
}

void File::sync_data() const {
    // Never asked again when it fails: the kernel then counts as clean what did not reach the disk.
    if (calls_->fdatasync(fd_) != 0) fail("fdatasync", path_);
}

void File::allocate(std::uint64_t size) const {
    int result = 0;
    do result = calls_->fallocate(fd_, static_cast<off_t>(size));
    while (result != 0 && errno == EINTR);
    if (result != 0) fail("fallocate", path_);
}

void File::truncate(std::uint64_t size) const {
    if (calls_->ftruncate(fd_, static_cast<off_t>(size)) != 0) fail("ftruncate", path_);
}

std::vector<std::uint8_t> read_all(const File& file) {
    std::vector<std::uint8_t> bytes(file.size());
    bytes.resize(file.read(bytes.data(), bytes.size(), 0));
    return bytes;
}

std::vector<std::uint8_t> read_all(const JournalCalls& calls, const std::string& path) {
    return read_all(File(calls, path, O_RDONLY));
}

void sync_folder(const JournalCalls& calls, const std::string& folder) {
    int fd = -1;
    do fd = calls.open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) fail("open", folder);
    const int result = calls.fsync(fd);
    const int error = errno;
    ::close(fd);
    if (result != 0) {
        errno = error;
        fail("fsync", folder);
    }
}

void rename_file(const JournalCalls& calls, const std::string& from, const std::string& to) {
    if (calls.rename(from.c_str(), to.c_str()) != 0) fail("rename", from);
}

void remove_file(const JournalCalls& calls, const std::string& path) {
    if (calls.unlink(path.c_str()) != 0 && errno != ENOENT) fail("unlink", path);
}

void make_folder(const JournalCalls& calls, const std::string& folder) {
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return;
    const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
    if (!parent.empty() && parent != folder) make_folder(calls, parent.string());
    if (calls.mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail("mkdir", folder);
    if (!parent.empty()) sync_folder(calls, parent.string());
}

bool is_full(const Failure& failure) noexcept {
    const int code = failure.code().value();
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

}  // namespace journal_io
}  // namespace cairn::core
