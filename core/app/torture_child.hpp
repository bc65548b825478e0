#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace cairn::core {

/// Another process of this program whose standard output is read line by line. Killed at the end of its life.
class TortureChild {
public:
    using Clock = std::chrono::steady_clock;

    /// `wrapped`: a program with its words that is to run it (found on PATH), or empty. `environment`: one more variable,
    /// "NAME=value", or empty. Its standard error goes to `log`, behind what is there. Throws std::runtime_error.
    TortureChild(const std::vector<std::string>& words, const std::vector<std::string>& wrapped,
                 const std::string& environment, const std::string& log);
    ~TortureChild();
    TortureChild(const TortureChild&) = delete;
    TortureChild& operator=(const TortureChild&) = delete;

    /// Hands lines to `line` until it returns false (true: it did), the child has ended or `until` is over.
    bool read(Clock::time_point until, const std::function<bool(std::string_view)>& line);
    /// True once its end of the pipe is closed.
    bool ended() const noexcept { return at_end_; }
    /// SIGKILL to it and what runs it; then what it has written until then is read.
    void kill(const std::function<bool(std::string_view)>& line);

private:
    pid_t pid_ = -1;
    int pipe_ = -1;
    bool at_end_ = false;
    std::string rest_;
};

}  // namespace cairn::core
