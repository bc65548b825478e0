#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/migrate_state.hpp"
#include "core/app/offline_store.hpp"
#include "core/backup/store_kit.hpp"

namespace cairn::core {

/// The database of a configuration beside the migrations of this installation, for the verbs of `cairn migrate`. Holds
/// the data folder. All calls [control].
class MigrateSession {
public:
    /// `make`: open the database in any case. Otherwise a database file that is not there yet is not made, and everything
    /// is pending. Throws what OfflineStore and Store::open throw.
    MigrateSession(Preparation& preparation, bool make);

    services::Store& store() noexcept { return offline_.store(); }
    std::string_view engine() const noexcept { return engine_; }
    /// What people know the database as.
    const std::string& place() const noexcept { return place_; }
    const std::vector<services::Migration>& migrations() const noexcept { return known_; }
    const std::vector<MigrationRow>& rows() const noexcept { return rows_; }
    /// Every table that the plugins declare.
    std::vector<const TableSpec*> tables() const { return offline_.tables(); }
    /// False: the database file is not there yet.
    bool is_open() const noexcept { return open_; }
    /// Looks again, after something was applied or taken back.
    void refresh();

    /// The store with what it takes to back it up.
    StoreKit kit();
    /// Throws Error(conflict) while the journal holds commits that the database lacks: they may be rows of a table that
    /// would be gone.
    void check_journal();

    /// The database and the state of every migration.
    Document to_document() const;

private:
    const Preparation& preparation_;
    OfflineStore offline_;
    std::string engine_;
    std::string place_;
    std::vector<services::Migration> known_;
    bool open_ = false;
    std::vector<MigrationRow> rows_;
};

/// Writes a verified backup, which its manifest calls "before-migration", when a `migrate` of `kit.migrations` would apply
/// something to a database that holds anything. Returns its path, empty when there was no need. REQUIRES: kit.store is
/// open. Throws Error; nothing was migrated then. [control]
std::string back_up_before_migrations(const StoreKit& kit);
/// The same whatever is pending.
std::string back_up_for_migration(const StoreKit& kit);

/// Prints each row that keeps `migrate` from applying anything, with its cure. Returns whether there was one.
bool print_refusals(const MigrateSession& session, std::ostream& out);

}  // namespace cairn::core
