// Loaded before everything else (LD_PRELOAD) into a process whose power is going to be cut: notes down what each write,
// truncation, creation, renaming and removal below a folder replaced, and what was synced when. All of it is done for real
// as well, so the process sees what it would see. power_cut.cpp takes the unsynced part away again after the kill.
//
// Only system calls are made here, never the functions that are stood in for. What goes through mmap is not seen: the only
// such file is SQLite's -shm, which means nothing after a crash.
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "tests/support/power_cut.hpp"

namespace {

using namespace cairn::test::power_cut;

class Notes {
public:
    static Notes& get() {
        static Notes* const notes = new Notes;  // never destroyed: threads may write until the end
        return *notes;
    }

    std::mutex& mutex() { return mutex_; }
    bool on() const { return descriptor_ >= 0; }
    bool lies() const { return lies_; }
    std::uint64_t count() const { return count_; }

    bool watches(const std::string& path) const {
        if (!on() || path.size() <= watched_.size() || path.compare(0, watched_.size(), watched_) != 0) return false;
        for (const char* const ending : {"-shm", ".log", ".lock"}) {
            const std::string tail(ending);
            if (path.size() > tail.size() && path.compare(path.size() - tail.size(), tail.size(), tail) == 0) return false;
        }
        return true;
    }

    void add(const Note& note) {
        const std::string text = encode(note);
        std::size_t done = 0;
        while (done < text.size()) {
            const long got = ::syscall(SYS_write, descriptor_, text.data() + done, text.size() - done);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) ::abort();  // a list with holes would prove nothing
            done += static_cast<std::size_t>(got);
        }
        ++count_;
    }

    /// The number of a regular file that is watched, 0 for all else. REQUIRES: mutex().
    std::uint64_t file(int descriptor, struct stat& info) {
        if (!on() || ::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
        const auto key = std::make_pair(info.st_dev, info.st_ino);
        const auto known = files_.find(key);
        if (known != files_.end()) return known->second;
        const std::string path = path_of(descriptor);
        const std::uint64_t id = watches(path) ? ++last_ : 0;
        files_[key] = id;
        if (id != 0) add({What::named, id, 0, 0, path, {}, {}, {}});
        return id;
    }

    static std::string path_of(int descriptor) {
        char path[4096];
        const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
        const long size = ::syscall(SYS_readlinkat, AT_FDCWD, link.c_str(), path, sizeof path);
        return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
    }

    /// Keeps what stands at `path` before it goes; empty: nothing does.
    std::string bury(const std::string& path) {
        struct stat info {};
        if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
        const std::string grave = graves_ + "/" + std::to_string(count_);
        if (::syscall(SYS_linkat, AT_FDCWD, path.c_str(), AT_FDCWD, grave.c_str(), 0) != 0) return {};
        return grave;
    }

private:
    Notes() {
        const char* const notes = std::getenv(kNotesFile);
        const char* const graves = std::getenv(kGraves);
        const char* const watched = std::getenv(kWatched);
        if (notes == nullptr || graves == nullptr || watched == nullptr) return;
        graves_ = graves;
        watched_ = std::string(watched) + "/";
        lies_ = std::getenv(kDiskLies) != nullptr;
        descriptor_ = static_cast<int>(
            ::syscall(SYS_openat, AT_FDCWD, notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (descriptor_ < 0) ::abort();
    }

    std::mutex mutex_;
    int descriptor_ = -1;
    std::uint64_t count_ = 0;
    std::uint64_t last_ = 0;
    std::string graves_;
    std::string watched_;
    bool lies_ = false;
    std::map<std::pair<dev_t, ino_t>, std::uint64_t> files_;
};

std::string absolute(const char* path) {
    if (path[0] == '/') return path;
    char here[4096];
    return ::syscall(SYS_getcwd, here, sizeof here) > 0 ? std::string(here) + "/" + path : std::string(path);
}

std::string read_range(int descriptor, std::uint64_t at, std::uint64_t size) {
    std::string bytes(size, '\0');  // what lies behind the end counts as zeros
    std::size_t done = 0;
    while (done < size) {
        const long got = ::syscall(SYS_pread64, descriptor, bytes.data() + done, size - done, at + done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// The descriptor may be open for writing only: then the bytes are read by another one.
std::string former(int descriptor, std::uint64_t at, std::uint64_t size) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if ((flags & O_ACCMODE) == O_RDWR) return read_range(descriptor, at, size);
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const int other = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, link.c_str(), O_RDONLY | O_CLOEXEC, 0));
    if (other < 0) ::abort();
    std::string bytes = read_range(other, at, size);
    ::syscall(SYS_close, other);
    return bytes;
}

/// Notes what [at, at + size) of `descriptor` holds, and does `work` before anybody else may write.
template <class Work>
auto changing(int descriptor, std::uint64_t at, std::uint64_t size, Work&& work) {
    Notes& notes = Notes::get();
    const std::lock_guard lock(notes.mutex());
    struct stat info {};
    if (const std::uint64_t id = notes.file(descriptor, info)) {
        notes.add({What::changed, id, at, static_cast<std::uint64_t>(info.st_size), {}, {}, {}, former(descriptor, at, size)});
    }
    return work();
}

/// Where a write(2) of this descriptor goes.
std::uint64_t place_of(int descriptor) {
    struct stat info {};
    if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    if ((::fcntl(descriptor, F_GETFL) & O_APPEND) != 0) return static_cast<std::uint64_t>(info.st_size);
    const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
    return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

std::uint64_t sum_of(const iovec* parts, int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) sum += parts[i].iov_len;
    return sum;
}

int cut_to(int descriptor, off_t size) {
    struct stat info {};
    if (::fstat(descriptor, &info) != 0) return -1;
    const std::uint64_t lost = info.st_size > size ? static_cast<std::uint64_t>(info.st_size - size) : 0;
    return changing(descriptor, static_cast<std::uint64_t>(size), lost,
                    [&] { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); });
}

int make_room(int descriptor, int mode, off_t at, off_t size) {
    return changing(descriptor, static_cast<std::uint64_t>(at), 0,
                    [&] { return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, at, size)); });
}

