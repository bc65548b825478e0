#include "core/app/migrate_session.hpp"

#include <algorithm>
#include <filesystem>

#include <cairn/error.hpp>

#include "core/app/backup_session.hpp"
#include "core/backup/backup_maker.hpp"
#include "core/backup/recovery.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

namespace fs = std::filesystem;

MigrateSession::MigrateSession(Preparation& preparation, bool make)
    : preparation_(preparation), offline_(preparation), known_(offline_.migrations()) {
    finish_interrupted_restore(kit());
    engine_ = offline_.store().engine();
    place_ = offline_.store().place();
    std::error_code error;
    const bool absent = fs::path(place_).is_absolute() && !fs::exists(place_, error) && !error;
    if (make || !absent) {
        offline_.store().open();
        open_ = true;
    }
    refresh();
}

void MigrateSession::refresh() {
    const std::vector<services::AppliedMigration> applied =
        open_ ? offline_.store().applied_migrations() : std::vector<services::AppliedMigration>();
    rows_ = compare_migrations(applied, known_);
}

StoreKit MigrateSession::kit() {
    return store_kit(offline_, preparation_);
}

void MigrateSession::check_journal() {
    const std::uint64_t in_journal = survey_journal(offline_.journal_folder(), UINT64_MAX).last();
    const std::uint64_t in_store = offline_.store().watermark().seq;
    if (in_journal <= in_store) return;
    throw Error(Code::conflict, "the journal holds " + std::to_string(in_journal - in_store) +
                                    " commits that the database does not have yet, and they may need what would be "
                                    "taken back. Start and stop the server once, so that they get there");
}

Document MigrateSession::to_document() const {
    Document list = Document::list();
    for (const MigrationRow& row : rows_) {
        list.push({{"plugin", row.plugin},
                   {"number", row.number},
                   {"what", row.what},
                   {"file", migration_file(engine_, row)},
                   {"state", migration_state_name(row.state)},
                   {"applied_at", row.applied_at ? Document(*row.applied_at) : Document()},
                   {"can_be_taken_back", row.file != nullptr && !row.file->down.empty()}});
    }
    return {{"engine", engine_}, {"database", place_}, {"ok", !migrations_refused(rows_)}, {"migrations", list}};
}

std::string back_up_for_migration(const StoreKit& kit) {
    return make_backup(kit, "before-migration", survey_journal(kit.journal_folder, UINT64_MAX).id).path;
}

std::string back_up_before_migrations(const StoreKit& kit) {
    std::vector<services::AppliedMigration> applied;
    try {
        applied = kit.store->applied_migrations();
    } catch (const Error& error) {
        if (error.code() == Code::unsupported) return {};  // nor can such a store open a copy to verify it
        throw;
    }
    const std::vector<MigrationRow> rows = compare_migrations(applied, kit.migrations);
    const bool holds_something = !applied.empty() || kit.store->watermark().seq > 0;
    if (!holds_something || migrations_refused(rows) || pending_migrations(rows).empty()) return {};
    return back_up_for_migration(kit);
}

bool print_refusals(const MigrateSession& session, std::ostream& out) {
    bool any = false;
    for (const MigrationRow& row : session.rows()) {
        const char* cure = nullptr;
        switch (row.state) {
            case MigrationState::changed:
                cure =
                    " was changed after it had been applied: put the old text back, and make the change in a new file "
                    "with the next number";
                break;
            case MigrationState::late:
                cure = " was never applied, though a later one of the same plugin was: give it the next free number";
                break;
            case MigrationState::unknown:
                cure =
                    " is in the database and not in this installation: a newer Cairn has written it. Start that "
                    "version, or restore a backup from before";
                break;
            default:
                break;
        }
        if (cure == nullptr) continue;
        out << migration_file(session.engine(), row) << cure << ".\n";
        any = true;
    }
    return any;
}

}  // namespace cairn::core
