#include "core/app/audited_tables.hpp"

#include <algorithm>

#include "core/plugins/join_words.hpp"

namespace cairn::core {

void check_audited_tables(const std::vector<std::string>& audited, const Configuration& configuration,
                          PluginSet& plugins, ProblemReport& report) {
    std::vector<std::string> names;
    for (const auto& table : plugins.declarations().tables) names.push_back(table->name);
    const Document* written = configuration.at("durability.audit");
    for (std::size_t i = 0; i < audited.size(); ++i) {
        if (std::find(names.begin(), names.end(), audited[i]) != names.end()) continue;
        const bool there = written != nullptr && written->is_list() && i < written->size();
        const std::string near = did_you_mean(audited[i], names);
        report.add(there ? written->items()[i].mark() : Mark{}, "durability.audit." + std::to_string(i),
                   "no plugin of this file has a table \"" + audited[i] + "\"",
                   !near.empty()   ? "Did you mean " + near + "?"
                   : names.empty() ? "No plugin of it has tables."
                                   : "There are: " + join(names, ", ") + ".");
    }
}

}  // namespace cairn::core
