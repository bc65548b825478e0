#include "sdk/check/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>

#include <cairn/error.hpp>
#include <cairn/testkit/host.hpp>

namespace cairn::check {
namespace {

// The pipe carries lines: "@where" and at last "=answer". What a signal handler adds is "!plugin\thandler".
int out = -1;

void write_all(const char* data, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t wrote = ::write(out, data, size);
        if (wrote <= 0) return;
        data += wrote;
        size -= static_cast<std::size_t>(wrote);
    }
}

void say(const char* mark, const std::string& text) {
    std::string line = mark + text;
    std::replace(line.begin(), line.end(), '\n', ' ');
    line += '\n';
    write_all(line.data(), line.size());
}

/// Says where the thread is, for the one who reads, and ends. Only what a signal handler may do.
void tell_place(int signal) {
    const auto [plugin, handler] = testkit::Host::here();
    write_all("!", 1);
    write_all(handler.data(), handler.size());
    write_all("\n", 1);
    if (signal == SIGALRM) ::_exit(97);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

void in_child(Duration deadline,
              const std::function<Document(const std::function<void(const std::string&)>&)>& work) {
    for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(signal, tell_place);
    ::alarm(static_cast<unsigned>(std::max<std::int64_t>(1, deadline.count() / 1000)));
    Document answer;
    try {
        answer = work([](const std::string& where) { say("@", where); });
    } catch (const std::exception& error) {
        answer = Document{{"threw", error.what()}};
    } catch (...) {
        answer = Document{{"threw", "an exception that is not a std::exception"}};
    }
    ::alarm(0);
    say("=", answer.to_json());
    // Statics of plugins are not this program's business.
    ::_exit(0);
}

}  // namespace

ChildOutcome run_in_child(Duration deadline,
                          const std::function<Document(const std::function<void(const std::string&)>&)>& work) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Code::unavailable, "no pipe can be made for a judgement");
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        ::close(ends[0]);
        ::close(ends[1]);
        throw Error(Code::unavailable, "no process can be made for a judgement");
    }
    if (child == 0) {
        ::close(ends[0]);
        out = ends[1];
        in_child(deadline, work);
    }
    ::close(ends[1]);
    std::string said;
    const auto until = std::chrono::steady_clock::now() + deadline + std::chrono::seconds(10);
    bool killed = false;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd wait{ends[0], POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready == 0) {
            ::kill(child, SIGKILL);
            killed = true;
        }
        char buffer[65536];
        const ssize_t got = killed ? 0 : ::read(ends[0], buffer, sizeof buffer);
        if (got <= 0) break;
        said.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);

    ChildOutcome outcome;
    std::string where, place;
    for (std::size_t begin = 0; begin < said.size();) {
        const std::size_t end = std::min(said.find('\n', begin), said.size());
        const std::string line = said.substr(begin, end - begin);
        begin = end + 1;
        if (line.starts_with("@")) where = line.substr(1);
        if (line.starts_with("!")) place = line.substr(1);
        if (line.starts_with("=")) outcome.answer = Document::parse_json(line.substr(1));
    }
    if (!outcome.answer.is_null()) return outcome;
    const std::string at = (place.empty() ? "" : " inside of " + place) + (where.empty() ? "" : ", while " + where);
    const std::string seconds = std::to_string(deadline.count() / 1000) + " s";
    if (killed || (WIFEXITED(status) && WEXITSTATUS(status) == 97))
        outcome.trouble = "it did not come back within " + seconds + at;
    else if (WIFSIGNALED(status))
        outcome.trouble =
            "it crashed with signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")" + at;
    else
        outcome.trouble = "it ended the process with code " + std::to_string(WEXITSTATUS(status)) + at;
    return outcome;
}

}  // namespace cairn::check
