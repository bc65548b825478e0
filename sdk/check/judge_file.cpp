#include <algorithm>

#include "core/plugins/plugin_library.hpp"
#include "sdk/check/exported_symbols.hpp"
#include "sdk/check/judges.hpp"

namespace cairn::check {

std::vector<Judgement> judge_file(const CheckOptions& options) {
    std::vector<Judgement> all;
    try {
        const core::PluginFile file = core::inspect_plugin(options.file);
        all.push_back(good("file", "plugin " + std::string(file.descriptor.name) + " " + file.descriptor.version + ", ABI " +
                                       std::to_string(file.descriptor.abi_major) + "." +
                                       std::to_string(file.descriptor.abi_minor)));
    } catch (const core::PluginRefused& refused) {
        all.push_back(bad("file", refused.what(), refused.cure()));
        return all;
    }
    std::vector<std::string> symbols = exported_symbols(options.file);
    for (const char* ours : {"cairn_plugin_create", "cairn_plugin_descriptor"}) {
        const auto found = std::find(symbols.begin(), symbols.end(), ours);
        if (found == symbols.end()) {
            all.push_back(bad("symbols", "it does not export " + std::string(ours),
                              "Let CAIRN_PLUGIN write it, and do not hide it when linking."));
            return all;
        }
        symbols.erase(found);
    }
    if (symbols.empty()) {
        all.push_back(good("symbols", "it exports its two symbols and nothing else"));
        return all;
    }
    constexpr std::size_t kShown = 3;
    std::string names;
    for (std::size_t i = 0; i < symbols.size() && i < kShown; ++i) names += (i == 0 ? "" : ", ") + readable(symbols[i]);
    if (symbols.size() > kShown) names += " and " + std::to_string(symbols.size() - kShown) + " more";
    all.push_back(bad("symbols",
                      "it exports " + std::to_string(symbols.size() + 2) +
                          " symbols; beside its two there are " + names,
                      "Link with -Wl,--version-script=plugin.map (of the SDK's cmake folder; cairn_plugin() does so), and "
                      "build with -fvisibility=hidden: what a plugin exports may be taken for somebody else's."));
    return all;
}

}  // namespace cairn::check
