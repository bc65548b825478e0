#include <plugins/gateway/folder_open.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include <plugins/gateway/descriptor.hpp>

namespace cairn::gateway {

namespace {

// O_NONBLOCK: opening a FIFO that somebody left there must not wait for its writer.
constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

}  // namespace

int open_beneath(int folder, const std::string& relative) noexcept {
    open_how how{};
    how.flags = kFlags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    // EPERM: what a seccomp filter that does not know the call answers.
    return errno == ENOSYS || errno == EPERM ? open_by_walk(folder, relative) : -1;
}

int open_by_walk(int folder, const std::string& relative) noexcept {
    Descriptor at(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
    std::string_view rest = relative;
    while (at) {
        const std::size_t slash = rest.find('/');
        const std::string_view name = rest.substr(0, slash);
        std::array<char, NAME_MAX + 1> text{};
        if (name.empty() || name == "." || name == ".." || name.size() > NAME_MAX) {
            errno = ENOENT;
            return -1;
        }
        name.copy(text.data(), name.size());
        if (slash == std::string_view::npos) return ::openat(at.get(), text.data(), kFlags | O_NOFOLLOW);
        at = Descriptor(::openat(at.get(), text.data(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        rest.remove_prefix(slash + 1);
    }
    return -1;
}

}  // namespace cairn::gateway
