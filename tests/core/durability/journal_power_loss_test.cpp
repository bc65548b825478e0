// Power that fails at any call: of what was not synced, any sectors and any last changes of the folder are lost.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <map>
#include <random>

#include "core/durability/journal_io.hpp"
#include "tests/core/durability/journal_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::IsEmpty;

constexpr std::size_t kSector = 512;

struct PowerLoss {};

/// A disk with a cache, on top of a real folder: it remembers how to take back what was not synced.
struct Disk {
    struct File {
        int fd = -1;  // a duplicate: the file may be renamed or deleted meanwhile
        off_t size = 0;
        std::map<off_t, std::vector<char>> sectors;  // as they were when the file was last synced
    };
    static inline std::map<ino_t, File> files;
    static inline std::vector<std::function<void()>> folder_changes;  // how to take each back, oldest first
    static inline std::string attic;                                  // keeps what was deleted
    static inline int kept = 0;
    static inline int calls = 0;
    static inline int fails_at = 0;

    static void reset() {
        for (auto& [inode, file] : files) ::close(file.fd);
        files.clear();
        folder_changes.clear();
        calls = fails_at = 0;
    }
    /// The power fails here when it is time.
    static void tick() {
        if (++calls == fails_at) throw PowerLoss();
    }
    static File& touch(int fd) {
        struct stat info {};
        if (::fstat(fd, &info) != 0) throw std::runtime_error("fstat");
        File& file = files[info.st_ino];
        if (file.fd < 0) {
            file.fd = ::dup(fd);
            file.size = info.st_size;
        }
        return file;
    }
    static void synced(int fd) {
        struct stat info {};
        if (::fstat(fd, &info) != 0) throw std::runtime_error("fstat");
        const auto file = files.find(info.st_ino);
        if (file == files.end()) return;
        ::close(file->second.fd);
        files.erase(file);
    }
    static std::string keep(const char* path) {
        const std::string name = attic + "/" + std::to_string(++kept);
        if (::link(path, name.c_str()) != 0) throw std::runtime_error("link");
        return name;
    }
    /// What the disk holds when the power is back.
    static void lose(std::mt19937& random) {
        for (auto& [inode, file] : files) {
            for (const auto& [at, bytes] : file.sectors) {
                if (random() % 2 == 0) continue;
                if (::pwrite(file.fd, bytes.data(), bytes.size(), at) < 0) throw std::runtime_error("pwrite");
            }
            struct stat info {};
            ::fstat(file.fd, &info);
            if (info.st_size != file.size && random() % 2 == 0 && ::ftruncate(file.fd, file.size) != 0) {
                throw std::runtime_error("ftruncate");
            }
        }
        // A file system brings changes of a folder to the disk in their order.
        std::size_t lost = folder_changes.empty() ? 0 : random() % (folder_changes.size() + 1);
        for (; lost > 0; --lost) {
            folder_changes.back()();
            folder_changes.pop_back();
        }
        reset();
    }
};

