#include "core/observe/crash_handler.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/observe/breadcrumb_table.hpp"

namespace cairn::core {

namespace {

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;
constexpr std::array<int, 5> kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

std::atomic<int> crashing_thread{0};

/// Text gathered without allocation and written in one go: all that signal-safety(7) leaves.
class Writer {
public:
    ~Writer() { flush(); }
    Writer& operator<<(std::string_view text) noexcept {
        for (const char c : text) {
            if (used_ == buffer_.size()) flush();
            buffer_[used_++] = c;
        }
        return *this;
    }
    Writer& number(std::uint64_t value, unsigned base = 10) noexcept {
        std::array<char, 24> digits;
        std::size_t at = digits.size();
        do {
            digits[--at] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        return *this << std::string_view(digits.data() + at, digits.size() - at);
    }
    void flush() noexcept {
        std::size_t done = 0;
        while (done < used_) {
            const ssize_t written = write(STDERR_FILENO, buffer_.data() + done, used_ - done);
            if (written <= 0) break;
            done += static_cast<std::size_t>(written);
        }
        used_ = 0;
    }

private:
    std::array<char, 1024> buffer_;
    std::size_t used_ = 0;
};

std::string_view signal_name(int number) noexcept {
    switch (number) {
        case SIGSEGV:
            return "SIGSEGV, memory that is not there";
        case SIGBUS:
            return "SIGBUS, memory that cannot be reached";
        case SIGILL:
            return "SIGILL, an instruction that does not exist";
        case SIGFPE:
            return "SIGFPE, arithmetic that has no result";
        case SIGABRT:
            return "SIGABRT, a check that failed";
        default:
            return "unknown";
    }
}

/// "plugin P, space S, handler H"; empty text when nothing is known.
bool write_place(Writer& out, const Breadcrumb* crumb) noexcept {
    const char* const plugin = crumb ? crumb->plugin.load(std::memory_order_relaxed) : nullptr;
    if (!plugin) return false;
    const char* const space = crumb->space.load(std::memory_order_relaxed);
    const char* const handler = crumb->handler.load(std::memory_order_relaxed);
    out << "plugin " << plugin << ", ";
    if (space) {
        out << "space " << space << ", ";
    } else {
        out << "no space, ";
    }
    out << "handler " << (handler ? handler : "unknown");
    return true;
}

int thread_id() noexcept {
    return static_cast<int>(syscall(SYS_gettid));
}

void die_of(int number) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
    raise(number);
}

/// Should the report itself hang (a lock of the dynamic loader held by the faulting thread), the process ends anyway.
void end_in(unsigned seconds) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &action, nullptr);
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
    alarm(seconds);
}

void report(int number, const siginfo_t* info, int self) noexcept {
    {
        Writer out;
        std::array<char, 16> name{};
        prctl(PR_GET_NAME, name.data());
        out << "\ncairn crashed: signal ";
        out.number(static_cast<std::uint64_t>(number)) << " (" << signal_name(number) << ") in ";
        if (!write_place(out, breadcrumb_in_signal())) out << "the host itself, outside of any plugin";
        out << "\n  thread ";
        out.number(static_cast<std::uint64_t>(self)) << " (" << name.data() << ")";
        if (info && info->si_code > 0 && (number == SIGSEGV || number == SIGBUS)) {
            out << ", address 0x";
            out.number(reinterpret_cast<std::uintptr_t>(info->si_addr), 16);
        }
        out << "\n  backtrace:\n";
    }
    std::array<void*, 64> frames;
    const int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
    backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
    Writer out;
    const BreadcrumbSlot* const table = breadcrumb_table();
    for (std::size_t i = 0; i < kBreadcrumbSlots; ++i) {
        const int thread = table[i].thread.load(std::memory_order_acquire);
        if (thread == 0 || thread == self || !table[i].crumb.plugin.load(std::memory_order_relaxed)) continue;
        out << "  meanwhile thread ";
        out.number(static_cast<std::uint64_t>(thread)) << " was in ";
        if (!write_place(out, &table[i].crumb)) out << "nothing any more";
        out << "\n";
    }
    out << "  Nothing that was acknowledged is lost: the next start takes up where the data directory ends.\n";
}

extern "C" void on_crash(int number, siginfo_t* info, void*) {
    const int self = thread_id();
    int nobody = 0;
    if (!crashing_thread.compare_exchange_strong(nobody, self)) {
        if (nobody == self) return die_of(number);  // the report itself faulted
        for (;;) pause();                           // another thread is reporting; its end is everybody's end
    }
    end_in(10);
    report(number, info, self);
    die_of(number);
}

}  // namespace

void install_crash_handler() {
    // The first backtrace() loads libgcc, which allocates: not something to do first inside of a signal handler.
    std::array<void*, 4> frames;
    backtrace(frames.data(), static_cast<int>(frames.size()));
    static CrashStack main_stack;
    struct sigaction action {};
    action.sa_sigaction = on_crash;
    // NODEFER: the second fault must reach the handler (and end the process) instead of hanging blocked.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (const int number : kSignals) sigaction(number, &action, nullptr);
}

CrashStack::CrashStack() noexcept {
    stack_t current{};
    if (sigaltstack(nullptr, &current) != 0 || (current.ss_flags & SS_DISABLE) == 0) return;
    void* const memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t own{};
    own.ss_sp = memory;
    own.ss_size = kStackBytes;
    if (sigaltstack(&own, nullptr) == 0) {
        memory_ = memory;
    } else {
        munmap(memory, kStackBytes);
    }
}

CrashStack::~CrashStack() {
    if (!memory_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(memory_, kStackBytes);
}

}  // namespace cairn::core
