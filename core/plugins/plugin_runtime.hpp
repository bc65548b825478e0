#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "core/observe/breadcrumb.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {

/// What the host lends to plugins. All of it outlives them.
struct HostParts {
    Metrics* metrics = nullptr;
    const Clock* clock = nullptr;
    Loops* loops = nullptr;
    Background* background = nullptr;
    Storage* storage = nullptr;
    Spaces* spaces = nullptr;
    Sessions* sessions = nullptr;
    const HttpRoutes* routes = nullptr;
    const std::vector<std::unique_ptr<TableSpec>>* tables = nullptr;
    std::string data_dir;
    std::string share_dir;
    std::function<void(std::string_view label, std::string_view text)> announce;
    /// As Runtime::schedule, for the plugin of that name.
    std::function<void(const std::string& plugin, std::string cron, std::string what,
                       std::function<void(const Task&)> work)>
        schedule{};
};

/// The lanes as one plugin sees them: its work leaves a breadcrumb, its completions are fenced, its tasks are counted.
class FencedBackground final : public Background {
public:
    FencedBackground(const std::string& plugin, Background& lanes);
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override;
    /// Tasks that wait, run, or have not called their completion yet. [any]
    std::size_t in_flight() const noexcept { return count_->load(std::memory_order_acquire); }

private:
    CallSite work_site_;
    CallSite done_site_;
    Background& lanes_;
    std::shared_ptr<std::atomic<std::size_t>> count_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// The storage as one plugin sees it: completions are fenced.
class FencedStorage final : public Storage {
public:
    FencedStorage(const std::string& plugin, Storage& storage);
    void commit(Commit commit, Then<Committed> then) override;
    void query(Query query, Then<Rows> then) override;
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override;
    void count(Selection selection, Then<std::int64_t> then) override;

private:
    CallSite site_;
    Storage& storage_;
};

/// What one plugin may use from start on.
class PluginRuntime final : public Runtime {
public:
    /// `share_dir` empty: that of `parts`.
    PluginRuntime(std::string plugin, std::string plugin_dir, const HostParts& parts, std::string share_dir = {});

    Log& log() noexcept override { return log_; }
    Metrics& metrics() noexcept override { return *parts_.metrics; }
    const Clock& clock() const noexcept override { return *parts_.clock; }
    Loops& loops() noexcept override { return *parts_.loops; }
    Background& background() noexcept override { return background_; }
    Storage& storage() noexcept override { return storage_; }
    Spaces& spaces() noexcept override { return *parts_.spaces; }
    Sessions& sessions() noexcept override { return *parts_.sessions; }
    const HttpRoutes& routes() const noexcept override { return *parts_.routes; }
    const std::string& data_dir() const noexcept override { return parts_.data_dir; }
    const std::string& plugin_dir() const noexcept override { return plugin_dir_; }
    const std::string& share_dir() const noexcept override { return share_dir_.empty() ? parts_.share_dir : share_dir_; }
    const std::vector<std::unique_ptr<TableSpec>>& tables() const noexcept override { return *parts_.tables; }
    void announce(std::string_view label, std::string_view text) override { parts_.announce(label, text); }

    void schedule(std::string cron, std::string what, std::function<void(const Task&)> work) override {
        // Where no server runs, nothing has its time.
        if (parts_.schedule) parts_.schedule(plugin_, std::move(cron), std::move(what), std::move(work));
    }

    std::size_t tasks_in_flight() const noexcept { return background_.in_flight(); }

private:
    const HostParts& parts_;
    std::string plugin_;
    std::string plugin_dir_;
    std::string share_dir_;
    NamedLog log_;
    FencedBackground background_;
    FencedStorage storage_;
};

}  // namespace cairn::core
