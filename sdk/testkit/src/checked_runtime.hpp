#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "sdk/testkit/src/ledger.hpp"
#include "sdk/testkit/src/manual_loops.hpp"

namespace cairn::testkit {

/// What a plugin may use from `start` on, checked; counts the timers and watches that it has on loops.
class CheckedRuntime final : public Runtime {
public:
    CheckedRuntime(Ledger& ledger, std::string plugin, Runtime& inner, ManualLoops& loops);
    ~CheckedRuntime() override;

    /// Timers that have neither run nor been cancelled, watches that have not ended.
    std::size_t timers() const noexcept;
    std::size_t watches() const noexcept;

    Log& log() noexcept override { return inner_.log(); }
    Metrics& metrics() noexcept override { return inner_.metrics(); }
    const Clock& clock() const noexcept override { return inner_.clock(); }
    Loops& loops() noexcept override;
    Background& background() noexcept override;
    Storage& storage() noexcept override;
    Spaces& spaces() noexcept override { return inner_.spaces(); }
    Sessions& sessions() noexcept override;
    const HttpRoutes& routes() const noexcept override { return inner_.routes(); }
    const std::string& data_dir() const noexcept override { return inner_.data_dir(); }
    const std::string& plugin_dir() const noexcept override { return inner_.plugin_dir(); }
    const std::string& share_dir() const noexcept override { return inner_.share_dir(); }
    const std::vector<std::unique_ptr<TableSpec>>& tables() const noexcept override { return inner_.tables(); }
    void announce(std::string_view label, std::string_view text) override;
    void schedule(std::string cron, std::string what, std::function<void(const Task&)> work) override;

private:
    class CheckedLoop;
    class CheckedLoops;
    class CheckedBackground;
    class CheckedStorage;
    class CheckedSessions;

    Ledger& ledger_;
    const std::string plugin_;
    Runtime& inner_;
    std::unique_ptr<CheckedLoops> loops_;
    std::unique_ptr<CheckedBackground> background_;
    std::unique_ptr<CheckedStorage> storage_;
    std::unique_ptr<CheckedSessions> sessions_;
};

}  // namespace cairn::testkit
