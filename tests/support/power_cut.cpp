// Runs a program and cuts its power when it is killed:
//
//     power_cut SHIM FOLDER SEED PROGRAM [ARGUMENTS…]
//
// Everything that PROGRAM did to files below FOLDER and had not synced is then kept or lost as chance will have it, sector
// by sector, and so are names of files in folders that were not synced. Its standard output is held open until that is
// done, so whoever reads it to the end sees the disk as the next start would. CAIRN_POWER_CUT_DISK_LIES=1: a disk that
// keeps nothing when it is asked to sync.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/power_cut.hpp"

namespace {

namespace fs = std::filesystem;
using namespace cairn::test::power_cut;

constexpr std::uint64_t kSector = 512;

struct Change {
    std::uint64_t at = 0;
    std::uint64_t size_before = 0;
    std::string before;
    std::uint64_t record = 0;
};

struct File {
    std::string path;
    std::vector<Change> changes;  ///< not synced, oldest first
};

/// How a cut goes: disks differ, and pure chance would hardly ever lose everything.
enum class Manner : unsigned char { all_lost, all_kept, by_sector, by_file, until_a_moment };

class Cut {
public:
    Cut(std::string notes, std::uint64_t seed) : notes_(std::move(notes)), random_(seed) {}

    void carry_out() {
        read();
        const std::uint64_t dice = random_() % 8;
        manner_ = dice == 0   ? Manner::all_lost
                  : dice == 1 ? Manner::all_kept
                  : dice < 5  ? Manner::by_sector
                  : dice < 7  ? Manner::by_file
                              : Manner::until_a_moment;
        moment_ = records_ == 0 ? 0 : random_() % (records_ + 1);
        for (auto& [id, file] : files_) lose_contents(file);
        lose_names();
    }

private:
    void read() {
        std::ifstream in(notes_, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        std::string_view rest = text;
        for (Note note; decode(rest, note); ++records_) {
            switch (note.what) {
                case What::named: files_[note.id].path = note.path; break;
                case What::changed:
                    files_[note.id].changes.push_back({note.at, note.size, std::move(note.bytes), records_});
                    break;
                case What::synced: {
                    auto& changes = files_[note.id].changes;
                    changes.erase(std::remove_if(changes.begin(), changes.end(),
                                                 [&](const Change& change) { return change.record < note.at; }),
                                  changes.end());
                    break;
                }
                case What::folder_synced:
                    names_.erase(std::remove_if(names_.begin(), names_.end(),
                                                [&](const auto& name) {
                                                    return name.first < note.at &&
                                                           folder_of(name.second) == fs::weakly_canonical(note.path).string();
                                                }),
                                 names_.end());
                    break;
                case What::renamed:
                    for (auto& [id, file] : files_) {
                        if (file.path == note.other) file.path.clear();  // what stood there is in its grave
                    }
                    for (auto& [id, file] : files_) {
                        if (file.path == note.path) file.path = note.other;
                    }
                    names_.emplace_back(records_, note);
                    break;
                case What::removed:
                    for (auto& [id, file] : files_) {
                        if (file.path == note.path) file.path = note.grave;
                    }
                    names_.emplace_back(records_, note);
                    break;
                case What::created: names_.emplace_back(records_, note); break;
            }
        }
    }

    static std::string folder_of(const Note& note) {
        return fs::weakly_canonical(fs::path(note.what == What::renamed ? note.other : note.path).parent_path()).string();
    }

    /// How many of `count` changes, beginning with the oldest, reached the disk.
    std::size_t survivors(const std::vector<const Change*>& changes, bool whole_file_kept) {
        switch (manner_) {
            case Manner::all_lost: return 0;
            case Manner::all_kept: return changes.size();
            case Manner::by_sector: return random_() % (changes.size() + 1);
            case Manner::by_file: return whole_file_kept ? changes.size() : 0;
            case Manner::until_a_moment:
                return static_cast<std::size_t>(std::count_if(
                    changes.begin(), changes.end(), [&](const Change* change) { return change->record < moment_; }));
        }
        return 0;
    }

    void lose_contents(const File& file) {
        if (file.path.empty() || file.changes.empty()) return;
        std::ifstream in(file.path, std::ios::binary);
        if (!in) return;
        std::string bytes{std::istreambuf_iterator<char>(in), {}};
        in.close();
        const std::uint64_t size_now = bytes.size();
        const bool kept = random_() % 2 == 0;
        std::map<std::uint64_t, std::vector<const Change*>> sectors;
        std::vector<const Change*> all;
        std::uint64_t largest = size_now;
        for (const Change& change : file.changes) {
            all.push_back(&change);
            largest = std::max({largest, change.at + change.before.size(), change.size_before});
            for (std::uint64_t s = change.at / kSector; s * kSector < change.at + change.before.size(); ++s) {
                sectors[s].push_back(&change);
            }
        }
        bytes.resize(largest, '\0');
        for (const auto& [sector, changes] : sectors) {
            const std::size_t keep = survivors(changes, kept);
            for (std::size_t i = changes.size(); i > keep; --i) {
                const Change& change = *changes[i - 1];
                const std::uint64_t begin = std::max(change.at, sector * kSector);
                const std::uint64_t end = std::min<std::uint64_t>(change.at + change.before.size(), (sector + 1) * kSector);
                std::copy_n(change.before.begin() + static_cast<std::ptrdiff_t>(begin - change.at), end - begin,
                            bytes.begin() + static_cast<std::ptrdiff_t>(begin));
            }
        }
        const std::size_t keep = survivors(all, kept);
        bytes.resize(keep == all.size() ? size_now : all[keep]->size_before);
        std::ofstream(file.path, std::ios::binary | std::ios::trunc) << bytes;
    }

    /// From the youngest back, as one rests upon the other: once one is kept, those before it in the same folder are too.
    void lose_names() {
        std::set<std::string> settled;
        for (auto entry = names_.rbegin(); entry != names_.rend(); ++entry) {
            const Note& note = entry->second;
            const std::string folder = folder_of(note);
            if (settled.count(folder) != 0) continue;
            const bool lost = manner_ == Manner::all_lost || (manner_ == Manner::until_a_moment && entry->first >= moment_) ||
                              ((manner_ == Manner::by_sector || manner_ == Manner::by_file) && random_() % 2 == 0);
            if (!lost) {
                settled.insert(folder);
                continue;
            }
            std::error_code ignored;
            switch (note.what) {
                case What::created: fs::remove(note.path, ignored); break;
                case What::removed: fs::rename(note.grave, note.path, ignored); break;
                case What::renamed:
                    fs::rename(note.other, note.path, ignored);
                    if (!note.grave.empty()) fs::rename(note.grave, note.other, ignored);
                    break;
                default: break;
            }
        }
    }

    std::string notes_;
    std::mt19937_64 random_;
    Manner manner_ = Manner::by_sector;
    std::uint64_t moment_ = 0;
    std::uint64_t records_ = 0;
    std::map<std::uint64_t, File> files_;
    std::vector<std::pair<std::uint64_t, Note>> names_;  ///< not synced, with their numbers
};

}  // namespace

int main(int count, char** words) {
    if (count < 5) {
        std::fputs("usage: power_cut SHIM FOLDER SEED PROGRAM [ARGUMENTS...]\n", stderr);
        return 2;
    }
    std::string place = std::string(words[2]) + "/power-cut-XXXXXX";
    if (::mkdtemp(place.data()) == nullptr) return 1;
    const std::string notes = place + "/notes";
    fs::create_directory(place + "/graves");
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    const pid_t keeper = ::fork();
    if (keeper < 0) return 1;
    if (keeper == 0) {
        ::setsid();  // it outlives the group that is killed
        ::signal(SIGTERM, SIG_IGN);
        ::close(ends[1]);
        char byte = 0;
        while (::read(ends[0], &byte, 1) > 0) {
        }
        Cut(notes, std::strtoull(words[3], nullptr, 10)).carry_out();
        std::error_code ignored;
        fs::remove_all(place, ignored);
        ::_exit(0);
    }
    ::close(ends[0]);  // the other end stays open in PROGRAM, and closes when that is gone
    ::setenv("LD_PRELOAD", words[1], 1);
    ::setenv(kNotesFile, notes.c_str(), 1);
    ::setenv(kGraves, (place + "/graves").c_str(), 1);
    ::setenv(kWatched, words[2], 1);
    ::execvp(words[4], words + 4);
    std::perror(words[4]);
    return 127;
}
