#include "core/observe/log_sink.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cairn/error.hpp>
#include <chrono>
#include <utility>

#include "core/observe/log_format.hpp"

namespace cairn::core {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> make_logger(const LogSink::Options& options) {
    spdlog::sink_ptr sink;
    if (!options.file.empty()) {
        try {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
        } catch (const spdlog::spdlog_ex& error) {
            throw Error(Code::unavailable, "the log file " + options.file + " cannot be opened: " + error.what() +
                                               ". Name one that this user may write, or none for standard error.");
        }
    } else if (options.colour) {
        sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(spdlog::color_mode::always);
    } else {
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    auto logger = std::make_shared<spdlog::logger>("cairn", std::move(sink));
    // The line comes ready; the marks say what a terminal shows in colour: all of it.
    logger->set_pattern("%^%v%$");
    logger->set_level(spdlog::level::trace);
    // A line that waits in a buffer is lost with the process; lines are few enough to write each.
    logger->flush_on(spdlog::level::trace);
    logger->set_error_handler([](const std::string&) {});  // a full disk must not end in a loop of complaints
    return logger;
}

}  // namespace

struct LogSink::State {
    std::shared_ptr<spdlog::logger> logger;
    Format format = Format::text;
    Listener listener;
};

LogSink::LogSink() : state_(std::make_unique<State>()) {
    state_->logger = make_logger({});
}

LogSink& LogSink::instance() noexcept {
    // Never destroyed: threads and destructors of statics may log to the very end.
    static auto& sink = *new LogSink;  // NOLINT(bugprone-unhandled-exception-at-new): no log, no host
    return sink;
}

void LogSink::configure(const Options& options) {
    state_->logger = make_logger(options);
    state_->format = options.format;
    set_level(options.level);
}

void LogSink::listen(Listener listener) {
    state_->listener = std::move(listener);
}

void LogSink::set_level(LogLevel level) noexcept {
    level_.store(level, std::memory_order_relaxed);
}

bool LogSink::enabled(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed);
}

void LogSink::write(LogLevel level, std::string_view origin, std::string_view message,
                    const Document& details) noexcept {
    if (!enabled(level)) return;
    try {
        if (state_->listener) return state_->listener(level, origin, message, details);
        const LogLine line{level, std::chrono::system_clock::now(), origin, message, &details};
        const std::string text = state_->format == Format::json ? format_json(line) : format_text(line);
        state_->logger->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
    } catch (...) {
        // Out of memory: the line is lost, its writer goes on.
    }
}

void LogSink::flush() noexcept {
    try {
        state_->logger->flush();
    } catch (...) {
        // As above: logging harms nobody.
    }
}

NamedLog::NamedLog(std::string name) : name_(std::move(name)) {}

void NamedLog::write(LogLevel level, std::string_view message, const Document& details) {
    LogSink::instance().write(level, name_, message, details);
}

bool NamedLog::enabled(LogLevel level) const noexcept {
    return LogSink::instance().enabled(level);
}

Log& core_log() noexcept {
    static auto& log = *new NamedLog("core");  // NOLINT(bugprone-unhandled-exception-at-new): no log, no host
    return log;
}

}  // namespace cairn::core
