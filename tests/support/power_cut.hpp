#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// What power_cut_shim.cpp notes and power_cut.cpp reads: a list of what a process did to files below a folder, and of
/// what it synced. Numbers of records count from 0 over the whole list.
namespace cairn::test::power_cut {

/// Names of the environment for the shim.
inline constexpr const char* kNotesFile = "CAIRN_POWER_CUT_NOTES";    ///< where the list goes
inline constexpr const char* kGraves = "CAIRN_POWER_CUT_GRAVES";      ///< folder for removed files, on the same file system
inline constexpr const char* kWatched = "CAIRN_POWER_CUT_WATCHED";    ///< the folder
inline constexpr const char* kDiskLies = "CAIRN_POWER_CUT_DISK_LIES"; ///< set: syncing keeps nothing

enum class What : std::uint32_t {
    named,    ///< file `id` is known as `path`
    changed,  ///< bytes [at, at + bytes.size()) of file `id` were `bytes` before; its size was `size`
    synced,   ///< of file `id` everything up to record `at` is on the disk
    created,  ///< `path` came to be
    renamed,  ///< `path` became `other`; what stood there lies in `grave` (empty: nothing)
    removed,  ///< `path` went; it lies in `grave`
    folder_synced,  ///< which names the folder `path` has, is on the disk as of record `at`
};

struct Note {
    What what{};
    std::uint64_t id = 0;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::string path;
    std::string other;
    std::string grave;
    std::string bytes;
};

inline std::string encode(const Note& note) {
    std::string out;
    const auto number = [&](std::uint64_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    number(static_cast<std::uint64_t>(note.what));
    number(note.id);
    number(note.at);
    number(note.size);
    for (const std::string* text : {&note.path, &note.other, &note.grave, &note.bytes}) {
        number(text->size());
        out += *text;
    }
    return out;
}

/// Takes one note off the front of `text`. False: it ends there, as when the process died while it wrote the note down,
/// which it does before the deed.
inline bool decode(std::string_view& text, Note& note) {
    std::string_view rest = text;
    const auto number = [&](std::uint64_t& value) {
        if (rest.size() < sizeof value) return false;
        std::memcpy(&value, rest.data(), sizeof value);
        rest.remove_prefix(sizeof value);
        return true;
    };
    std::uint64_t what = 0;
    if (!number(what) || !number(note.id) || !number(note.at) || !number(note.size)) return false;
    note.what = static_cast<What>(what);
    for (std::string* into : {&note.path, &note.other, &note.grave, &note.bytes}) {
        std::uint64_t size = 0;
        if (!number(size) || rest.size() < size) return false;
        into->assign(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    text = rest;
    return true;
}

}  // namespace cairn::test::power_cut
