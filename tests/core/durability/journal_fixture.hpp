#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/durability/journal.hpp"

namespace cairn::core::test {

/// An entry that owns its texts.
struct OwnEntry {
    std::uint64_t seq = 0;
    JournalEntry::Kind kind = JournalEntry::Kind::commit;
    std::uint64_t refers = 0;
    std::string actor;
    std::string operation;
    std::string row;
    std::int64_t time_us = 0;
    std::size_t changes = 0;

    bool operator==(const OwnEntry&) const = default;
};

/// Commit `seq`, different for each number.
inline OwnEntry commit_entry(std::uint64_t seq, std::size_t row_bytes = 40) {
    const std::string number = std::to_string(seq);
    std::string row = "{\"id\":" + number + ",\"text\":\"";
    while (row.size() < row_bytes) row += static_cast<char>('a' + (seq + row.size()) % 26);
    return {seq,
            JournalEntry::Kind::commit,
            0,
            "player-" + number,
            "op-" + number,
            row + "\"}",
            1'000'000 + static_cast<std::int64_t>(seq),
            2};
}

/// Views into `own`, which must stay.
inline JournalEntry view_of(const OwnEntry& own) {
    JournalEntry entry;
    entry.seq = own.seq;
    entry.time_us = own.time_us;
    entry.kind = own.kind;
    entry.refers = own.refers;
    entry.actor = own.actor;
    entry.operation = own.operation;
    entry.answer = "{}";
    if (own.changes > 0) entry.changes.push_back({"objects", "{\"id\":1}", own.row});
    for (std::size_t i = 1; i < own.changes; ++i) entry.changes.push_back({"positions", "{\"id\":2}", ""});
    return entry;
}

inline OwnEntry own_of(const JournalEntry& entry) {
    OwnEntry own{entry.seq, entry.kind,    entry.refers,        std::string(entry.actor), std::string(entry.operation),
                 "",        entry.time_us, entry.changes.size()};
    if (!entry.changes.empty()) own.row = std::string(entry.changes.front().row);
    return own;
}

class JournalTest : public testing::Test {
protected:
    void SetUp() override {
        // In memory where that is possible: thousands of journals are opened here, and the disk is not what is tested.
        const std::filesystem::path memory = "/dev/shm";
        const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
        std::string pattern =
            ((in_memory ? memory : std::filesystem::temp_directory_path()) / "cairn-journal-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        scratch_ = pattern;
        options_.folder = scratch_ + "/journal";
        options_.segment_bytes = 16 * 1024;
    }
    void TearDown() override { std::filesystem::remove_all(scratch_); }

    const std::string& folder() const { return options_.folder; }
    std::string segment(std::uint64_t first) const {
        std::string digits = std::to_string(first);
        digits.insert(0, 20 - digits.size(), '0');
        return folder() + "/segment-" + digits + ".cjl";
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder())) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    static void append(Journal& journal, std::uint64_t first, std::uint64_t last, std::size_t row_bytes = 40) {
        std::vector<OwnEntry> own;
        for (std::uint64_t seq = first; seq <= last; ++seq) own.push_back(commit_entry(seq, row_bytes));
        std::vector<JournalEntry> entries;
        for (const OwnEntry& entry : own) entries.push_back(view_of(entry));
        journal.append(entries);
    }
    /// One group per commit, each synced.
    static void append_singly(Journal& journal, std::uint64_t first, std::uint64_t last, std::size_t row_bytes = 40) {
        for (std::uint64_t seq = first; seq <= last; ++seq) {
            append(journal, seq, seq, row_bytes);
            journal.sync();
        }
    }
    static void refuse(Journal& journal, std::uint64_t seq) {
        OwnEntry own;
        own.kind = JournalEntry::Kind::refused;
        own.refers = seq;
        own.time_us = 5;
        const JournalEntry entry = view_of(own);
        journal.append({&entry, 1});
    }

    /// Everything from `from` on up to the end.
    std::vector<OwnEntry> read(std::uint64_t from = 1) const {
        std::vector<OwnEntry> all;
        JournalReader reader(folder(), from);
        while (const JournalEntry* entry = reader.next()) all.push_back(own_of(*entry));
        return all;
    }
    /// The last commit that the next process finds, were this one killed now.
    std::uint64_t last_after_a_kill(std::uint64_t next = 1, std::uint64_t store_has = 0) const {
        Journal::Options options = options_;
        options.folder = scratch_ + "/killed";  // who writes holds the folder itself
        std::filesystem::remove_all(options.folder);
        std::filesystem::copy(folder(), options.folder);
        return Journal(options, next, store_has).last();
    }
    static std::vector<OwnEntry> commits(std::uint64_t first, std::uint64_t last, std::size_t row_bytes = 40) {
        std::vector<OwnEntry> all;
        for (std::uint64_t seq = first; seq <= last; ++seq) all.push_back(commit_entry(seq, row_bytes));
        return all;
    }

    static std::vector<char> bytes_of(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    static void write_bytes(const std::string& path, const std::vector<char>& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    /// Changes one byte of a file.
    static void flip(const std::string& path, std::size_t at, char with = 0x20) {
        std::vector<char> bytes = bytes_of(path);
        ASSERT_LT(at, bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ with);
        write_bytes(path, bytes);
    }
    /// Inside the row of a commit, as an offset into a segment.
    static std::size_t place_of(const std::string& path, std::uint64_t seq) {
        const std::vector<char> bytes = bytes_of(path);
        const std::string row = commit_entry(seq).row.substr(0, 20);
        const auto found = std::search(bytes.begin(), bytes.end(), row.begin(), row.end());
        EXPECT_NE(found, bytes.end()) << "commit " << seq << " is not in " << path;
        return static_cast<std::size_t>(found - bytes.begin()) + 12;
    }

    std::string scratch_;
    Journal::Options options_;
};

}  // namespace cairn::core::test
