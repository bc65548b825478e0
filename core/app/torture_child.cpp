#include "core/app/torture_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace cairn::core {
namespace {

std::runtime_error failure(const std::string& what, int number) {
    return std::runtime_error("cannot " + what + ": " + std::system_category().message(number));
}

}  // namespace

TortureChild::TortureChild(const std::vector<std::string>& words, const std::vector<std::string>& wrapped,
                           const std::string& environment, const std::string& log) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw failure("make a pipe", errno);
    pipe_ = ends[0];
    std::vector<std::string> all = wrapped;
    char path[4096];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
    if (length < 0) throw failure("find this program", errno);
    all.emplace_back(path, static_cast<std::size_t>(length));
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string variable = environment;
    std::vector<char*> envp;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, "CAIRN_FAILPOINTS=", 17) != 0) envp.push_back(*entry);
    }
    if (!variable.empty()) envp.push_back(variable.data());
    envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawnattr_t attributes;  // a group of its own, so that what runs it is killed together with it
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int failed = ::posix_spawnp(&pid_, all[0].c_str(), &actions, &attributes, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    if (failed != 0) {
        ::close(pipe_);
        throw failure("start " + all[0], failed);
    }
}

TortureChild::~TortureChild() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(pipe_);
}

bool TortureChild::read(Clock::time_point until, const std::function<bool(std::string_view)>& line) {
    for (;;) {
        std::size_t from = 0;
        for (std::size_t end; (end = rest_.find('\n', from)) != std::string::npos;) {
            const std::size_t at = from;
            from = end + 1;
            if (line(std::string_view(rest_).substr(at, end - at))) continue;
            rest_.erase(0, from);
            return true;
        }
        rest_.erase(0, from);
        if (at_end_) return false;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        if (left <= 0) return false;
        pollfd wait{pipe_, POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>(std::min<long>(left, 1000))) <= 0) continue;
        char buffer[1 << 16];
        const ssize_t got = ::read(pipe_, buffer, sizeof buffer);
        if (got > 0) rest_.append(buffer, static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR) at_end_ = true;
    }
}

void TortureChild::kill(const std::function<bool(std::string_view)>& line) {
    ::kill(-pid_, SIGKILL);
    while (!at_end_) read(Clock::now() + std::chrono::seconds(10), line);
}

}  // namespace cairn::core
