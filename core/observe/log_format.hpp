#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <cairn/log.hpp>

namespace cairn::core {

/// The longest line, its end of line not counted.
inline constexpr std::size_t kLogLine = 8192;

/// What one line is made from. `at` is wall-clock time.
struct LogLine {
    LogLevel level = LogLevel::info;
    std::chrono::system_clock::time_point at;
    std::string_view origin;
    std::string_view message;
    const Document* details = nullptr;  ///< nullptr: none
};

/// `12:03:41 info  gateway  opened  port=8080` in local time: for people. Control characters, also those of terminals,
/// are written as escapes; values of secret keys as `[hidden]`; at most kLogLine bytes of valid UTF-8. [any]
std::string format_text(const LogLine& line);

/// One JSON object: ts (ISO 8601, UTC, milliseconds), level, origin, message, then `fields` if there are any; always
/// valid JSON and at most kLogLine bytes: members that do not fit are left out and `"cut":true` says so. [any]
std::string format_json(const LogLine& line);

/// True for keys whose values are never written: those that contain token, password, secret, cookie or authorization
/// in any case. [any]
bool is_secret_key(std::string_view key) noexcept;

/// "trace", "debug", "info", "warn", "error". [any]
std::string_view level_word(LogLevel level) noexcept;

}  // namespace cairn::core
