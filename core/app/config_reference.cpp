#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "core/app/command.hpp"
#include "core/app/host_config.hpp"
#include "core/config/configuration.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

/// File name → content of all pages: the host's and one per plugin in the folders. Throws PluginRefused.
std::map<std::string, std::string> make_pages(const std::vector<std::string>& folders) {
    std::map<std::string, std::string> pages;
    std::string index =
        "# Settings\n\nWritten by `cairn config reference` from the descriptions in the program; do not edit.\n\n"
        "- [host](host.md): everything outside of `plugins`\n";
    pages["host.md"] = reference_page("Host", "", struct_type<HostConfig>());
    const PluginFinder finder(plugin_folders(folders));
    for (const std::string& name : finder.available()) {
        ProblemReport report;
        // Each alone: they need not get along with one another (two stores).
        PluginSet set(finder, find_share_dir({}));
        set.load({{name, {}, {}}}, report);
        if (!report.empty()) throw PluginRefused(report.problems().front().message, report.problems().front().cure);
        const StructType* type = set.plugins().back()->setup->config_type();
        pages[name + ".md"] = type ? reference_page("Plugin " + name, "plugins." + name, *type)
                                   : "# Plugin " + name + "\n\nThis plugin has no settings.\n";
        index += "- [" + name + "](" + name + ".md)\n";
    }
    pages["README.md"] = index;
    return pages;
}

int write_pages(const std::map<std::string, std::string>& pages, const fs::path& folder, Terminal& terminal) {
    fs::create_directories(folder);
    for (const auto& [name, text] : pages) {
        std::ofstream out(folder / name, std::ios::binary | std::ios::trunc);
        out << text;
        out.close();
        if (!out) throw std::runtime_error("cannot write " + (folder / name).string());
    }
    terminal.out << pages.size() << " pages in " << folder.string() << "\n";
    return exit_code::kOk;
}

int compare_pages(const std::map<std::string, std::string>& pages, const fs::path& folder, Terminal& terminal) {
    int differing = 0;
    for (const auto& [name, text] : pages) {
        std::ifstream in(folder / name, std::ios::binary);
        const std::string there((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        if (in.is_open() && there == text) continue;
        terminal.err << (folder / name).string() << (in.is_open() ? " differs from the program\n" : " is missing\n");
        ++differing;
    }
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (at->path().extension() != ".md" || pages.count(name) != 0) continue;
        terminal.err << at->path().string() << " belongs to no plugin\n";
        ++differing;
    }
    if (differing == 0) {
        terminal.out << "The " << pages.size() << " pages in " << folder.string() << " are what the program says.\n";
        return exit_code::kOk;
    }
    terminal.err << "Run `cairn config reference --out " << folder.string() << "`.\n";
    return exit_code::kProblems;
}

int reference(const Arguments& arguments, Terminal& terminal) {
    if (arguments.has("--out") == arguments.has("--check") || !arguments.words().empty()) {
        throw UsageError("takes either --out DIR or --check DIR");
    }
    const std::map<std::string, std::string> pages = make_pages(arguments.values("--dir"));
    return arguments.has("--out") ? write_pages(pages, arguments.value("--out"), terminal)
                                  : compare_pages(pages, arguments.value("--check"), terminal);
}

}  // namespace

Command config_reference_command() {
    return {"config reference",
            "--out DIR | --check DIR [--dir PLUGINS]…",
            "writes a page per plugin with all settings, or checks that the pages are up to date",
            "The pages come from the descriptions in the plugins, so they cannot be wrong, only old; --check tells "
            "(exit code 1).\n\n"
            "Examples:\n  cairn config reference --out config/reference\n  cairn config reference --check "
            "config/reference\n",
            {{"--out", true, "", false}, {"--check", true, "", false}, {"--dir", true, "", true}},
            reference};
}

}  // namespace cairn::core
