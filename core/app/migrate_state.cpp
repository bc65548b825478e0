#include "core/app/migrate_state.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <set>
#include <utility>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using Place = std::pair<std::string, int>;  // plugin and number

[[noreturn]] void refuse(const MigrationRow& row, const std::string& why) {
    throw Error(Code::conflict,
                row.plugin + " " + migration_digits(row.number) + "_" + row.what + " cannot be taken back: " + why);
}

/// Throws unless `row` can be taken back.
void check_way_back(const MigrationRow& row) {
    switch (row.state) {
        case MigrationState::unknown:
            refuse(row,
                   "this installation does not have it, the database was written by a newer Cairn. Let that version "
                   "take it back, or restore a backup from before");
        case MigrationState::changed:
            refuse(row, "its file was changed after it had been applied. Put the old text back");
        default:
            break;
    }
    if (row.file->down.empty()) {
        refuse(row, "there is no " + migration_digits(row.number) + "_" + row.what +
                        ".down.sql beside its file. Restore a backup from before instead");
    }
}

}  // namespace

std::vector<MigrationRow> compare_migrations(std::span<const services::AppliedMigration> applied,
                                             std::span<const services::Migration> known) {
    std::map<Place, const services::AppliedMigration*> there;
    std::map<std::string, int> newest;
    for (const services::AppliedMigration& migration : applied) {
        there.emplace(Place{migration.plugin, migration.number}, &migration);
        newest[migration.plugin] = std::max(newest[migration.plugin], migration.number);
    }
    std::vector<MigrationRow> rows;
    std::set<std::string> done;
    const auto add_rest = [&](const std::string& plugin, MigrationState state) {
        for (auto at = there.lower_bound({plugin, 0}); at != there.end() && at->first.first == plugin;) {
            rows.push_back({plugin, at->second->number, at->second->what, state, at->second->applied_at, nullptr});
            at = there.erase(at);
        }
    };
    for (std::size_t i = 0; i < known.size(); ++i) {
        const services::Migration& file = known[i];
        MigrationRow row{file.plugin, file.number, file.what, MigrationState::pending, std::nullopt, &file};
        const auto found = there.find({file.plugin, file.number});
        if (found != there.end()) {
            row.state = found->second->checksum == file.checksum ? MigrationState::applied : MigrationState::changed;
            row.applied_at = found->second->applied_at;
            there.erase(found);
        } else if (const auto last = newest.find(file.plugin); last != newest.end() && file.number < last->second) {
            row.state = MigrationState::late;
        }
        rows.push_back(std::move(row));
        const bool last_of_plugin = i + 1 == known.size() || known[i + 1].plugin != file.plugin;
        if (last_of_plugin) add_rest(file.plugin, MigrationState::unknown);
    }
    while (!there.empty()) add_rest(std::string(there.begin()->first.first), MigrationState::idle);
    return rows;
}

std::vector<const services::Migration*> pending_migrations(std::span<const MigrationRow> rows) {
    std::vector<const services::Migration*> pending;
    for (const MigrationRow& row : rows) {
        if (row.state == MigrationState::pending) pending.push_back(row.file);
    }
    return pending;
}

bool migrations_refused(std::span<const MigrationRow> rows) {
    return std::any_of(rows.begin(), rows.end(), [](const MigrationRow& row) {
        return row.state == MigrationState::changed || row.state == MigrationState::late ||
               row.state == MigrationState::unknown;
    });
}

std::vector<const services::Migration*> migrations_to_take_back(std::span<const MigrationRow> rows,
                                                                const std::string& plugin, std::optional<int> to) {
    std::vector<const MigrationRow*> chosen;
    bool plugin_known = plugin.empty();
    for (const MigrationRow& row : rows) {
        if (row.state == MigrationState::idle) continue;  // its files are not at hand
        if (!plugin.empty() && row.plugin != plugin) continue;
        plugin_known = true;
        if (row.applied_at) chosen.push_back(&row);
    }
    if (!plugin_known) {
        throw Error(Code::not_found, "the plugin " + plugin +
                                         " has no migrations in this configuration; `cairn migrate status` lists them");
    }
    if (plugin.empty()) {
        // Of what was applied within one millisecond, the one that comes later in the order of the files.
        const MigrationRow* newest = nullptr;
        for (const MigrationRow* row : chosen) {
            if (newest == nullptr || *row->applied_at >= *newest->applied_at) newest = row;
        }
        // Never one beneath another of the same plugin, whatever the clock said.
        if (newest != nullptr) return migrations_to_take_back(rows, newest->plugin, std::nullopt);
    }
    std::sort(chosen.begin(), chosen.end(), [](const auto* a, const auto* b) { return a->number > b->number; });
    if (to) {
        chosen.erase(std::remove_if(chosen.begin(), chosen.end(), [&](const auto* row) { return row->number <= *to; }),
                     chosen.end());
    } else if (chosen.size() > 1) {
        chosen.resize(1);
    }
    if (chosen.empty()) throw Error(Code::not_found, "there is nothing to take back");
    std::vector<const services::Migration*> back;
    for (const MigrationRow* row : chosen) {
        check_way_back(*row);
        back.push_back(row->file);
    }
    return back;
}

std::string_view migration_state_name(MigrationState state) noexcept {
    constexpr std::array<std::string_view, 6> kNames{"applied", "pending", "changed", "late", "unknown", "idle"};
    return kNames[static_cast<std::size_t>(state)];
}

std::string migration_digits(int number) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return digits;
}

std::string migration_file(std::string_view engine, const MigrationRow& row) {
    return "sql/" + row.plugin + "/" + std::string(engine) + "/" + migration_digits(row.number) + "_" + row.what +
           ".sql";
}

std::string migration_file(std::string_view engine, const services::Migration& migration, std::string_view ending) {
    return "sql/" + migration.plugin + "/" + std::string(engine) + "/" + migration_digits(migration.number) + "_" +
           migration.what + std::string(ending);
}

std::string migration_time(WallTime at) {
    const std::time_t seconds = static_cast<std::time_t>(at / 1000);
    std::tm utc{};
    if (gmtime_r(&seconds, &utc) == nullptr) return "?";
    std::array<char, 64> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
    return {text.data(), size};
}

std::string migration_loss(std::string_view down) {
    std::string loss;
    std::size_t at = 0;
    while (at < down.size()) {
        const std::size_t end = std::min(down.find('\n', at), down.size());
        std::string_view line = down.substr(at, end - at);
        at = end + 1;
        if (line.substr(0, 2) != "--") {
            if (!loss.empty()) break;
            continue;
        }
        line.remove_prefix(std::min(line.find_first_not_of("- "), line.size()));
        while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!loss.empty())
            loss += " " + std::string(line);
        else if (line.substr(0, 10) == "Loses data")
            loss = std::string(line);
    }
    return loss;
}

}  // namespace cairn::core
