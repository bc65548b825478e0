#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>

namespace cairn::storage_sqlite::test {

/// A VFS in front of the usual one whose writes and fsyncs fail on demand. While it lives, SQLite opens everything
/// through it.
class FaultVfs {
public:
    enum class Call : unsigned char { none, write, sync };
    enum class How : unsigned char {
        undone,  ///< fails and has done nothing
        done,    ///< fails although it was done: what an fsync that reports late looks like
    };

    FaultVfs() {
        state() = State{};
        base() = sqlite3_vfs_find(nullptr);
        vfs_ = *base();
        vfs_.zName = "faults";
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + base()->szOsFile;
        vfs_.xOpen = open;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~FaultVfs() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(base(), 1);
    }
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    /// The `nth` call (from 1) from now on to a file fails with `code`, and the next `repeat` - 1 of the kind as well.
    static void arm(Call call, int nth, How how, int code, int repeat = 1) {
        state().call = call;
        state().countdown = nth;
        state().how = how;
        state().code = code;
        state().repeat = repeat;
        state().hits = 0;
    }
    static void disarm() { state().call = Call::none; }
    static int hits() { return state().hits; }

private:
    struct File {
        sqlite3_file file;
        sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    struct State {
        std::atomic<Call> call{Call::none};
        std::atomic<int> countdown{0};
        How how = How::undone;
        int code = 0;
        std::atomic<int> repeat{0};
        std::atomic<int> hits{0};
        State() = default;
        State& operator=(const State& other) {
            call = other.call.load();
            hits = 0;
            return *this;
        }
    };
    static State& state() {
        static State one;
        return one;
    }
    static sqlite3_vfs*& base() {
        static sqlite3_vfs* one = nullptr;
        return one;
    }
    static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

    template <class Do>
    static int maybe(Call call, Do&& act) {
        State& now = state();
        if (now.call != call || --now.countdown > 0 || now.repeat <= 0) return act();
        --now.repeat;
        ++now.hits;
        if (now.how == How::done) act();
        return now.code;
    }

    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
        static const sqlite3_io_methods methods = make_methods();
        auto* own = reinterpret_cast<File*>(file);
        own->file.pMethods = nullptr;
        const int code = base()->xOpen(base(), name, own->real(), flags, out);
        if (own->real()->pMethods != nullptr) own->file.pMethods = &methods;
        return code;
    }
    static sqlite3_io_methods make_methods() {
        sqlite3_io_methods m{};
        m.iVersion = 3;
        m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
        m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
            return real(f)->pMethods->xRead(real(f), to, n, at);
        };
        m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
            return maybe(Call::write, [&] { return real(f)->pMethods->xWrite(real(f), from, n, at); });
        };
        m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); };
        m.xSync = [](sqlite3_file* f, int flags) {
            return maybe(Call::sync, [&] { return real(f)->pMethods->xSync(real(f), flags); });
        };
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); };
        m.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
        m.xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return real(f)->pMethods->xCheckReservedLock(real(f), out);
        };
        m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
            return real(f)->pMethods->xFileControl(real(f), op, arg);
        };
        m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); };
        m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        };
        m.xShmLock = [](sqlite3_file* f, int at, int n, int flags) {
            return real(f)->pMethods->xShmLock(real(f), at, n, flags);
        };
        m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
        m.xShmUnmap = [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); };
        m.xFetch = [](sqlite3_file* f, sqlite3_int64 at, int n, void** out) {
            return real(f)->pMethods->xFetch(real(f), at, n, out);
        };
        m.xUnfetch = [](sqlite3_file* f, sqlite3_int64 at, void* page) {
            return real(f)->pMethods->xUnfetch(real(f), at, page);
        };
        return m;
    }

    sqlite3_vfs vfs_{};
};

}  // namespace cairn::storage_sqlite::test
