#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <cairn/error.hpp>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// What came out of a call into a plugin that did not return normally.
struct Outcome {
    Error error;         ///< to answer with: what the plugin threw, or `internal` with a trace id
    bool fault = false;  ///< false: the plugin refused on purpose by throwing cairn::Error
    std::string what;    ///< for the log: the exception's own text
    std::string trace{}; ///< of a fault: what the answer and the log line have in common
};

/// An `internal` error that tells the player nothing but a trace id, which the log line carries too. [any]
Error internal_error(std::string& trace);

/// Writes the log line of a fault: plugin, space, handler, what, trace. Bounded to one line per site and second, with a
/// count of those left out. [any]
void log_fault(const CallSite& site, const std::string& what, const std::string& trace);

/// Every host→plugin call goes through here: leaves a breadcrumb, catches everything, logs faults.
/// Returns nothing when the call returned. [any]
template <class F>
std::optional<Outcome> fenced(const CallSite& site, F&& call) noexcept {
    BreadcrumbScope crumb(site);
    std::string what;
    try {
        std::forward<F>(call)();
        return std::nullopt;
    } catch (const Error& refusal) {
        return Outcome{refusal, false, refusal.what()};
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "an exception that is not a std::exception";
    }
    std::string trace;
    Error answer = internal_error(trace);
    log_fault(site, what, trace);
    return Outcome{std::move(answer), true, std::move(what), std::move(trace)};
}

}  // namespace cairn::core
