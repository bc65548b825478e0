#include <cairn/uuid.hpp>

#include "core/app/command.hpp"
#include "core/app/exchange.hpp"
#include "core/app/exchange_file.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

int export_space(const Arguments& arguments, Terminal& terminal) {
    const std::string shape = arguments.value("--shape", "entries");
    if (shape != "entries" && shape != "objects") {
        throw UsageError("--shape " + shape + " is no shape", "There are: entries, objects.");
    }
    const auto preparation = prepare(configuration_inputs(arguments));
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    const std::vector<ExchangeSection>& sections = preparation->plugins->declarations().sections;
    if (sections.empty()) throw std::runtime_error("no plugin of this configuration has anything to export");
    quiet_log(terminal);
    must_have_data(*preparation);
    OfflineEngine engine(*preparation);
    const std::string name = arguments.value("--space", preparation->host.server.default_space);
    const ExchangeSpace space = find_space(engine, sections, name);
    if (space_section(sections) != nullptr && !space.entry) {
        throw std::runtime_error("there is no space \"" + name + "\" in " + engine.store().place() +
                                 "; name another with --space");
    }
    const std::string out = arguments.value("--out", name + ".json");
    ExchangeWriter writer(out, shape == "entries" ? ExchangeShape::entries : ExchangeShape::objects);
    if (space.entry) {
        Document entry{{"id", space.id}};
        for (const Document::Member& member : space.entry->members()) entry.set(member.key, member.value);
        writer.member(kSpaceSection, entry);
    }
    std::string counts;
    for (const ExchangeSection& section : sections) {
        if (section.name == kSpaceSection) continue;
        std::size_t count = 0;
        writer.begin(section);
        each_row(engine, section, space.id, [&](const Document& row) {
            const auto [id, entry] = section.write(row);
            writer.entry(id, entry);
            ++count;
        });
        writer.end();
        counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + section.name;
    }
    // The maps of the source carry no time.
    if (shape == "entries") writer.member("timestamp", print_utc(engine.clock().wall()));
    writer.finish();
    if (out != "-") terminal.out << "Exported " << counts << " of the space " << name << " to " << out << ".\n";
    return exit_code::kOk;
}

}  // namespace

Command export_command() {
    return {
        "export",
        "FILE [--space NAME] [--shape entries|objects] [--out FILE] [-c FILE]… [--set KEY=VALUE]…",
        "writes what a space holds to a JSON file",
        "Works on the data of the configuration while no server runs on it. The file has the space, and a member for "
        "each\n"
        "kind of thing that the plugins keep in it; `cairn import` reads it, here or into another database.\n\n"
        "  --space NAME     which one; usually server.default_space\n"
        "  --shape SHAPE    entries: lists of [id, entry] and `messages`, with the time (world-state-backup.json);\n"
        "                   objects: maps from id to entry and `chatHistory` (backup.json)\n"
        "  --out FILE       where to; usually NAME.json, `-` is standard output. Written beside it first, then "
        "renamed\n"
        "  -c FILE          lays another file over the first\n"
        "  --set KEY=VALUE  sets one value after all files\n\n"
        "Examples:\n"
        "  cairn export config/metaverse.yaml\n"
        "  cairn export config/metaverse.yaml --space garden --shape objects --out garden.json\n",
        configuration_options({{"--space", true, "", false}, {"--shape", true, "", false}, {"--out", true, "", false}}),
        export_space};
}

}  // namespace cairn::core
