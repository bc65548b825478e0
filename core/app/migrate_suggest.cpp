#include <filesystem>

#include <cairn/table_check.hpp>

#include "core/app/command.hpp"
#include "core/app/host_config.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {
namespace {

int suggest(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().size() != 1) throw UsageError("name one plugin or one .so file");
    std::vector<std::string> engines{"sqlite", "postgres"};
    if (arguments.has("--engine")) {
        const std::string engine = arguments.value("--engine");
        if (engine != "sqlite" && engine != "postgres") {
            throw UsageError("there is no engine '" + engine + "'", "Use sqlite or postgres; without --engine both.");
        }
        engines = {engine};
    }
    std::string name = arguments.words()[0];
    std::vector<std::string> folders = arguments.values("--dir");
    if (name.find('/') != std::string::npos || name.ends_with(".so")) {
        const std::filesystem::path path = std::filesystem::absolute(name);
        folders.insert(folders.begin(), path.parent_path().string());
        name = path.stem().string();
    }
    ProblemReport report;
    const PluginFinder finder(plugin_folders(folders));
    PluginSet set(finder, find_share_dir({}));
    set.load({{name, {}, {}}}, report);
    if (set.plugins().empty() || !report.empty()) {
        report.print(terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    const auto& tables = set.declarations().tables;
    if (tables.empty()) {
        terminal.err << "Plugin " << name << " declares no table (Setup::table).\n";
        return exit_code::kProblems;
    }
    for (const std::string& engine : engines) {
        int number = 0;
        for (const auto& table : tables) {
            const std::string digits = std::to_string(++number);
            const std::string file = std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits + "_" + table->name;
            terminal.out << "-- sql/" << name << "/" << engine << "/" << file << ".sql\n"
                         << create_table_sql(*table, engine) << "\n-- sql/" << name << "/" << engine << "/" << file
                         << ".down.sql\n-- Loses data: all rows of " << table->name << ".\nDROP TABLE \"" << table->name
                         << "\";\n\n";
        }
    }
    return exit_code::kOk;
}

}  // namespace

Command migrate_suggest_command() {
    return {"migrate suggest",
            "PLUGIN|FILE.so [--engine sqlite|postgres] [--dir DIR]…",
            "prints the CREATE TABLE for each row that a plugin describes",
            "For authors: loads the plugin, lets it declare, and prints the first migration of each of its tables for both\n"
            "engines, each under the name of the file that it belongs into. A beginning to edit: add the indexes that your\n"
            "selections want, and the lengths and references that the database is to hold up. No database is opened.\n\n"
            "  --engine NAME    only for this engine\n"
            "  --dir DIR        looks for the plugin in this folder first; repeatable\n\n"
            "Exit code 0: printed, 1: the plugin does not load or declares no table, 2: wrong usage.\n\n"
            "Examples:\n  cairn migrate suggest ./build/scores.so\n  cairn migrate suggest world --engine postgres\n",
            {{"--engine", true, "", false}, {"--dir", true, "", true}},
            suggest};
}

}  // namespace cairn::core
