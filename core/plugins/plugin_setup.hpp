#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "core/config/problem_report.hpp"
#include "core/plugins/plugin_graph.hpp"
#include "core/plugins/route_table.hpp"
#include "core/plugins/service_registry.hpp"
#include "core/spaces/space_host.hpp"

namespace cairn::core {

/// A plugin's (or the host's) part of GET /health.
struct HealthSource {
    std::string plugin;
    std::string name;
    std::function<Setup::HealthReport()> report;
};

/// Everything that all plugins declared. Owned by the host, so it goes away by itself.
struct Declarations {
    std::vector<BehaviourFactory> behaviours;
    ServiceRegistry services;
    std::vector<std::unique_ptr<TableSpec>> tables;
    RouteTable routes;
    std::vector<HealthSource> health;
    std::vector<std::unique_ptr<Collection>> collections;
    std::vector<ExchangeSection> sections;
};

/// What one plugin declares with. Collects, checks what can be judged alone, and starts nothing.
class PluginSetup final : public Setup {
public:
    PluginSetup(std::string plugin, Mark mark, std::string share_dir, Declarations& into, ProblemReport& report);

    void behaviour(std::string name, std::function<std::unique_ptr<Behaviour>(Space&)> make) override;
    const Collection& collection(std::string name, Durability usual, std::string meaning) override;
    void exchange(ExchangeSection section) override;
    void route(HttpRoute route) override;
    void files(HttpFiles files) override;
    void health(std::string name, std::function<HealthReport()> report) override;
    const std::string& share_dir() const noexcept override { return share_dir_; }

    /// `Plugin::setup` has returned: later declarations throw, as the host would never see them. [control]
    void seal() noexcept { sealed_ = true; }
    const GraphNode& node() const noexcept { return node_; }
    /// The description of the plugin's settings, or nullptr when it has none.
    const StructType* config_type() const noexcept { return config_type_; }
    /// The plugin's settings object, of config_type().
    void* config_value() const noexcept { return config_value_; }
    bool has_tables() const noexcept { return has_tables_; }

protected:
    void config_erased(const StructType& type, void* value, std::shared_ptr<void> keep) override;
    void provide_erased(ServiceId id, void* service) override;
    std::shared_ptr<void*> require_erased(ServiceId id, bool required) override;
    const TableSpec& table_erased(std::string name, std::vector<std::string> key, const StructType& row) override;

private:
    void declare(const char* call) const;
    void problem(std::string message, std::string cure) const;

    GraphNode node_;
    std::string share_dir_;
    Declarations& into_;
    ProblemReport& report_;
    const StructType* config_type_ = nullptr;
    void* config_value_ = nullptr;
    std::shared_ptr<void> config_keep_;
    bool has_tables_ = false;
    bool sealed_ = false;
};

}  // namespace cairn::core
