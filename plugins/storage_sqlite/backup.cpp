#include "plugins/storage_sqlite/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "plugins/storage_sqlite/database_file.hpp"
#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr int kTries = 50;
constexpr auto kPause = std::chrono::milliseconds(20);

/// Removes the unfinished copy, whatever happens.
class Unfinished {
public:
    explicit Unfinished(std::string path) : path_(std::move(path)) {}
    ~Unfinished() {
        for (const char* ending : {"", "-journal", "-wal", "-shm"}) unlink((path_ + ending).c_str());
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

private:
    std::string path_;
};

struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
};

void copy(Connection& reader, const std::string& to) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(to.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    const std::unique_ptr<sqlite3, Closer> target(raw);
    if (opened != SQLITE_OK) throw SqliteError(raw, opened, "open the backup " + to);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_backup* backup = sqlite3_backup_init(raw, "main", reader.handle(), "main");
    if (backup == nullptr) throw SqliteError(raw, sqlite3_errcode(raw), "begin the backup " + to);
    // All pages in one step: one read transaction, so one moment, and no starting over when the writer commits.
    int code = SQLITE_OK;
    for (int i = 0; i < kTries; ++i) {
        code = sqlite3_backup_step(backup, -1);
        if (code != SQLITE_BUSY && code != SQLITE_LOCKED) break;
        std::this_thread::sleep_for(kPause);
    }
    const int finished = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE) throw SqliteError(raw, finished != SQLITE_OK ? finished : code, "write the backup " + to);
    // The copied header says WAL; a backup should be one file that any program opens without leaving others beside it.
    const int mode = sqlite3_exec(raw, "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr);
    if (mode != SQLITE_OK) throw SqliteError(raw, mode, "finish the backup " + to);
}

}  // namespace

void write_backup(Connection& reader, const std::string& path) {
    if (std::filesystem::exists(path))
        throw Error(Code::conflict, "backup " + path + " exists already: name a new file");
    const std::string unfinished = path + ".tmp";
    const int made = open(unfinished.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0) {
        const std::string cure = errno == EEXIST
                                     ? ": another backup to this name is running, or one was cut off: remove it"
                                     : ": make the folder, writable for the user that runs cairn";
        throw Error(Code::unavailable,
                    "cannot make " + unfinished + " (" + std::system_category().message(errno) + ")" + cure);
    }
    close(made);
    const Unfinished cleanup(unfinished);
    copy(reader, unfinished);
    sync_path(unfinished);
    CAIRN_FAILPOINT("backup.before_rename");
    rename_new(unfinished, path);
    sync_path(folder_of(path));
}

}  // namespace cairn::storage_sqlite
