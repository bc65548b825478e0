#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/log.hpp>

namespace cairn::core {

/// The one place log lines go to: standard error by spdlog, as text for people or as JSON lines. Values are redacted
/// (keys that contain token, password, secret, cookie, authorization), control characters escaped, lines cut at 8 KiB.
class LogSink {
public:
    enum class Format : unsigned char { text, json };
    struct Options {
        LogLevel level = LogLevel::info;
        Format format = Format::text;
        bool colour = false;
        std::string file;  ///< empty: standard error
    };
    /// Hears lines in the place of the file or standard error.
    using Listener = std::function<void(LogLevel level, std::string_view origin, std::string_view message,
                                        const Document& details)>;
    static LogSink& instance() noexcept;
    /// [control] While nobody else logs. Empty: as configured again.
    void listen(Listener listener);
    /// [control] Before any other thread logs.
    void configure(const Options& options);
    void set_level(LogLevel level) noexcept;  ///< [any]
    bool enabled(LogLevel level) const noexcept;
    /// `origin` is a plugin's name or "core". [any]
    void write(LogLevel level, std::string_view origin, std::string_view message, const Document& details) noexcept;
    void flush() noexcept;

private:
    LogSink();
    struct State;
    std::unique_ptr<State> state_;
    std::atomic<LogLevel> level_{LogLevel::info};
};

/// A Log that writes under a name. Cheap; the name must be interned or outlive it.
class NamedLog final : public Log {
public:
    explicit NamedLog(std::string name);
    void write(LogLevel level, std::string_view message, const Document& details) override;
    bool enabled(LogLevel level) const noexcept override;

private:
    std::string name_;
};

/// The host's own log, under the name "core". [any]
Log& core_log() noexcept;

}  // namespace cairn::core
