#include "plugins/storage_postgres/tools.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <cairn/error.hpp>

#include "plugins/storage_postgres/postgres_error.hpp"

extern "C" char** environ;  // NOLINT: POSIX wants the program to declare it

namespace cairn::storage_postgres {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kSaid = 4096;
constexpr Duration kLook{200};

bool runs(const fs::path& path) {
    return ::access(path.c_str(), X_OK) == 0;
}

/// The environment of this process without what libpq reads, and with `target`.
std::vector<std::string> environment(const Target& target) {
    std::vector<std::string> all;
    for (char** at = environ; *at != nullptr; ++at) {
        if (!std::string_view(*at).starts_with("PG")) all.emplace_back(*at);
    }
    all.push_back("PGHOST=" + target.url.host);
    all.push_back("PGPORT=" + std::to_string(target.url.port));
    all.push_back("PGUSER=" + target.url.user);
    all.push_back("PGDATABASE=" + target.url.database);
    all.push_back("PGSSLMODE=" + target.sslmode);
    all.push_back("PGCONNECT_TIMEOUT=10");
    all.push_back("PGAPPNAME=cairn");
    all.push_back("PGTZ=UTC");
    if (!target.url.password.empty()) all.push_back("PGPASSWORD=" + target.url.password);
    if (target.url.tls.count("sslrootcert") == 0 && !target.root_certificate.empty()) {
        all.push_back("PGSSLROOTCERT=" + target.root_certificate);
    }
    for (const auto& [key, value] : target.url.tls) {
        if (key == "sslrootcert") all.push_back("PGSSLROOTCERT=" + value);
        if (key == "sslcert") all.push_back("PGSSLCERT=" + value);
        if (key == "sslkey") all.push_back("PGSSLKEY=" + value);
        if (key == "sslcrl") all.push_back("PGSSLCRL=" + value);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Code::unavailable, "no pipe: too many files are open");
    }
    ~Pipe() {
        for (const int end : ends) {
            if (end >= 0) ::close(end);
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_write() noexcept {
        ::close(ends[1]);
        ends[1] = -1;
    }
    int ends[2]{-1, -1};
};

pid_t start(const std::string& path, std::vector<std::string> words, std::vector<std::string> variables, int error_end) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, error_end, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;  // Poco blocks signals in its threads, and children would inherit that
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);  // with its helpers it can be ended as one
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t pid = -1;
    const int code = posix_spawn(&pid, path.c_str(), &actions, &attributes, pointers(words).data(),
                                 pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        throw Error(Code::unavailable, "cannot run " + path + ": " + std::generic_category().message(code));
    }
    return pid;
}

}  // namespace

std::string Tools::find(const std::string& program) const {
    if (!folder_.empty()) {
        const fs::path path = fs::path(folder_) / program;
        if (runs(path)) return path.string();
        throw Error(Code::unavailable, "there is no " + program + " in " + folder_ + ": correct `tools` of storage_postgres");
    }
    fs::path best;
    int newest = 0;
    std::error_code ignored;
    for (fs::directory_iterator at("/usr/lib/postgresql", ignored), end; !ignored && at != end; at.increment(ignored)) {
        const int version = std::atoi(at->path().filename().c_str());
        if (version > newest && runs(at->path() / "bin" / program)) {
            newest = version;
            best = at->path() / "bin" / program;
        }
    }
    if (newest != 0) return best.string();
    const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets variables here
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const std::size_t end = rest.find(':');
        const fs::path candidate = fs::path(std::string(rest.substr(0, end))) / program;
        if (end != 0 && runs(candidate)) return candidate.string();
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    throw Error(Code::unavailable, program + " is not installed: apt-get install postgresql-client (of the server's version "
                                             "or newer), or name its folder in `tools` of storage_postgres");
}

Tools::Outcome Tools::run(const std::string& program, const std::vector<std::string>& arguments, const Target& target,
                          Duration allowed) const {
    const std::string path = find(program);
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Pipe errors;
    const pid_t pid = start(path, std::move(words), environment(target), errors.ends[1]);
    errors.close_write();

    Outcome outcome;
    const Clock::time_point end = Clock::now() + allowed;
    bool open = true;
    while (open && Clock::now() < end) {
        pollfd descriptor{errors.ends[0], POLLIN, 0};
        if (::poll(&descriptor, 1, static_cast<int>(kLook.count())) <= 0) continue;
        char piece[1024];
        const ssize_t size = ::read(errors.ends[0], piece, sizeof piece);
        if (size < 0 && errno == EINTR) continue;
        open = size > 0;
        if (size > 0) outcome.said.append(piece, static_cast<std::size_t>(size));
        if (outcome.said.size() > kSaid) outcome.said.erase(0, outcome.said.size() - kSaid);
    }
    if (open) ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    outcome.ended = !open;
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.said = one_line(std::move(outcome.said));
    if (open) outcome.said = "took longer than " + std::to_string(allowed.count() / 1000) + " s and was ended; " + outcome.said;
    return outcome;
}

}  // namespace cairn::storage_postgres
