#include "core/backup/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
    const int error = errno;
    throw Error(error == ENOENT ? Code::not_found : Code::unavailable,
                path + " cannot be " + what + ": " + std::strerror(error));
}

class Descriptor {
public:
    Descriptor(const std::string& path, int flags, mode_t mode = 0)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

}  // namespace

void write_durably(const std::string& path, const std::string& content) {
    const std::string half = path + ".tmp";
    {
        const Descriptor file(half, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
        if (!file) fail(half, "made");
        for (std::size_t done = 0; done < content.size();) {
            const ssize_t wrote = ::write(file.get(), content.data() + done, content.size() - done);
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) fail(half, "written");
            done += static_cast<std::size_t>(wrote);
        }
        if (::fsync(file.get()) != 0) fail(half, "brought to disk");
    }
    if (::rename(half.c_str(), path.c_str()) != 0) fail(path, "put in place");
    sync_folder(std::filesystem::path(path).parent_path().string());
}

std::string read_file(const std::string& path, std::size_t limit) {
    const Descriptor file(path, O_RDONLY);
    if (!file) fail(path, "opened");
    std::string content;
    char buffer[16384];
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path, "read");
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > limit) {
            throw Error(Code::too_large, path + " is larger than " + std::to_string(limit) + " bytes");
        }
    }
}

bool remove_file(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    fail(path, "removed");
}

void sync_folder(const std::string& folder) {
    const Descriptor handle(folder, O_RDONLY | O_DIRECTORY);
    if (!handle) fail(folder, "opened");
    if (::fsync(handle.get()) != 0) fail(folder, "brought to disk");
}

void make_folder(const std::string& folder, const std::string& what) {
    std::error_code error;
    const std::filesystem::path path(folder);
    if (std::filesystem::is_directory(path, error)) return;
    const std::filesystem::path parent = path.parent_path();
    if (!parent.empty() && parent != path) make_folder(parent.string(), what);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        throw Error(Code::unavailable, what + " " + folder + " cannot be made: " + std::strerror(errno) +
                                           "; let this user write there, or choose another folder");
    }
    // What is synced in it would be gone with its name. A parent that may be written and not read is left to its disk.
    const Descriptor above(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
    if (above && ::fsync(above.get()) != 0) fail(parent.string(), "brought to disk");
}

}  // namespace cairn::core
