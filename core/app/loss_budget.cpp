#include "core/app/loss_budget.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>

#include <cairn/services/store.hpp>

#include "core/app/durability_classes.hpp"
#include "core/config/configuration.hpp"
#include "core/plugins/join_words.hpp"
#include "core/schedule/cron.hpp"

namespace cairn::core {
namespace {

/// The name under which a requirement speaks of a dead disk.
constexpr std::string_view kDisk = "disk";

std::string full_name(const Collection& collection) {
    return collection.plugin + "." + collection.name;
}

Loss usual_loss(const LossFacts& facts, Durability durability) {
    if (facts.store.empty() || durability == Durability::transient) return Loss::all();
    return durability == Durability::durable ? Loss{} : Loss::last(facts.durability.coalesce);
}

/// A database that does not sync may come back damaged after a power loss. What it had is in the backups and the
/// journal.
bool power_may_take_all(const LossFacts& facts) {
    return facts.store_relaxed && !(facts.backup.enabled && facts.durability.auto_restore);
}

void reckon_disk(const LossFacts& facts, LossBudget& budget) {
    const std::string folder = "`backup.folder` on another disk";
    if (facts.store.empty()) {
        budget.disk = Loss::all();
        budget.disk_words = "nothing is kept, so there is nothing that a disk could take";
    } else if (facts.store_elsewhere) {
        const bool held = facts.durability.ack == "store";
        budget.disk = held ? Loss{} : Loss::last(facts.durability.apply_every);
        // While the database is away, answers come from the journal whatever `ack` says.
        const std::string away = facts.durability.on_storage_failure == "spool"
                                     ? "; but everything since the database went away while it is away, unless "
                                       "`durability.on_storage_failure` is readonly or stop"
                                     : "";
        budget.disk_words = held ? "nothing: what was answered is in the database, which does not lie on it" + away
                                 : "what the database does not hold yet: usually " +
                                      Loss::last(facts.durability.apply_every).words() +
                                      ", and everything since it went away while it is away. `durability.ack: store` "
                                      "makes it nothing";
    } else if (!facts.backup.enabled) {
        budget.disk = Loss::all();
        budget.disk_words = "everything: there are no backups by time (`backup.enabled: false`)";
    } else if (!facts.backups_elsewhere) {
        budget.disk = Loss::all();
        budget.disk_words = "everything: the backups lie on the same disk. With " + folder +
                            " it would be what came after the last one, " + Loss::last(facts.backup_every).words();
    } else if (facts.journal_elsewhere) {
        budget.disk = Loss{};
        budget.disk_words = "nothing: it is made anew from the backups and the journal, which lie on other disks";
    } else {
        budget.disk = Loss::last(facts.backup_every);
        budget.disk_words = "what came after the last backup: " + budget.disk.words();
    }
}

void add_notes(const LossFacts& facts, LossBudget& budget) {
    const DurabilityConfig& durability = facts.durability;
    if (facts.store.empty()) {
        budget.warnings.push_back(
            "There is no storage plugin: everything is gone when the process ends. Add `storage_sqlite:` below "
            "`plugins` "
            "to keep it.");
        return;
    }
    if (durability.ack == "journal") {
        budget.notes.push_back(
            "A change is answered once it is in the journal on disk (`durability.ack: journal`); the "
            "database follows " +
            print_duration(durability.apply_every) +
            " later at most while it is well, and is brought up from the journal after a crash.");
    } else {
        budget.notes.push_back("A change is answered once the database holds it (`durability.ack: store`)" +
                               std::string(durability.on_storage_failure == "spool"
                                               ? "; while it is away, once it is in the journal."
                                               : "."));
    }
    if (durability.on_storage_failure == "spool") {
        budget.notes.push_back("While the database is away changes go on and wait in the journal, up to " +
                               print_size(durability.journal.max_disk) + "; then they are refused, and none is lost.");
    } else if (durability.on_storage_failure == "readonly") {
        budget.notes.push_back(
            "While the database is away changes are refused (`durability.on_storage_failure: readonly`).");
    } else {
        budget.notes.push_back("When the database goes away the server ends (`durability.on_storage_failure: stop`).");
    }
    if (facts.store_relaxed) {
        budget.warnings.push_back(
            "The database does not wait for its disk (`plugins." + facts.store +
            ".durability: relaxed`): after a power loss it may be behind or damaged. What was "
            "answered is brought back from the backups and the journal" +
            (power_may_take_all(facts)
                 ? ", but not here: `backup.enabled` or `durability.auto_restore` is off, so all of it may be gone."
                 : ", which takes longer than a start does otherwise."));
    }
    if (!facts.backup.enabled) {
        budget.warnings.push_back(
            "There are no backups by time (`backup.enabled: false`): a damaged database can only be "
            "made anew as far back as the journal reaches.");
    }
    if (!durability.auto_restore) {
        budget.notes.push_back(
            "A damaged database stops the start until you have run `cairn restore` "
            "(`durability.auto_restore: false`).");
    }
    if (durability.allow_loss) {
        budget.allow_loss = true;
        budget.warnings.push_back(
            "`durability.allow_loss` is on: the server starts although acknowledged changes cannot "
            "be reached. It is meant for one start after a disaster; take it out.");
    }
}

/// The device of a folder, or of the nearest one above it that exists.
dev_t device_of(std::filesystem::path folder) {
    struct stat found {};
    while (::stat(folder.c_str(), &found) != 0) {
        const auto above = folder.parent_path();
        if (above.empty() || above == folder) return 0;
        folder = above;
    }
    return found.st_dev;
}

Duration longest_gap(const BackupConfig& backup, const std::string& zone_name) {
    constexpr int kRuns = 400;  // more than a year of daily ones
    try {
        const TimeZone zone(zone_name);
        const Cron cron(backup.schedule);
        WallTime at = cron.next(
            std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count(), zone);
        WallTime longest = 0;
        for (int i = 0; i < kRuns; ++i) {
            const WallTime next = cron.next(at, zone);
            longest = std::max(longest, next - at);
            at = next;
        }
        return Duration(longest);
    } catch (const Error&) {
        return Duration(0);  // reported as a problem of the configuration
    }
}

void print_line(std::ostream& out, const std::string& name, std::size_t width, const std::string& words) {
    out << "  " << name << std::string(width - name.size() + 2, ' ') << words << "\n";
}

std::string line_words(const LossBudget::Line& line) {
    const bool by_design = line.what.durability == Durability::transient;
    if (line.crash == line.power) return line.crash.words() + (by_design ? ", by design" : "");
    return "crash: " + line.crash.words() + "; power loss: " + line.power.words();
}

Document loss_document(const Loss& loss) {
    Document document{{"words", loss.words()}};
    // null: no bound.
    document.set("at_most_ms", loss.kind == Loss::Kind::all ? Document() : Document(loss.at_most.count()));
    return document;
}

}  // namespace

std::string Loss::words() const {
    switch (kind) {
        case Kind::nothing:
            return "nothing";
        case Kind::moments:
            return "at most the last " + print_duration(at_most);
        case Kind::all:
            break;
    }
    return "all";
}

LossBudget loss_budget(const LossFacts& facts) {
    LossBudget budget;
    for (const Collection& collection : facts.collections) {
        LossBudget::Line line;
        line.what = collection;
        line.crash = usual_loss(facts, collection.durability);
        line.power = power_may_take_all(facts) ? Loss::all() : line.crash;
        line.overridden = facts.durability.classes.contains(full_name(collection));
        budget.lines.push_back(std::move(line));
    }
    reckon_disk(facts, budget);
    add_notes(facts, budget);
    return budget;
}

LossFacts loss_facts(const Preparation& preparation) {
    LossFacts facts;
    facts.durability = preparation.host.durability;
    facts.backup = preparation.host.backup;
    Declarations& declarations = preparation.plugins->declarations();
    for (const auto& collection : declarations.collections) facts.collections.push_back(*collection);
    facts.store = declarations.services.provider(services::Store::kService);
    for (const auto& plugin : preparation.plugins->plugins()) {
        if (plugin->name != facts.store || !plugin->setup->config_type()) continue;
        const Document settings = settings_document(*plugin->setup->config_type(), plugin->setup->config_value());
        facts.store_relaxed = settings["durability"].text() == "relaxed";
    }
    if (const auto* store = declarations.services.find<services::Store>()) {
        facts.store_elsewhere = store->engine() != "sqlite";
    }
    const std::filesystem::path data = std::filesystem::absolute(preparation.host.data_dir);
    facts.backups_elsewhere = device_of(data) != device_of(data / preparation.host.backup.folder);
    facts.journal_elsewhere = device_of(data) != device_of(data / preparation.host.durability.journal.folder);
    facts.backup_every = longest_gap(facts.backup, preparation.host.time_zone);
    return facts;
}

void LossBudget::print(std::ostream& out) const {
    out << "What can be lost with this file, by a crash (kill -9) or a power loss:\n";
    std::size_t width = 0;
    std::size_t words_width = 0;
    for (const Line& line : lines) {
        width = std::max(width, full_name(line.what).size());
        words_width = std::max(words_width, line_words(line).size());
    }
    for (const Line& line : lines) {
        const std::string words = line_words(line);
        print_line(
            out, full_name(line.what), width,
            words + std::string(words_width - words.size() + 2, ' ') + line.what.meaning +
                (line.overridden ? " (" + durability_name(line.what.durability) + " by durability.classes)" : ""));
    }
    if (lines.empty()) out << "  nothing is declared by these plugins\n";
    out << "When the disk with data_dir dies: " << disk_words << ".\n";
    for (const std::string& note : notes) out << note << "\n";
    for (const std::string& warning : warnings) out << "Warning: " << warning << "\n";
}

Document LossBudget::to_document() const {
    Document collections = Document::list();
    for (const Line& line : lines) {
        collections.push({{"name", full_name(line.what)},
                          {"meaning", line.what.meaning},
                          {"class", durability_name(line.what.durability)},
                          {"overridden", line.overridden},
                          {"crash", loss_document(line.crash)},
                          {"power_loss", loss_document(line.power)}});
    }
    const auto texts = [](const std::vector<std::string>& from) {
        Document list = Document::list();
        for (const std::string& text : from) list.push(text);
        return list;
    };
    Document dead_disk = loss_document(disk);
    dead_disk.set("words", disk_words);
    return {
        {"collections", collections}, {"dead_disk", dead_disk}, {"notes", texts(notes)}, {"warnings", texts(warnings)}};
}

std::string broken_requirement(const LossBudget& budget, const std::string& requirement) {
    const std::size_t equals = requirement.find('=');
    const std::string name = requirement.substr(0, equals);
    const std::string limit = equals == std::string::npos ? std::string() : requirement.substr(equals + 1);
    const std::optional<Duration> time = limit == "0" ? Duration(0) : parse_duration(limit);
    if (name.empty() || (!time && limit != "all")) {
        throw UsageError("--require " + requirement + " is not of the form name=limit",
                         "For example --require objects=0, --require positions=100ms or --require disk=1h.");
    }
    const Loss allowed = limit == "all" ? Loss::all() : Loss::last(*time);

    struct Found {
        std::string name;
        Loss loss;
        std::string how;
    };
    std::vector<Found> found;
    std::vector<std::string> names{std::string(kDisk)};
    if (name == kDisk) found.push_back({name, budget.disk, "when the disk with data_dir dies: " + budget.disk_words});
    for (const LossBudget::Line& line : budget.lines) {
        names.push_back(full_name(line.what));
        names.push_back(line.what.name);
        if (name != names.back() && name != full_name(line.what)) continue;
        const bool power = line.crash < line.power;
        found.push_back({full_name(line.what), std::max(line.crash, line.power),
                         std::string(power ? "a power loss" : "a crash") + " can lose " +
                             std::max(line.crash, line.power).words() + " of it, being " +
                             durability_name(line.what.durability)});
    }
    if (found.empty()) {
        const std::string near = did_you_mean(name, names);
        std::vector<std::string> full{std::string(kDisk)};
        for (const LossBudget::Line& line : budget.lines) full.push_back(full_name(line.what));
        return "--require " + requirement + ": no plugin of this file keeps \"" + name + "\"" +
               (near.empty() ? "; there are: " + join(full, ", ") : "; did you mean " + near + "?");
    }
    for (const Found& one : found) {
        if (allowed < one.loss) return "--require " + requirement + ": " + one.name + ": " + one.how;
    }
    if (budget.allow_loss && allowed.kind != Loss::Kind::all) {
        return "--require " + requirement +
               ": durability.allow_loss is on, so a start may leave acknowledged changes behind";
    }
    return {};
}

}  // namespace cairn::core
