#include "core/plugins/plugin_setup.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace cairn::core {

PluginSetup::PluginSetup(std::string plugin, Mark mark, std::string share_dir, Declarations& into,
                         ProblemReport& report)
    : share_dir_(std::move(share_dir)), into_(into), report_(report) {
    node_.plugin = std::move(plugin);
    node_.mark = mark;
}

void PluginSetup::declare(const char* call) const {
    if (sealed_) {
        throw std::logic_error("Setup::" + std::string(call) +
                               " was called after setup had returned: declare everything in setup");
    }
}

void PluginSetup::problem(std::string message, std::string cure) const {
    report_.add(node_.mark, "plugins." + node_.plugin, "plugin " + node_.plugin + " " + std::move(message),
                std::move(cure));
}

void PluginSetup::behaviour(std::string name, std::function<std::unique_ptr<Behaviour>(Space&)> make) {
    declare("behaviour");
    if (!make) return problem("declares the behaviour '" + name + "' without a function that makes it", "Give it one.");
    for (const BehaviourFactory& other : into_.behaviours) {
        if (other.plugin != node_.plugin || other.name != name) continue;
        return problem("declares the behaviour '" + name + "' twice", "Give one of the two another name.");
    }
    into_.behaviours.push_back({node_.plugin, std::move(name), std::move(make)});
}

const Collection& PluginSetup::collection(std::string name, Durability usual, std::string meaning) {
    declare("collection");
    for (const auto& other : into_.collections) {
        if (other->plugin != node_.plugin || other->name != name) continue;
        problem("declares the collection '" + name + "' twice", "Give one of the two another name.");
    }
    into_.collections.push_back(
        std::make_unique<Collection>(Collection{node_.plugin, std::move(name), std::move(meaning), usual}));
    return *into_.collections.back();
}

void PluginSetup::exchange(ExchangeSection section) {
    declare("exchange");
    if (!section.write || !section.read) {
        return problem("declares the export section '" + section.name + "' without functions that write and read it",
                       "Give it both.");
    }
    for (const ExchangeSection& other : into_.sections) {
        if (other.name != section.name) continue;
        return problem("declares the export section '" + section.name + "', which exists already",
                       "Choose another name.");
    }
    into_.sections.push_back(std::move(section));
}

void PluginSetup::route(HttpRoute route) {
    declare("route");
    into_.routes.add(node_.plugin, node_.mark, std::move(route));
}

void PluginSetup::files(HttpFiles files) {
    declare("files");
    into_.routes.add_files(node_.plugin, node_.mark, std::move(files));
}

void PluginSetup::health(std::string name, std::function<HealthReport()> report) {
    declare("health");
    static constexpr std::string_view kTaken[] = {"status",      "uptime_seconds", "version",
                                                  "persistence", "worldState",     "batchProcessor"};
    if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
        return problem("contributes '" + name + "' to /health, which the host itself does", "Choose another name.");
    }
    if (!report) return problem("contributes '" + name + "' to /health without a function", "Give it one.");
    for (const HealthSource& other : into_.health) {
        if (other.name != name) continue;
        return problem("contributes '" + name + "' to /health, which plugin " + other.plugin + " does already",
                       "Choose another name.");
    }
    into_.health.push_back({node_.plugin, std::move(name), std::move(report)});
}

void PluginSetup::config_erased(const StructType& type, void* value, std::shared_ptr<void> keep) {
    declare("config");
    if (config_type_ != nullptr) {
        return problem("asks for its settings twice", "Call Setup::config once and keep the pointer.");
    }
    config_type_ = &type;
    config_value_ = value;
    config_keep_ = std::move(keep);
}

void PluginSetup::provide_erased(ServiceId id, void* service) {
    declare("provide");
    if (!into_.services.provide(node_.plugin, id, service)) {
        return problem("offers the service " + ServiceRegistry::key(id) + " twice",
                       "Call Setup::provide once per service.");
    }
    node_.provides.push_back({std::string(id.name), id.major});
}

std::shared_ptr<void*> PluginSetup::require_erased(ServiceId id, bool required) {
    declare(required ? "require" : "want");
    node_.needs.push_back({{std::string(id.name), id.major}, required});
    return into_.services.require(node_.plugin, id);
}

const TableSpec& PluginSetup::table_erased(std::string name, std::vector<std::string> key, const StructType& row) {
    declare("table");
    for (const auto& other : into_.tables) {
        if (other->name != name) continue;
        problem("declares the table '" + name + "', which plugin " + other->plugin + " owns already",
                "A table has one owner: choose another name, or ask the owner by a service.");
    }
    if (key.empty()) problem("declares the table '" + name + "' without a key", "Name its key columns.");
    for (const std::string& column : key) {
        if (row.find(column) != nullptr) continue;
        problem(
            "declares the table '" + name + "' with the key column '" + column + "', which its row does not describe",
            "Name a described member of the row.");
    }
    auto spec = std::make_unique<TableSpec>();
    spec->name = std::move(name);
    spec->key = std::move(key);
    spec->row = &row;
    spec->plugin = node_.plugin;
    has_tables_ = true;
    into_.tables.push_back(std::move(spec));
    return *into_.tables.back();
}

}  // namespace cairn::core
