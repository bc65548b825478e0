#include "core/loops/host_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "core/observe/crash_handler.hpp"

namespace cairn::core {

namespace {

/// Blocks signals while it lives: a new thread inherits the mask of its maker, so it never runs with them open.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&blocked, fault);
        pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_;
};

}  // namespace

std::thread start_host_thread(const std::string& name, std::function<void()> body) {
    const SignalsBlocked blocked;
    // pthread_setname_np(3) refuses names of more than 15 bytes with ERANGE.
    return std::thread([name = name.substr(0, 15), body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.c_str());
        const CrashStack stack;
        body();
    });
}

}  // namespace cairn::core
