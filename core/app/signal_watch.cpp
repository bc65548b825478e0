#include "core/app/signal_watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    return set;
}

}  // namespace

void SignalWatch::block() {
    const sigset_t set = watched_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);
    ::sigaction(SIGXFSZ, &ignore, nullptr);  // a limit for files (ulimit -f) is met as a full disk: write(2) says EFBIG
}

SignalWatch::SignalWatch(std::function<void()> on_reload) : on_reload_(std::move(on_reload)) {
    const sigset_t set = watched_signals();
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    end_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals_ < 0 || end_ < 0) throw std::runtime_error("the kernel grants no descriptor for signals");
    thread_ = start_host_thread("cairn-signals", [this] { run(); });
}

SignalWatch::~SignalWatch() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(end_, &one, sizeof one);
    thread_.join();
    ::close(signals_);
    ::close(end_);
}

void SignalWatch::ask() {
    {
        const std::lock_guard lock(mutex_);
        int none = 0;
        asked_.compare_exchange_strong(none, 1);
    }
    changed_.notify_all();
}

void SignalWatch::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ending(); });
}

void SignalWatch::wait_hurry(Duration limit, const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    while (!hurried() && !done() && std::chrono::steady_clock::now() < deadline) {
        changed_.wait_for(lock, Duration(20));
    }
}

void SignalWatch::run() {
    pollfd ready[2] = {{signals_, POLLIN, 0}, {end_, POLLIN, 0}};
    for (;;) {
        if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
        if (ready[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
        if (info.ssi_signo == SIGHUP) {
            on_reload_();
            continue;
        }
        const int count = asked_.load() + 1;
        if (count >= 3 || (count == 2 && impatient_.load())) {
            core_log().warning("ended at once, as asked again");
            LogSink::instance().flush();
            ::_exit(128 + static_cast<int>(info.ssi_signo));
        }
        {
            const std::lock_guard lock(mutex_);
            asked_.fetch_add(1);
        }
        changed_.notify_all();
    }
}

}  // namespace cairn::core
