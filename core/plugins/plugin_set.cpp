#include "core/plugins/plugin_set.hpp"

#include <cairn/services/store.hpp>

#include "core/config/configuration.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {

PluginSet::~PluginSet() {
    destroy();
}

void PluginSet::load(const std::vector<WantedPlugin>& wanted, ProblemReport& report) {
    for (const WantedPlugin& plugin : wanted) {
        const std::size_t before = plugins_.size();
        try {
            load_one(plugin, report);
        } catch (const PluginRefused& refusal) {
            report.add(plugin.mark, "plugins." + plugin.name, refusal.what(), refusal.cure());
        }
        complete_ = complete_ && plugins_.size() > before;
    }
}

void PluginSet::load_one(const WantedPlugin& wanted, ProblemReport& report) {
    auto loaded = std::make_unique<LoadedPlugin>();
    loaded->name = wanted.name;
    loaded->mark = wanted.mark;
    loaded->settings = wanted.settings;
    const auto brought = brought_.find(wanted.name);
    Make make;
    if (brought != brought_.end()) {
        loaded->file.path = executable_folder() + "/" + wanted.name;
        loaded->file.descriptor = host_build();
        make = brought->second;
    } else {
        loaded->file = inspect_plugin(finder_.find(wanted.name));
        make = [create = load_plugin(loaded->file)] { return std::unique_ptr<Plugin>(create()); };
    }
    loaded->share_dir = plugin_share_dir(loaded->file.path, share_dir_);

    const char* name = intern(wanted.name);
    const std::string who = "plugin " + wanted.name + " " + loaded->file.descriptor.version;
    const auto created = fenced({name, nullptr, intern("constructor")}, [&] { loaded->object = make(); });
    if (created || !loaded->object) {
        throw PluginRefused(who + " could not be made: its constructor " +
                                (created ? "threw: " + created->what : std::string("gave nothing")),
                            "Constructors of plugins only set members; move work that can fail to start.");
    }
    if (dress_) loaded->object = dress_(wanted.name, std::move(loaded->object));
    loaded->setup = std::make_unique<PluginSetup>(wanted.name, wanted.mark, loaded->share_dir, declarations_, report);
    const auto set_up = fenced({name, nullptr, intern("setup")}, [&] { loaded->object->setup(*loaded->setup); });
    loaded->setup->seal();
    // It stays, because what it declared already refers to it.
    plugins_.push_back(std::move(loaded));
    if (set_up) {
        complete_ = false;
        report.add(wanted.mark, "plugins." + wanted.name, who + " failed in setup: " + set_up->what,
                   "Setup only declares; look for the message in the plugin's source.");
    }
}

void PluginSet::check(const std::map<std::string, std::string>& bindings, ProblemReport& report) {
    std::vector<GraphNode> nodes;
    for (const auto& plugin : plugins_) {
        const std::string path = "plugins." + plugin->name;
        if (const StructType* type = plugin->setup->config_type()) {
            check_and_fill(*type, plugin->settings, path, plugin->setup->config_value(), report);
        } else if (!plugin->settings.is_null() && !(plugin->settings.is_map() && plugin->settings.size() == 0)) {
            report.add(plugin->settings.mark(), path, "plugin " + plugin->name + " has no settings",
                       "Write `" + plugin->name + ": {}`.");
        }
        nodes.push_back(plugin->setup->node());
    }
    const std::string store(services::Store::kService.name);
    const PluginOrder order = order_plugins(nodes, bindings, finder_.available(), store, complete_, report);
    declarations_.routes.check(report);
    if (!report.empty()) return;

    for (const auto& [service, index] : order.providers) declarations_.services.bind(service, nodes[index].plugin);
    std::vector<std::unique_ptr<LoadedPlugin>> sorted;
    for (const std::size_t index : order.order) sorted.push_back(std::move(plugins_[index]));
    plugins_ = std::move(sorted);
}

void PluginSet::destroy() noexcept {
    while (!plugins_.empty()) {
        LoadedPlugin& last = *plugins_.back();
        fenced({intern(last.name), nullptr, intern("destructor")}, [&] { last.object.reset(); });
        plugins_.pop_back();
    }
}

}  // namespace cairn::core
