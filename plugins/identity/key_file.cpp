#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <cairn/error.hpp>
#include <cairn/uuid.hpp>

#include "plugins/identity/key_file.hpp"

namespace cairn::identity {
namespace {

class File {
public:
    explicit File(int fd) noexcept : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
    throw Error(Code::unavailable, "identity: " + what + " " + path + ": " + std::strerror(error) +
                                       "; make the data directory writable for the user that runs cairn");
}

bool read_all(int fd, std::uint8_t* to, std::size_t size, std::size_t& got) {
    got = 0;
    while (got < size) {
        const ssize_t n = ::read(fd, to + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    return true;
}

Key read_key(int fd, const std::string& path, std::string& warning) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) fail(path, "cannot look at", errno);
    if ((info.st_mode & 077) != 0) {
        if (::fchmod(fd, 0600) != 0) fail(path, "cannot take the rights of others away from", errno);
        warning = "the key " + path +
                  " could be read by other users; its mode is 0600 now. If it may have been copied, "
                  "delete it and restart: everybody becomes a new guest";
    }
    // One byte more than a key, to notice a longer file.
    std::uint8_t content[std::tuple_size_v<Key> + 1];
    std::size_t got = 0;
    if (!read_all(fd, content, sizeof content, got)) fail(path, "cannot read", errno);
    Key key{};
    if (got != key.size()) {
        throw Error(Code::unavailable,
                    "identity: " + path +
                        " is not a key: it must hold exactly 32 bytes. Restore it from a "
                        "backup, or delete it: a new one is made, and everybody becomes a new guest");
    }
    std::memcpy(key.data(), content, key.size());
    return key;
}

Key make_key() {
    Key key{};
    // getrandom(2): up to 256 bytes come whole, or the call fails.
    while (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
        if (errno != EINTR) throw Error(Code::unavailable, "identity: the system gives no random numbers");
    }
    return key;
}

}  // namespace

Key load_or_create_key(const std::string& path, std::string& warning) {
    if (const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); file)
        return read_key(file.fd(), path, warning);
    if (errno != ENOENT) fail(path, "cannot open", errno);

    const Key key = make_key();
    // Written aside and renamed: a crash leaves no key or a whole one.
    const std::string aside = path + "." + new_uuid() + ".new";
    {
        const File file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!file) fail(aside, "cannot create", errno);
        const ssize_t written = ::write(file.fd(), key.data(), key.size());
        if (written != static_cast<ssize_t>(key.size()) || ::fsync(file.fd()) != 0) {
            const int error = written >= 0 && static_cast<std::size_t>(written) < key.size() ? ENOSPC : errno;
            ::unlink(aside.c_str());
            fail(aside, "cannot write", error);
        }
    }
    if (::rename(aside.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(aside.c_str());
        fail(path, "cannot create", error);
    }
    // fsync(2): "an explicit fsync() on a file descriptor for the directory is also needed".
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.fd()) != 0) fail(folder, "cannot sync", errno);
    return key;
}

}  // namespace cairn::identity