int sync_it(int descriptor, long call) {
    Notes& notes = Notes::get();
    struct stat info {};
    std::uint64_t begun = 0;
    std::uint64_t id = 0;
    {
        // What is written from here on may be too late.
        const std::lock_guard lock(notes.mutex());
        id = notes.file(descriptor, info);
        begun = notes.count();
    }
    const int result = static_cast<int>(::syscall(call, descriptor));
    if (result != 0 || !notes.on() || notes.lies()) return result;
    const std::lock_guard lock(notes.mutex());
    if (id != 0) {
        notes.add({What::synced, id, begun, 0, {}, {}, {}, {}});
    } else if (::fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
        notes.add({What::folder_synced, 0, begun, 0, Notes::path_of(descriptor), {}, {}, {}});
    }
    return result;
}

int open_it(int folder, const char* path, int flags, mode_t mode) {
    Notes& notes = Notes::get();
    const bool absolute_path = path != nullptr && (path[0] == '/' || folder == AT_FDCWD);
    if (!notes.on() || !absolute_path || (flags & O_CREAT) == 0 || !notes.watches(absolute(path))) {
        const bool cuts = (flags & O_TRUNC) != 0 && absolute_path && notes.watches(absolute(path));
        const int made = static_cast<int>(::syscall(SYS_openat, folder, path, cuts ? flags & ~O_TRUNC : flags, mode));
        if (made >= 0 && cuts) cut_to(made, 0);
        return made;
    }
    int made = -1;
    {
        const std::lock_guard lock(notes.mutex());
        struct stat info {};
        const bool there = ::fstatat(folder, path, &info, 0) == 0;
        if (!there) notes.add({What::created, 0, 0, 0, absolute(path), {}, {}, {}});
        made = static_cast<int>(::syscall(SYS_openat, folder, path, flags & ~O_TRUNC, mode));
        if (made >= 0 && !there) notes.file(made, info);
    }
    if (made >= 0 && (flags & O_TRUNC) != 0) cut_to(made, 0);
    return made;
}

