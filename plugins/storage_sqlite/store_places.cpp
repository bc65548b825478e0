// SqliteStore: backups, and the files beside the database that they are restored to.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "plugins/storage_sqlite/backup.hpp"
#include "plugins/storage_sqlite/connection_settings.hpp"
#include "plugins/storage_sqlite/database_file.hpp"
#include "plugins/storage_sqlite/store_writer.hpp"

namespace cairn::storage_sqlite {
namespace {

namespace fs = std::filesystem;

/// A database is these files together: a log that stays beside another database would damage that.
constexpr const char* kEndings[] = {"-wal", "-shm", "-journal", ""};

bool is_there(const std::string& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path, ignored));
}

std::string utc_stamp() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts);
    return text;
}

/// The first file of a database that stands at `file`, or of which only a log has stayed; empty: there is none.
std::string anything_at(const std::string& file) {
    for (const char* ending : kEndings) {
        if (is_there(file + ending)) return file + ending;
    }
    return {};
}

/// `base`, or `base-2` and so on: the first at which nothing stands.
std::string free_path(const std::string& base, const std::string& ending) {
    for (int i = 1;; ++i) {
        const std::string path = base + (i == 1 ? "" : "-" + std::to_string(i)) + ending;
        if (anything_at(path).empty()) return path;
    }
}

void move_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return;
    throw Error(Code::unavailable,
                "cannot rename " + from + " to " + to + " (" + std::system_category().message(errno) + ")");
}

/// Moves what stands at `file` into `folder`, what is there already left as it is.
void put_aside(const std::string& file, const std::string& folder) {
    for (const char* ending : kEndings) {
        const std::string from = file + ending;
        if (is_there(from)) move_file(from, folder + "/" + fs::path(from).filename().string());
    }
}

/// Written before the files are exchanged and removed behind it: the next open finishes what was begun.
std::string swap_note(const std::string& file) {
    return file + ".swap";
}

void write_durably(const std::string& path, const std::string& text) {
    const std::string unfinished = path + ".tmp";
    const int descriptor = ::open(unfinished.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const bool written = descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(descriptor) == 0;
    const int number = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!written) {
        throw Error(Code::unavailable, "cannot write " + unfinished + " (" + std::system_category().message(number) + ")");
    }
    move_file(unfinished, path);
    sync_path(folder_of(path));
}

void exchange(const std::string& file, const std::string& place, const std::string& aside) {
    if (is_there(place)) {  // else this is done already
        if (!aside.empty()) put_aside(file, aside);
        CAIRN_FAILPOINT("restore.mid_swap");
        for (const char* ending : {"-wal", "-shm", "-journal"}) ::unlink((place + ending).c_str());
        move_file(place, file);
    }
    ::unlink((place + ".lock").c_str());
    sync_path(folder_of(file));
    if (!aside.empty()) sync_path(aside);
    ::unlink(swap_note(file).c_str());
    sync_path(folder_of(file));
}

}  // namespace

void SqliteStore::backup(const std::string& path) {
    if (readers_ == nullptr) throw Error(Code::unavailable, "database " + options_.file + " is not open");
    translated([&] { write_backup(readers_->borrow_extra()->connection(), path); });
}

std::string SqliteStore::place_beside(std::string_view why) const {
    const fs::path file(options_.file);
    const std::string base = (file.parent_path() / file.stem()).string() + "." + std::string(why) + "-" + utc_stamp();
    return free_path(base, ".db");
}

std::unique_ptr<services::Store> SqliteStore::elsewhere(const std::string& place) const {
    Options options = options_;
    options.file = place;
    options.is_elsewhere = true;
    auto made = std::make_unique<SqliteStore>();
    made->configure(std::move(options), *log_);
    return made;
}

void SqliteStore::fill(const std::string& backup) {
    if (const std::string there = anything_at(options_.file); !there.empty()) {
        throw Error(Code::conflict, there + " exists already: a backup is restored to a new place only, and a log of another "
                                            "database beside it would damage it. Move it away, or name another place");
    }
    std::error_code failed;
    fs::copy_file(backup, options_.file, failed);
    if (failed) {
        throw Error(Code::unavailable,
                    "cannot copy " + backup + " to " + options_.file + " (" + failed.message() + ")");
    }
    try {
        sync_path(options_.file);
        sync_path(folder_of(options_.file));
        translated([&] {
            Connection copy(options_.file, Connection::Mode::reader);
            check_owner(copy, options_.file);
            if (copy.ask("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark").is_null()) {
                throw SqliteError(SQLITE_CORRUPT, "read the watermark", "cairn_watermark has no row");
            }
        });
    } catch (const Error& error) {
        for (const char* ending : kEndings) ::unlink((options_.file + ending).c_str());
        throw Error(Code::internal, "the backup " + backup + " is damaged: " + error.what());
    }
}

void SqliteStore::remove() {
    if (!options_.is_elsewhere) {
        throw Error(Code::forbidden, options_.file + " is not removed: only places that were made beside it are");
    }
    for (const char* ending : {"-wal", "-shm", "-journal", "", ".damaged", ".lock"}) ::unlink((options_.file + ending).c_str());
    sync_path(folder_of(options_.file));
}

std::string SqliteStore::replace_with(const std::string& place) {
    if (!is_there(place)) throw Error(Code::not_found, "there is no database " + place);
    const FileLock lock(options_.file);
    if (file_size(place + "-wal") > 0) {  // it was not closed in order: its log goes into the file first
        translated([&] {
            Connection other(place, Connection::Mode::writer);
            const int code =
                sqlite3_wal_checkpoint_v2(other.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
            if (code != SQLITE_OK) throw SqliteError(other.handle(), code, "empty the write-ahead log of " + place);
        });
    }
    std::string aside;
    if (!anything_at(options_.file).empty()) {  // also when only the log of a deleted database is left
        const fs::path file(options_.file);
        const fs::path folder = file.parent_path() / "quarantine";
        aside = free_path((folder / (file.stem().string() + "-" + utc_stamp())).string(), "");
        std::error_code failed;
        fs::create_directories(aside, failed);
        if (failed) throw Error(Code::unavailable, "cannot make " + aside + " (" + failed.message() + ")");
        fs::permissions(aside, fs::perms::owner_all, failed);
        sync_path(folder.string());
        sync_path(file.parent_path().string());
    }
    write_durably(swap_note(options_.file), place + "\n" + aside + "\n");
    exchange(options_.file, place, aside);
    return aside;
}

/// Ends an exchange that a crash cut off.
void SqliteStore::finish_swap() {
    std::ifstream note(swap_note(options_.file));
    if (!note) return;
    std::string place;
    std::string aside;
    std::getline(note, place);
    std::getline(note, aside);
    log_->warning("a restore was cut off while the files were exchanged; it is finished now",
                  {{"file", options_.file}, {"from", place}, {"quarantine", aside}});
    exchange(options_.file, place, aside);
}

}  // namespace cairn::storage_sqlite
