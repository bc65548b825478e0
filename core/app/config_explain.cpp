#include <algorithm>

#include "core/app/command.hpp"
#include "core/app/preparation.hpp"

namespace cairn::core {
namespace {

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('.', begin), path.size());
        parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

/// A described place: a struct, and the field of it that the path ends at (or none: the struct itself).
struct Place {
    const StructType* type = nullptr;
    const Field* field = nullptr;
    const void* object = nullptr;  ///< the defaults of `type`
};

Place follow(const StructType& root, const std::vector<std::string>& parts, std::size_t from, const std::string& path) {
    Place place{&root, nullptr, root.defaults.get()};
    for (std::size_t i = from; i < parts.size(); ++i) {
        const Field* field = place.type->find(parts[i]);
        if (!field) {
            std::vector<std::string> names;
            for (const Field& known : place.type->fields) names.push_back(known.name);
            const std::string near = did_you_mean(parts[i], names);
            std::string all;
            for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
            throw UsageError("there is no setting '" + parts[i] + "' in " + path,
                             near.empty() ? "There are: " + all + "." : "Did you mean '" + near + "'?");
        }
        place.field = field;
        if (i + 1 == parts.size()) break;
        const Type* type = field->type;
        const bool direct = type->kind == Kind::structure;
        // Below a map or list comes the name or number of an element, then the element's own settings.
        while (type->element && i + 1 < parts.size()) {
            if (type->kind != Kind::optional) ++i;
            type = type->element;
        }
        if (i + 1 >= parts.size()) break;
        if (type->kind != Kind::structure)
            throw UsageError("'" + field->name + "' has nothing below it, so " + path + " is no setting");
        const StructType& next = type->structure();
        place.object = direct ? static_cast<const char*>(place.object) + field->offset : next.defaults.get();
        place.type = &next;
        place.field = nullptr;
    }
    return place;
}

void list_fields(const StructType& type, const std::string& path, std::ostream& out) {
    std::size_t width = 0;
    for (const Field& field : type.fields) width = std::max(width, field.name.size());
    for (const Field& field : type.fields) {
        out << "  " << (path.empty() ? "" : path + ".") << field.name << std::string(width - field.name.size() + 2, ' ')
            << field.meaning << "\n";
    }
}

int explain(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().empty()) throw UsageError("name a setting", "For example server.max_online or plugins.chat.");
    const std::string path = arguments.words()[0];
    const std::vector<std::string> parts = split(path);

    std::unique_ptr<Preparation> preparation;
    if (arguments.words().size() > 1 || arguments.has("--config"))
        preparation = prepare(configuration_inputs(arguments, 1));
    if (preparation && !preparation->configuration->readable()) {
        preparation->report.print(terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    ProblemReport report;
    std::unique_ptr<PluginSet> loaded;
    const StructType* root = &struct_type<HostConfig>();
    std::size_t from = 0;
    if (parts[0] == "plugins" && parts.size() > 1) {
        PluginSet* set = preparation ? preparation->plugins.get() : nullptr;
        const auto find = [&](const PluginSet* in) -> const LoadedPlugin* {
            if (!in) return nullptr;
            for (const auto& plugin : in->plugins()) {
                if (plugin->name == parts[1]) return plugin.get();
            }
            return nullptr;
        };
        const LoadedPlugin* plugin = find(set);
        if (!plugin) {
            const std::vector<std::string> folders =
                preparation ? preparation->host.plugin_dirs : std::vector<std::string>{};
            loaded = std::make_unique<PluginSet>(PluginFinder(plugin_folders(folders)), find_share_dir({}));
            loaded->load({{parts[1], {}, {}}}, report);
            plugin = find(loaded.get());
        }
        if (!plugin) {
            report.print(terminal.err, terminal.err_colour);
            return exit_code::kProblems;
        }
        root = plugin->setup->config_type();
        if (!root) {
            terminal.out << "plugin " << parts[1] << " has no settings.\n";
            return exit_code::kOk;
        }
        from = 2;
    }
    const Place place = follow(*root, parts, from, path);
    if (!place.field) {
        terminal.out << path << ": the settings of " << (from == 2 ? "plugin " + parts[1] : "the host") << "\n";
        list_fields(*place.type, path, terminal.out);
        return exit_code::kOk;
    }
    static const std::vector<ConfigSource> kNoSources;
    const Document* value = preparation ? preparation->configuration->at(path) : nullptr;
    terminal.out << explain_field(*place.field, static_cast<const char*>(place.object) + place.field->offset, path,
                                  value, preparation ? preparation->configuration->sources() : kNoSources);
    const Type* inner = place.field->type;
    while (inner->element) inner = inner->element;
    if (inner->kind == Kind::structure) {
        terminal.out << "Below it:\n";
        std::string below = path;
        if (place.field->type->kind == Kind::map) below += ".<name>";
        if (place.field->type->kind == Kind::list) below += ".<number>";
        list_fields(inner->structure(), below, terminal.out);
    }
    return exit_code::kOk;
}

}  // namespace

Command config_explain_command() {
    return {"config explain",
            "PATH [FILE] [-c FILE]… [--set KEY=VALUE]…",
            "explains one setting: meaning, type, default, range, and where its value came from",
            "With a file it says which line the value in force came from. Without, it explains the setting alone.\n"
            "The path of a block (`server`, `plugins.chat`) lists what is below it.\n\n"
            "Examples:\n"
            "  cairn config explain server.max_online\n"
            "  cairn config explain plugins.gateway.listen config/metaverse.yaml\n",
            configuration_options(),
            explain};
}

}  // namespace cairn::core
