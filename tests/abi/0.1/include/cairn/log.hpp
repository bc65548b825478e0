#pragma once

#include <cstdint>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/export.hpp>

namespace cairn {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

/// Structured log lines that name their plugin by themselves. `log.info("opened", {{"space", id}})`.
class CAIRN_API Log {
public:
    virtual ~Log();
    /// One line, at most 8 KiB; CR and LF in values are escaped. [any]
    virtual void write(LogLevel level, std::string_view message, const Document& details) = 0;
    /// True when lines of `level` are kept; ask before building costly details. [any]
    virtual bool enabled(LogLevel level) const noexcept = 0;

    void debug(std::string_view message, const Document& details = {}) { write(LogLevel::debug, message, details); }
    void info(std::string_view message, const Document& details = {}) { write(LogLevel::info, message, details); }
    void warning(std::string_view message, const Document& details = {}) { write(LogLevel::warning, message, details); }
    void error(std::string_view message, const Document& details = {}) { write(LogLevel::error, message, details); }
};

}  // namespace cairn
