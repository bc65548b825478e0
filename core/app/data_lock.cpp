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

void make_folder(const fs::path& folder) {
    if (fs::is_directory(folder)) return;
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (!error && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) error.assign(errno, std::generic_category());
    if (error) {
        throw std::runtime_error("data_dir " + folder.string() + " cannot be made: " + error.message() +
                                 ". Choose another with --set data_dir=…, or let this user write there");
    }
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
    make_folder(folder_);
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
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        const std::string why = std::strerror(errno);
        ::close(fd_);
        throw std::runtime_error("data_dir " + folder_ + " cannot be written: " + why);
    }
}

DataLock::~DataLock() {
    ::close(fd_);
}

}  // namespace cairn::core
