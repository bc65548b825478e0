#include <filesystem>

#include "core/app/command.hpp"
#include "core/app/host_config.hpp"
#include "core/plugins/compatibility.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {
namespace {

Document names_of(const std::vector<ServiceName>& services) {
    Document list = Document::list();
    for (const ServiceName& service : services) list.push(service.text());
    return list;
}

Document declared(PluginSet& set) {
    const PluginSetup& setup = *set.plugins().front()->setup;
    Document settings = Document::list();
    if (setup.config_type()) {
        for (const Field& field : setup.config_type()->fields) settings.push(field.name + ": " + field.meaning);
    }
    Document needs = Document::list();
    for (const GraphNode::Need& need : setup.node().needs) {
        needs.push(need.service.text() + (need.required ? "" : " (may be missing)"));
    }
    Document behaviours = Document::list();
    for (const BehaviourFactory& behaviour : set.declarations().behaviours) behaviours.push(behaviour.name);
    Document tables = Document::list();
    for (const auto& table : set.declarations().tables) tables.push(table->name);
    Document routes = Document::list();
    for (const Document& route : set.declarations().routes.to_document().items()) {
        routes.push(std::string(route["method"].text()) + " " + std::string(route["pattern"].text()));
    }
    return {{"settings", settings}, {"provides", names_of(setup.node().provides)},
            {"needs", needs},       {"behaviours", behaviours},
            {"tables", tables},     {"routes", routes}};
}

int inspect(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().size() != 1) throw UsageError("name one plugin or one .so file");
    std::string name = arguments.words()[0];
    std::vector<std::string> folders = arguments.values("--dir");
    if (name.find('/') != std::string::npos || name.ends_with(".so")) {
        const std::filesystem::path path = std::filesystem::absolute(name);
        std::error_code error;
        if (!std::filesystem::is_regular_file(path, error) || path.extension() != ".so") {
            terminal.err << "cairn plugins inspect: "
                         << (std::filesystem::exists(path, error)
                                 ? name + " is no plugin: those are files called NAME.so"
                                 : "there is no file " + name)
                         << "\n    `cairn plugins list` shows the ones that are found by their names.\n";
            return exit_code::kProblems;
        }
        folders.insert(folders.begin(), path.parent_path().string());
        name = path.stem().string();
    }
    const PluginFinder finder(plugin_folders(folders));
    Document answer;
    ProblemReport report;
    try {
        const PluginFile file = read_plugin_file(finder.find(name));
        const abi::Descriptor& build = file.descriptor;
        Document needed = Document::list();
        for (const std::string& library : file.needed) needed.push(library);
        answer = {{"name", build.name},
                  {"version", build.version},
                  {"file", file.path},
                  {"abi", std::to_string(build.abi_major) + "." + std::to_string(build.abi_minor)},
                  {"compiler", build.compiler},
                  {"c++", build.cplusplus},
                  {"standard library", standard_library_name(build)},
                  {"debug containers", build.debug_containers != 0},
                  {"sanitizer", sanitizer_name(build)},
                  {"libraries", needed}};
    } catch (const PluginRefused& refusal) {
        report.add({}, name, refusal.what(), refusal.cure());
    }
    PluginSet set(finder, find_share_dir({}));
    if (report.empty()) set.load({{name, {}, {}}}, report);
    if (!set.plugins().empty()) {
        for (const Document::Member& member : declared(set).members()) answer.set(member.key, member.value);
    }
    answer.set("ok", report.empty());
    if (!report.empty()) answer.set("problems", report.to_document());
    if (arguments.has("--json")) {
        terminal.out << answer.to_json() << "\n";
        return report.empty() ? exit_code::kOk : exit_code::kProblems;
    }
    for (const Document::Member& member : answer.members()) {
        if (member.key == "problems" || member.key == "ok") continue;
        if (!member.value.is_list()) {
            terminal.out << member.key << ": "
                         << (member.value.is_text() ? std::string(member.value.text()) : member.value.to_json())
                         << "\n";
            continue;
        }
        if (member.value.size() == 0) continue;
        terminal.out << member.key << ":\n";
        for (const Document& item : member.value.items()) terminal.out << "  " << item.text() << "\n";
    }
    if (report.empty()) return exit_code::kOk;
    report.print(terminal.err, terminal.err_colour);
    return exit_code::kProblems;
}

}  // namespace

Command plugins_inspect_command() {
    return {"plugins inspect",
            "NAME|FILE.so [--dir DIR]… [--json]",
            "shows one plugin: how it was built, what it needs, offers and declares",
            "The build is read from the file; then the plugin is loaded and asked to declare, but not started.\n"
            "Exit code 1 when it would be refused, with the reason and the cure.\n\n"
            "Examples:\n  cairn plugins inspect chat\n  cairn plugins inspect ./build/dev/plugins/chat.so --json\n",
            {{"--dir", true, "", true}, {"--json", false, "", false}},
            inspect};
}

}  // namespace cairn::core
