#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cairn/service.hpp>

namespace cairn::core {

/// Who offers which service, and the slots of those who asked. A slot is filled just before its owner starts and
/// emptied after its owner has stopped. All calls [control].
class ServiceRegistry {
public:
    static std::string key(ServiceId id) { return std::string(id.name) + "/" + std::to_string(id.major); }

    /// False when this plugin has offered it already.
    bool provide(const std::string& plugin, ServiceId id, void* service) {
        return offers_[key(id)].emplace(plugin, service).second;
    }
    std::shared_ptr<void*> require(const std::string& plugin, ServiceId id) {
        auto slot = std::make_shared<void*>(nullptr);
        slots_[plugin].push_back({key(id), slot});
        return slot;
    }
    /// Which plugin's offer counts.
    void bind(const std::string& service, const std::string& plugin) { bound_[service] = plugin; }

    /// The service of the plugin it is bound to, or nullptr.
    void* find(ServiceId id) const { return find(key(id)); }
    template <ServiceInterface S>
    S* find() const {
        return static_cast<S*>(find(S::kService));
    }
    /// The plugin that a service is bound to, or empty.
    std::string provider(ServiceId id) const {
        const auto found = bound_.find(key(id));
        return found == bound_.end() ? std::string() : found->second;
    }

    void fill_slots_of(const std::string& plugin) {
        for (Slot& slot : slots_[plugin]) *slot.place = find(slot.service);
    }
    void empty_slots_of(const std::string& plugin) {
        for (Slot& slot : slots_[plugin]) *slot.place = nullptr;
    }

private:
    struct Slot {
        std::string service;
        std::shared_ptr<void*> place;
    };
    void* find(const std::string& service) const {
        const auto plugin = bound_.find(service);
        const auto offers = offers_.find(service);
        if (plugin == bound_.end() || offers == offers_.end()) return nullptr;
        const auto offer = offers->second.find(plugin->second);
        return offer == offers->second.end() ? nullptr : offer->second;
    }

    std::map<std::string, std::map<std::string, void*>> offers_;  // service → plugin → object
    std::map<std::string, std::string> bound_;                    // service → plugin
    std::map<std::string, std::vector<Slot>> slots_;              // plugin → what it asked for
};

}  // namespace cairn::core
