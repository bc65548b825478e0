#include "core/backup/restore.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include <cairn/failpoint.hpp>
#include <cairn/json.hpp>
#include <cairn/uuid.hpp>

#include "core/backup/durable_file.hpp"
#include "core/backup/recovery.hpp"
#include "core/backup/replay.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

/// A swap that has begun, in data_dir/restore.json until it has ended.
struct Swap {
    std::string id;  ///< also noted in the restored database: that is how one sees that it stands in its place
    std::string place;
    std::string journal_aside;  ///< folder to move the journal to; empty: it stays
};

void describe(Fields<Swap>& f) {
    f(&Swap::id, "id", "of this restore").required().length(1, 100);
    f(&Swap::place, "place", "where the restored state is").required().length(1, 4096);
    f(&Swap::journal_aside, "journal_aside", "where the journal goes").length(0, 4096);
}

constexpr const char* kRestoredBy = "restore";
constexpr const char* kJournalNote = "journal";

std::string swap_file(const StoreKit& kit) {
    return kit.data_dir + "/restore.json";
}

/// Fills a backup and checks that what comes out is what went in. Throws Error.
void fill_checked(ScratchPlace& place, const Backup& backup) {
    const std::string trouble = check_file(backup);
    if (!trouble.empty()) throw Error(Code::internal, trouble);
    place.fill(backup.path);
    place.store().open();
    const std::string damage = place.store().integrity();
    if (!damage.empty()) throw Error(Code::internal, "its integrity check says: " + damage);
    const StateFacts state = read_state(place.store());
    if (state.hash != backup.manifest.state_hash ||
        static_cast<std::int64_t>(state.watermark) != backup.manifest.watermark) {
        throw Error(Code::internal, "what it holds does not fit its manifest");
    }
}

void move_journal(const std::string& folder, const std::string& aside) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        if (entry->is_regular_file() && entry->path().extension() == ".cjl") files.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        throw Error(Code::unavailable, "the journal's folder " + folder + " cannot be read: " + error.message());
    }
    if (files.empty()) return;
    make_folder(aside, "the folder for the former journal");
    for (const fs::path& file : files) {
        fs::rename(file, fs::path(aside) / file.filename(), error);
        if (error) {
            throw Error(Code::unavailable, file.string() + " cannot be moved to " + aside + ": " + error.message());
        }
    }
    sync_folder(aside);
    sync_folder(folder);
}

/// True when the restored database already stands in its place.
bool swapped(const StoreKit& kit, const Swap& swap) {
    bool ours = false;
    try {
        kit.store->open();
        ours = kit.store->note(kRestoredBy) == swap.id;
    } catch (const Error&) {
        ours = false;  // half of a swap, or what was to be replaced because it is damaged
    }
    kit.store->close();
    return ours;
}

/// `fresh`: nothing of it has been done yet.
std::string finish_swap(const StoreKit& kit, const Swap& swap, bool fresh) {
    std::string quarantine;
    if (fresh || !swapped(kit, swap)) quarantine = kit.store->replace_with(swap.place);
    if (!swap.journal_aside.empty()) move_journal(kit.journal_folder, swap.journal_aside);
    remove_file(swap_file(kit));
    sync_folder(kit.data_dir);
    return quarantine;
}

}  // namespace

Restored restore_beside(const StoreKit& kit, const RestorePlan& plan, std::unique_ptr<ScratchPlace> place) {
    const auto begun = std::chrono::steady_clock::now();
    Restored restored;
    restored.place = std::move(place);
    services::Store& store = restored.place->store();
    bool ready = false;
    std::string troubles;
    for (const Backup& backup : plan.backups) {
        try {
            fill_checked(*restored.place, backup);
            restored.backup = backup.manifest.file;
            restored.from = static_cast<std::uint64_t>(backup.manifest.watermark);
            ready = true;
            break;
        } catch (const Error& error) {
            if (error.code() == Code::conflict) throw;  // the place is taken
            kit.log->error("a backup cannot be used; the next older one is tried",
                           {{"backup", backup.manifest.file}, {"reason", error.what()}});
            troubles += "; " + backup.manifest.file + ": " + error.what();
            restored.place->clear();
        }
    }
    if (!ready) {
        if (!plan.from_nothing) {
            const std::uint64_t first = plan.journal.first();
            throw Unreachable("none of the backups can be used" + troubles +
                                  (first > 1 ? "; the journal begins only with commit " + std::to_string(first) : ""),
                              missing_from(readable_pieces(plan.journal), {1, plan.target}));
        }
        store.open();
    }
    store.migrate(kit.migrations);
    store.bind(kit.tables, kit.audited);
    CAIRN_FAILPOINT("restore.before_replay");
    const Replayed done = replay(kit, store, plan.journal_folder, plan.journal, plan.target);
    restored.replayed = done.commits;
    restored.refused = done.refused;
    restored.buried = done.buried;
    const std::string damage = store.integrity();
    if (!damage.empty()) throw Error(Code::internal, "the restored state is damaged: " + damage);
    restored.state = read_state(store);
    if (restored.state.watermark != plan.target) {
        throw Error(Code::internal, "the restored state ends with commit " + std::to_string(restored.state.watermark) +
                                        " instead of " + std::to_string(plan.target));
    }
    restored.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return restored;
}

Activated activate(const StoreKit& kit, const RestorePlan& plan, Restored& restored) {
    const bool another = plan.journal_folder != kit.journal_folder;
    const WallTime now = kit.clock->wall();
    Swap swap;
    swap.id = new_uuid();
    swap.place = restored.place->place();
    if (plan.beyond() > 0 || another) swap.journal_aside = kit.journal_folder + "/before-restore-" + compact_utc(now);
    services::Store& store = restored.place->store();
    store.set_note(kRestoredBy, swap.id);
    // The database names the journal that continues it; a new one begins when the old one has gone aside.
    store.set_note(kJournalNote, swap.journal_aside.empty() ? plan.journal.id : std::string());
    store.close();
    write_durably(swap_file(kit), to_json(swap));
    restored.place->release();
    CAIRN_FAILPOINT("restore.before_swap");
    Activated done;
    done.quarantine = finish_swap(kit, swap, true);
    std::error_code ignored;
    if (fs::is_directory(swap.journal_aside, ignored)) done.journal_aside = swap.journal_aside;
    return done;
}

void finish_interrupted_restore(const StoreKit& kit) {
    std::error_code error;
    if (fs::exists(swap_file(kit), error)) {
        const Swap swap = from_json<Swap>(read_file(swap_file(kit)));
        kit.log->warning("a restore was interrupted while its result was put in place; it is brought to its end",
                         {{"place", swap.place}});
        try {
            const std::string quarantine = finish_swap(kit, swap, false);
            kit.log->info("the interrupted restore has ended", {{"quarantine", quarantine}});
        } catch (const Error& trouble) {
            throw Error(trouble.code(),
                        "an interrupted restore could not be brought to its end: " + std::string(trouble.what()) +
                            ". Mend that, or delete " + swap_file(kit) + " to start with the database as it is");
        }
    }
    sweep_scratch_places(kit);
}

}  // namespace cairn::core
