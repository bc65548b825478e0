#include "core/app/migrate_session.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

/// Makes the name of a file last, and not only its contents.
void sync_folder(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

/// "20261121T071502Z".
std::string compact_time(WallTime at) {
    std::string text = migration_time(at);
    text.resize(std::min<std::size_t>(text.size(), 19));
    text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }), text.end());
    std::replace(text.begin(), text.end(), ' ', 'T');
    return text + "Z";
}

}  // namespace

MigrateSession::MigrateSession(Preparation& preparation, bool make)
    : offline_(preparation), known_(offline_.migrations()) {
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

bool MigrateSession::holds_data() {
    const bool applied = std::any_of(rows_.begin(), rows_.end(), [](const MigrationRow& r) { return r.applied_at; });
    return open_ && (applied || offline_.store().watermark().seq > 0);
}

std::string MigrateSession::back_up() {
    const std::string folder = offline_.backup_folder();
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        fs::create_directories(fs::path(folder).parent_path(), error);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
            throw Error(Code::unavailable, "the backup folder " + folder + " cannot be made: " + std::strerror(errno) +
                                               ". Nothing was migrated; let this user write there, or choose another "
                                               "with --set backup.folder=…");
        }
    }
    const std::string base = folder + "/before-migration-" + compact_time(offline_.clock().wall());
    const std::string ending(offline_.store().backup_ending());
    std::string path = base + ending;
    for (int copy = 2; fs::exists(path, error); ++copy) path = base + "-" + std::to_string(copy) + ending;
    const std::string part = path + ".part";
    fs::remove(part, error);
    offline_.store().backup(part);
    if (std::rename(part.c_str(), path.c_str()) != 0) {
        throw Error(Code::unavailable, "the backup " + part + " cannot be renamed to " + path + ": " +
                                           std::strerror(errno) + ". Nothing was migrated");
    }
    sync_folder(folder);
    return path;
}

void MigrateSession::check_journal() {}

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

bool print_refusals(const MigrateSession& session, std::ostream& out) {
    bool any = false;
    for (const MigrationRow& row : session.rows()) {
        const char* cure = nullptr;
        switch (row.state) {
            case MigrationState::changed:
                cure = " was changed after it had been applied: put the old text back, and make the change in a new file "
                       "with the next number";
                break;
            case MigrationState::late:
                cure = " was never applied, though a later one of the same plugin was: give it the next free number";
                break;
            case MigrationState::unknown:
                cure = " is in the database and not in this installation: a newer Cairn has written it. Start that "
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