int rename_it(const char* from, const char* to) {
    Notes& notes = Notes::get();
    const std::string source = absolute(from);
    const std::string target = absolute(to);
    if (!notes.watches(source) && !notes.watches(target)) return static_cast<int>(::syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
    const std::lock_guard lock(notes.mutex());
    const std::string grave = notes.bury(target);
    notes.add({What::renamed, 0, 0, 0, source, target, grave, {}});
    return static_cast<int>(::syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

int remove_it(const char* path) {
    Notes& notes = Notes::get();
    const std::string whole = absolute(path);
    if (!notes.watches(whole)) return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
    const std::lock_guard lock(notes.mutex());
    const std::string grave = notes.bury(whole);
    if (!grave.empty()) notes.add({What::removed, 0, 0, 0, whole, {}, grave, {}});
    return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

mode_t mode_of(int flags, va_list more) {
    return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(more, int)) : 0;
}

}  // namespace

extern "C" {

#define CAIRN_SEEN __attribute__((visibility("default")))

CAIRN_SEEN ssize_t write(int descriptor, const void* data, size_t size) {
    return changing(descriptor, place_of(descriptor), size, [&] { return ::syscall(SYS_write, descriptor, data, size); });
}
CAIRN_SEEN ssize_t writev(int descriptor, const iovec* parts, int count) {
    return changing(descriptor, place_of(descriptor), sum_of(parts, count),
                    [&] { return ::syscall(SYS_writev, descriptor, parts, count); });
}
CAIRN_SEEN ssize_t pwrite(int descriptor, const void* data, size_t size, off_t at) {
    return changing(descriptor, static_cast<std::uint64_t>(at), size,
                    [&] { return ::syscall(SYS_pwrite64, descriptor, data, size, at); });
}
CAIRN_SEEN ssize_t pwrite64(int descriptor, const void* data, size_t size, off_t at) {
    return pwrite(descriptor, data, size, at);
}
CAIRN_SEEN ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t at) {
    return changing(descriptor, static_cast<std::uint64_t>(at), sum_of(parts, count),
                    [&] { return ::syscall(SYS_pwritev, descriptor, parts, count, at, 0); });
}
CAIRN_SEEN ssize_t pwritev64(int descriptor, const iovec* parts, int count, off_t at) {
    return pwritev(descriptor, parts, count, at);
}
CAIRN_SEEN int ftruncate(int descriptor, off_t size) noexcept { return cut_to(descriptor, size); }
CAIRN_SEEN int ftruncate64(int descriptor, off_t size) noexcept { return cut_to(descriptor, size); }
CAIRN_SEEN int fallocate(int descriptor, int mode, off_t at, off_t size) { return make_room(descriptor, mode, at, size); }
CAIRN_SEEN int fallocate64(int descriptor, int mode, off_t at, off_t size) { return make_room(descriptor, mode, at, size); }
CAIRN_SEEN int posix_fallocate(int descriptor, off_t at, off_t size) {
    return make_room(descriptor, 0, at, size) == 0 ? 0 : errno;
}
CAIRN_SEEN int posix_fallocate64(int descriptor, off_t at, off_t size) { return posix_fallocate(descriptor, at, size); }
CAIRN_SEEN int fsync(int descriptor) { return sync_it(descriptor, SYS_fsync); }
CAIRN_SEEN int fdatasync(int descriptor) { return sync_it(descriptor, SYS_fdatasync); }
CAIRN_SEEN int rename(const char* from, const char* to) noexcept { return rename_it(from, to); }
CAIRN_SEEN int unlink(const char* path) noexcept { return remove_it(path); }
CAIRN_SEEN int remove(const char* path) noexcept {
    struct stat info {};
    if (::lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
    return remove_it(path);
}
CAIRN_SEEN int link(const char* from, const char* to) noexcept {
    Notes& notes = Notes::get();
    const std::string target = absolute(to);
    if (!notes.watches(target)) return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
    const std::lock_guard lock(notes.mutex());
    struct stat info {};
    if (::lstat(to, &info) != 0) notes.add({What::created, 0, 0, 0, target, {}, {}, {}});
    return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

#define CAIRN_OPEN(NAME)                                             \
    CAIRN_SEEN int NAME(const char* path, int flags, ...) {          \
        va_list more;                                                \
        va_start(more, flags);                                       \
        const mode_t mode = mode_of(flags, more);                    \
        va_end(more);                                                \
        return open_it(AT_FDCWD, path, flags, mode);                 \
    }
#define CAIRN_OPENAT(NAME)                                           \
    CAIRN_SEEN int NAME(int folder, const char* path, int flags, ...) { \
        va_list more;                                                \
        va_start(more, flags);                                       \
        const mode_t mode = mode_of(flags, more);                    \
        va_end(more);                                                \
        return open_it(folder, path, flags, mode);                   \
    }
CAIRN_OPEN(open)
CAIRN_OPEN(open64)
CAIRN_OPENAT(openat)
CAIRN_OPENAT(openat64)

}  // extern "C"
