#include "core/app/command.hpp"
#include "core/app/preparation.hpp"

namespace cairn::core {
namespace {

void print(const Document& value, std::size_t depth, std::ostream& out) {
    const std::string indent(depth * 2, ' ');
    for (const Document::Member& member : value.members()) {
        out << indent << member.key << ":";
        if (member.value.is_map() && member.value.size() > 0) {
            out << "\n";
            print(member.value, depth + 1, out);
        } else {
            out << " " << member.value.to_json() << "\n";  // JSON is YAML
        }
    }
}

int show(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare(configuration_inputs(arguments));
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    Document shown = settings_document(struct_type<HostConfig>(), &preparation->host);
    Document plugins = Document::map();
    for (const auto& plugin : preparation->plugins->plugins()) {
        const StructType* type = plugin->setup->config_type();
        plugins.set(plugin->name, type ? settings_document(*type, plugin->setup->config_value()) : Document::map());
    }
    shown.set("plugins", plugins);
    if (arguments.has("--json")) {
        terminal.out << shown.to_json() << "\n";
    } else {
        print(shown, 0, terminal.out);
    }
    return exit_code::kOk;
}

}  // namespace

Command config_show_command() {
    return {"config show",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "prints the whole configuration in force, defaults included, secrets masked",
            "The output is YAML and may be read back, but for the masked secrets.\n\n"
            "Example:\n  cairn config show config/metaverse.yaml --set name=test\n",
            configuration_options({{"--json", false, "", false}}),
            show};
}

}  // namespace cairn::core
