#pragma once

#include <cstddef>

namespace cairn::core {

/// Makes a fault of the process (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) honest: one sentence on standard error that
/// names plugin, space and handler of the thread that faulted, a backtrace, what the other threads were in, and then
/// the signal again with its default action, so that the supervisor sees it and a core is written. [control] Once,
/// before threads start; the calling thread gets its CrashStack, too.
void install_crash_handler();

/// A stack for the crash handler, installed for the calling thread while it lives: without it a thread that has used up
/// its own stack could not say so. Does nothing when the thread has one already (sanitizers bring their own). [any]
class CrashStack {
public:
    CrashStack() noexcept;
    ~CrashStack();
    CrashStack(const CrashStack&) = delete;
    CrashStack& operator=(const CrashStack&) = delete;

private:
    void* memory_ = nullptr;
};

}  // namespace cairn::core
