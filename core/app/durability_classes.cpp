#include "core/app/durability_classes.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/plugins/join_words.hpp"

namespace cairn::core {
namespace {

constexpr std::array<std::pair<const char*, Durability>, 3> kClasses{
    {{"durable", Durability::durable}, {"coalesced", Durability::coalesced}, {"transient", Durability::transient}}};

}  // namespace

std::string durability_name(Durability durability) {
    for (const auto& [name, value] : kClasses) {
        if (value == durability) return name;
    }
    return {};
}

void apply_durability_classes(const std::map<std::string, std::string>& classes, const Configuration& configuration,
                              PluginSet& plugins, ProblemReport& report) {
    const Document* written = configuration.at("durability.classes");
    const auto mark_of = [&](const std::string& name) {
        const Document* value = written ? written->find(name) : nullptr;
        return value ? value->mark() : Mark{};
    };
    auto& collections = plugins.declarations().collections;
    std::vector<std::string> names;
    for (const auto& collection : collections) names.push_back(collection->plugin + "." + collection->name);
    for (const auto& [name, chosen] : classes) {
        const std::string path = "durability.classes." + name;
        const auto found = std::find(names.begin(), names.end(), name);
        const auto value = std::find_if(kClasses.begin(), kClasses.end(),
                                        [&chosen = chosen](const auto& known) { return chosen == known.first; });
        if (value == kClasses.end()) {
            report.add(mark_of(name), path, "\"" + chosen + "\" is no class", "durable, coalesced or transient");
        } else if (found == names.end()) {
            const std::string near = did_you_mean(name, names);
            report.add(mark_of(name), path, "no plugin of this file keeps \"" + name + "\"",
                       !near.empty()   ? "Did you mean " + near + "?"
                       : names.empty() ? "No plugin of it keeps anything."
                                       : "There are: " + join(names, ", ") + ".");
        } else {
            collections[static_cast<std::size_t>(found - names.begin())]->durability = value->second;
        }
    }
}

}  // namespace cairn::core
