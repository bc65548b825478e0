#include <filesystem>

#include "core/app/command.hpp"
#include "core/app/host_config.hpp"
#include "core/app/scaffold.hpp"
#include "core/plugins/plugin_library.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

int make(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().size() != 1) throw UsageError("name one new plugin", "For example: cairn plugin new high_five.");
    const std::string& name = arguments.words().front();
    const std::string fault = fault_of_plugin_name(name, PluginFinder(plugin_folders({})).available());
    if (!fault.empty()) throw UsageError(fault);

    const fs::path folder = fs::path(arguments.value("--dir", ".")) / name;
    const std::string shown = folder.lexically_normal().string();
    const fs::path source = fs::path(find_share_dir({})) / "template";
    const auto written = write_scaffold(source.string(), shown, scaffold_values(name));
    for (const std::string& file : written) terminal.out << "  " << (fs::path(shown) / file).string() << "\n";
    terminal.out << "\n" << shown << " is a plugin that works. To build it, test it and see it:\n"
                 << "  cd " << shown << "\n"
                 << "  cmake --workflow --preset default\n"
                 << "  cairn run " << name << ".yaml             then open http://127.0.0.1:8080/" << name << "/\n"
                 << "Its README.md says what is where.\n";
    return exit_code::kOk;
}

}  // namespace

Command plugins_new_command() {
    return {"plugins new",
            "NAME [--dir DIR]",
            "writes a complete project for a new plugin: source, test, tables, page, configuration",
            "Makes the folder NAME with a plugin that works: a behaviour with one message, one event and one table, its "
            "logic apart\n"
            "from the glue, tests, tables for both databases, a page, a configuration that runs it, and a file for CI. "
            "NAME has small\n"
            "letters, digits and '_'. A folder that is not empty is left alone. `cairn plugins new` is the same.\n\n"
            "  --dir DIR  makes DIR/NAME instead\n\n"
            "Examples:\n  cairn plugin new wave\n  cairn plugin new high_five --dir ~/plugins\n",
            {{"--dir", true, "", false}},
            make};
}

}  // namespace cairn::core