int disk_open(const char* path, int flags, mode_t mode) {
    Disk::tick();
    const bool makes = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
    const int fd = ::open(path, flags, mode);
    if (fd >= 0 && makes) Disk::folder_changes.push_back([name = std::string(path)] { ::unlink(name.c_str()); });
    return fd;
}
ssize_t disk_pwrite(int fd, const void* data, std::size_t size, off_t at) {
    Disk::File& file = Disk::touch(fd);
    for (off_t sector = at / static_cast<off_t>(kSector) * static_cast<off_t>(kSector);
         sector < at + static_cast<off_t>(size); sector += static_cast<off_t>(kSector)) {
        if (file.sectors.count(sector) != 0) continue;
        std::vector<char> before(kSector);
        const ssize_t got = ::pread(fd, before.data(), kSector, sector);
        before.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        file.sectors[sector] = std::move(before);
    }
    const ssize_t written = ::pwrite(fd, data, size, at);
    Disk::tick();
    return written;
}
int disk_fdatasync(int fd) {
    Disk::tick();
    Disk::synced(fd);
    Disk::tick();
    return 0;
}
int disk_fsync(int) {  // only of folders
    Disk::tick();
    Disk::folder_changes.clear();
    Disk::tick();
    return 0;
}
int disk_fallocate(int fd, off_t size) {
    Disk::touch(fd);
    const int result = system_calls().fallocate(fd, size);
    Disk::tick();
    return result;
}
int disk_ftruncate(int fd, off_t size) {
    Disk::touch(fd);
    const int result = ::ftruncate(fd, size);
    Disk::tick();
    return result;
}
int disk_rename(const char* from, const char* to) {
    Disk::tick();
    const bool replaces = ::access(to, F_OK) == 0;
    const std::string old = replaces ? Disk::keep(to) : std::string();
    const int result = ::rename(from, to);
    Disk::folder_changes.push_back([old, from = std::string(from), to = std::string(to)] {
        ::rename(to.c_str(), from.c_str());
        if (!old.empty()) ::rename(old.c_str(), to.c_str());
    });
    Disk::tick();
    return result;
}
int disk_link(const char* from, const char* to) {
    Disk::tick();
    const int result = ::link(from, to);
    if (result == 0) Disk::folder_changes.push_back([to = std::string(to)] { ::unlink(to.c_str()); });
    return result;
}
int disk_unlink(const char* path) {
    if (::access(path, F_OK) != 0) return ::unlink(path);
    Disk::tick();
    const std::string old = Disk::keep(path);
    const int result = ::unlink(path);
    Disk::folder_changes.push_back([old, path = std::string(path)] { ::rename(old.c_str(), path.c_str()); });
    Disk::tick();
    return result;
}
int disk_mkdir(const char* path, mode_t mode) {
    return ::mkdir(path, mode);
}

constexpr JournalCalls kDisk{disk_open,      ::pread,     disk_pwrite, disk_fdatasync, disk_fsync, disk_fallocate,
                             disk_ftruncate, disk_rename, disk_link,   disk_unlink,    disk_mkdir};

class JournalPowerLossTest : public JournalTest {
protected:
    void SetUp() override {
        JournalTest::SetUp();
        Disk::reset();
        Disk::attic = scratch_ + "/attic";
        std::filesystem::create_directory(Disk::attic);
        options_.calls = &kDisk;
        options_.segment_bytes = 8192;
    }
    void TearDown() override {
        Disk::reset();
        JournalTest::TearDown();
    }

    std::uint64_t acknowledged_ = 0;
    std::uint64_t written_ = 0;  // perhaps
    std::uint64_t store_has_ = 0;

    // Writes until the power fails.
    void live(std::mt19937& random) {
        Journal journal(options_, store_has_ + 1, store_has_);
        ASSERT_THAT(journal.survey().reasons, IsEmpty());
        ASSERT_GE(journal.last(), acknowledged_) << "lost what was acknowledged";
        ASSERT_LE(journal.last(), written_);
        ASSERT_LE(journal.first(), store_has_ + 1) << "pruned too much";
        if (journal.last() >= journal.first()) {
            ASSERT_EQ(read(journal.first()), commits(journal.first(), journal.last(), 300));
        }
        // What the journal shows now is what everything else goes on from.
        acknowledged_ = written_ = journal.last();
        for (int group = 0; group < 40; ++group) {
            const std::uint64_t last = journal.last();
            const std::uint64_t count = 1 + random() % 6;
            written_ = last + count;
            append(journal, last + 1, written_, 300);
            if (random() % 4 == 0) continue;  // several groups before a sync
            journal.sync();
            acknowledged_ = journal.durable();
            ASSERT_EQ(acknowledged_, written_);
            if (random() % 5 != 0) continue;
            store_has_ = store_has_ + (acknowledged_ - store_has_) / 2;
            journal.prune(store_has_);
        }
    }
};

TEST_F(JournalPowerLossTest, WhatWasSyncedIsThereAndNothingElseIsMadeUp) {
    for (unsigned seed = 1; seed <= 400; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        std::filesystem::remove_all(folder());
        acknowledged_ = written_ = store_has_ = 0;
        int losses = 0;
        for (int life = 0; life < 5; ++life) {
            Disk::fails_at = static_cast<int>(1 + random() % 150);
            try {
                live(random);
            } catch (const PowerLoss&) {
                ++losses;
            }
            ASSERT_FALSE(HasFatalFailure());
            Disk::lose(random);
            for (const auto& entry : std::filesystem::directory_iterator(Disk::attic)) {
                std::filesystem::remove(entry.path());
            }
        }
        ASSERT_GT(losses, 0);
    }
}

}  // namespace
}  // namespace cairn::core::test
