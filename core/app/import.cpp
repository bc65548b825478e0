#include <optional>

#include <cairn/uuid.hpp>

#include "core/app/command.hpp"
#include "core/app/exchange.hpp"
#include "core/app/exchange_file.hpp"
#include "core/plugins/join_words.hpp"

namespace cairn::core {
namespace {

/// One import is one commit, and the journal takes no larger one than this.
constexpr std::size_t kLargestFile = 1u << 30;
/// Rows that stand in the way, so many are named.
constexpr std::size_t kNamed = 5;

int import_space(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().size() != 2) {
        throw UsageError("name a configuration and a file to import",
                         "For example cairn import config/metaverse.yaml main.json.");
    }
    const std::string path = arguments.words()[1];
    const auto preparation = prepare(configuration_inputs(arguments, 0, true));
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    const std::vector<ExchangeSection>& sections = preparation->plugins->declarations().sections;
    std::optional<ExchangeFile> file(std::in_place, path, sections, kLargestFile);
    const Document from = file->space();

    quiet_log(terminal);
    OfflineEngine engine(*preparation);
    const std::string named(from["name"].text());
    const std::string name = arguments.value("--space", named.empty() ? preparation->host.server.default_space : named);
    ExchangeSpace space = find_space(engine, sections, name);
    Commit commit;
    commit.by("cairn import");
    const ExchangeSection* spaces = space_section(sections);
    const bool new_space = spaces != nullptr && !space.entry;
    if (new_space) {
        // Its old id, so that what refers to it still does; not when it goes by another name here.
        const std::string_view old(from["id"].text());
        space.id = is_uuid(old) && name == named ? std::string(old) : new_uuid();
        try {
            spaces->read(name, space.id, from.is_map() ? from : Document::map(), commit);
        } catch (const Error& error) {
            throw Error(error.code(), "space." + error.field() + ": " + error.what());
        }
    }
    std::string counts;
    for (const ExchangeSection& section : sections) {
        if (&section == spaces) continue;
        const std::size_t count = file->each(
            section, [&](const std::string& id, const Document& entry) { section.read(space.id, id, entry, commit); });
        if (file->has(section)) counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + section.name;
    }
    if (counts.empty()) counts = "nothing";
    file.reset();  // its memory is for the commit now

    if (!arguments.has("--replace")) {
        const std::vector<std::string> there = existing_keys(engine, commit.changes(), kNamed + 1);
        if (!there.empty()) {
            const std::vector<std::string> few(
                there.begin(), there.begin() + static_cast<std::ptrdiff_t>(std::min(there.size(), kNamed)));
            throw std::runtime_error("these are there already: " + join(few, ", ") +
                                     (there.size() > kNamed ? " and more" : "") +
                                     ". Nothing was imported; --replace puts the file's in their place");
        }
    }
    const std::string where =
        std::string(new_space ? "the new space " : "the space ") + name + " of " + engine.store().place();
    if (arguments.has("--dry-run")) {
        terminal.out << "Would import " << counts << " into " << where << "; nothing was changed.\n";
        return exit_code::kOk;
    }
    if (!commit.empty()) {
        try {
            engine.commit(std::move(commit));
        } catch (const Error& error) {
            throw std::runtime_error(std::string("the database refused it, and nothing was imported: ") + error.what());
        }
    }
    terminal.out << "Imported " << counts << " into " << where << ".\n";
    return exit_code::kOk;
}

}  // namespace

Command import_command() {
    return {
        "import",
        "FILE IN.json [--space NAME] [--replace] [--dry-run] [-c FILE]… [--set KEY=VALUE]…",
        "reads what `cairn export`, or an older server, has written into a space",
        "Works on the data of the configuration while no server runs on it. All of the file is taken in as one commit, "
        "or\n"
        "nothing is. Both shapes are read: lists of [id, entry] and maps, `messages` and `chatHistory`; positions as "
        "{x, y, z}\n"
        "or [x, y, z]; times in ms or as text. What is wrong is named with its place in the file. At most 1 GiB.\n\n"
        "  --space NAME     which one; usually the space that the file names, else server.default_space. It is made "
        "when it is not there\n"
        "  --replace        what is there under the same id is replaced; without it the import is refused then\n"
        "  --dry-run        reads and judges everything, changes nothing that the space holds\n"
        "  -c FILE          lays another file over the first\n"
        "  --set KEY=VALUE  sets one value after all files\n\n"
        "Examples:\n"
        "  cairn import config/metaverse.yaml world-state-backup.json --dry-run\n"
        "  cairn import config/metaverse.yaml world-state-backup.json\n"
        "  cairn import config/metaverse.yaml garden.json --space garden --replace\n",
        configuration_options(
            {{"--space", true, "", false}, {"--replace", false, "", false}, {"--dry-run", false, "", false}}),
        import_space};
}

}  // namespace cairn::core
