#include "plugins/storage_sqlite/database_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <cairn/error.hpp>

namespace cairn::storage_sqlite {
namespace {

std::string errno_words(int number) {
    return std::system_category().message(number);
}

[[noreturn]] void refuse(const std::string& file, const std::string& wrong) {
    throw Error(Code::forbidden, "database " + file + " " + wrong);  // not internal: nothing is damaged
}

}  // namespace

std::string_view network_file_system(std::uint64_t magic) noexcept {
    switch (magic & 0xFFFFFFFFU) {  // statfs(2); some platforms sign-extend
        case 0x6969:
            return "NFS";
        case 0x517B:
            return "SMB";
        case 0xFF534D42:
            return "CIFS";
        case 0xFE534D42:
            return "SMB2";
        case 0x5346414F:
            return "AFS";
        case 0x6B414653:
            return "AFS";
        case 0x73757245:
            return "Coda";
        case 0x564C:
            return "NCP";
        case 0x01021997:
            return "9P";
        case 0x00C36400:
            return "Ceph";
        case 0x0BD00BD0:
            return "Lustre";
        case 0x01161970:
            return "GFS2";
        case 0x7461636F:
            return "OCFS2";
        default:
            return {};
    }
}

std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

void check_folder(const std::string& file) {
    const std::string folder = folder_of(file);
    struct statfs system {};
    if (statfs(folder.c_str(), &system) != 0) {
        refuse(file, "has no folder " + folder + " (" + errno_words(errno) + "): make it, or name another file");
    }
    const std::string_view network = network_file_system(static_cast<std::uint64_t>(system.f_type));
    if (!network.empty()) {
        refuse(file, "would stand on a network share (" + std::string(network) +
                         "), where it gets damaged sooner or later: put data_dir on a local disk");
    }
}

void check_place(const std::string& file) {
    const std::string folder = folder_of(file);
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) {
        if (errno != ENOENT) refuse(file, "cannot be looked at (" + errno_words(errno) + ")");
        // Made here and not by SQLite, so that its rights are tight; the -wal and -shm files take them over.
        const int made = open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (made < 0) {
            refuse(file, "cannot be made (" + errno_words(errno) +
                             "): make its folder writable for the user that runs cairn");
        }
        close(made);
        sync_path(folder);
        return;
    }
    if (!S_ISREG(status.st_mode)) refuse(file, "is not a regular file: name another one");
    if (access(file.c_str(), R_OK | W_OK) != 0) {
        refuse(file, "cannot be read and written (" + errno_words(errno) + "): give it to the user that runs cairn");
    }
}

FileLock::FileLock(const std::string& file) {
    const std::string path = file + ".lock";
    descriptor_ = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0) refuse(file, "cannot be locked: " + path + ": " + errno_words(errno));
    if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    const int number = errno;
    close(descriptor_);
    if (number == EWOULDBLOCK) {
        refuse(file, "is in use by another process (it holds " + path + "): stop that one, or name another file");
    }
    refuse(file, "cannot be locked: " + path + ": " + errno_words(number));
}

FileLock::~FileLock() {
    close(descriptor_);
}

void sync_path(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = descriptor >= 0 && fsync(descriptor) == 0;
    const int number = errno;
    if (descriptor >= 0) close(descriptor);
    if (!done) throw Error(Code::unavailable, "cannot write " + path + " to disk (" + errno_words(number) + ")");
}

void rename_new(const std::string& from, const std::string& to) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
    int number = errno;
    if (number == EINVAL ||
        number == ENOSYS) {  // a file system that does not know the flag: a link does not overwrite either
        if (link(from.c_str(), to.c_str()) == 0) {
            unlink(from.c_str());
            return;
        }
        number = errno;
    }
    if (number == EEXIST) throw Error(Code::conflict, to + " exists already: name a new file");
    throw Error(Code::unavailable, "cannot rename " + from + " to " + to + " (" + errno_words(number) + ")");
}

std::uint64_t free_bytes(const std::string& folder) noexcept {
    struct statvfs system {};
    if (statvfs(folder.c_str(), &system) != 0) return UINT64_MAX;
    return std::uint64_t{system.f_bavail} * system.f_frsize;
}

std::uint64_t file_size(const std::string& path) noexcept {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace cairn::storage_sqlite
