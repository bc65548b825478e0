#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <cairn/document.hpp>

namespace cairn::core {

/// What GET /health answers with: the state of the whole and what each part says of itself (promise P291: status,
/// persistence, worldState, batchProcessor are members that their owners report). [any]
class Health {
public:
    struct Report {
        bool ok = true;
        Document details;
    };
    using Reporter = std::function<Report()>;

    explicit Health(std::string version);

    /// From now on `name` is a member of the body; the same name again replaces the reporter. `status`,
    /// `uptime_seconds` and `version` are taken: Error(conflict).
    void add(const std::string& name, Reporter reporter);
    /// Forgets a part; returns when no call to its reporter is under way any more. REQUIRES: not from a reporter.
    void remove(const std::string& name);

    /// `{status, uptime_seconds, version, <name>: {ok, …details}}`. Asks every part; `ok` becomes false (and status
    /// "degraded") when one is not well or throws.
    Document body(bool& ok) const;

private:
    struct Part {
        std::mutex mutex;  ///< held while reporting
        Reporter reporter;
    };
    const std::string version_;
    const std::chrono::steady_clock::time_point begun_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Part>> parts_;
};

}  // namespace cairn::core
