#include "core/app/data_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder, mode_t mode) {
    std::error_code error;
    if (fs::is_directory(folder, error)) return;
    const fs::path parent = folder.parent_path();
    if (!parent.empty() && parent != folder) make_folder(parent, 0777);
    if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
        throw std::runtime_error("data_dir " + folder.string() + " cannot be made: " + std::strerror(errno) +
                                 ". Choose another with --set data_dir=…, or let this user write there");
    }
    // Without its name on the disk a power loss would take the folder with all that is synced in it.
    const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;  // may be entered and not read: then the file system has to do
    ::fsync(fd);
    ::close(fd);
}

std::string holder(int fd) {
    char text[64] = {};
    const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
    const std::string pid = got > 0 ? std::string(text, static_cast<std::size_t>(got)) : std::string();
    return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

DataLock::DataLock(const std::string& folder) : folder_(fs::absolute(folder).lexically_normal().string()) {
    while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
    make_folder(folder_, 0700);
    const std::string path = folder_ + "/cairn.lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) {
        throw std::runtime_error("data_dir " + folder_ + " cannot be written: " + std::strerror(errno) +
                                 ". Choose another with --set data_dir=…, or let this user write there");
    }
    // A process that was just killed may hold it for a moment longer.
    for (int tries = 0; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
        if (errno != EWOULDBLOCK || tries >= 8) {
            const std::string message = errno == EWOULDBLOCK
                                            ? "data_dir " + folder_ + " is in use by " + holder(fd_) +
                                                  ". Stop that one, or give this one its own data_dir"
                                            : "data_dir " + folder_ + " cannot be locked: " + std::strerror(errno);
            ::close(fd_);
            throw std::runtime_error(message);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    // The file can be deleted, by somebody who takes it for a left-over, and then the next one would lock another. The
    // folder cannot. (Where folders cannot be locked, on some network file systems, the file has to do.)
    folder_fd_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd_ >= 0 && ::flock(folder_fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ::close(folder_fd_);
        ::close(fd_);
        throw std::runtime_error("data_dir " + folder_ +
                                 " is in use by another process, although its cairn.lock is free: somebody has deleted that "
                                 "while it ran. Stop that one, or give this one its own data_dir");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        const std::string why = std::strerror(errno);
        if (folder_fd_ >= 0) ::close(folder_fd_);
        ::close(fd_);
        throw std::runtime_error("data_dir " + folder_ + " cannot be written: " + why);
    }
}

DataLock::~DataLock() {
    if (folder_fd_ >= 0) ::close(folder_fd_);
    ::close(fd_);
}

}  // namespace cairn::core
