#include "core/durability/journal_format.hpp"

#include <bit>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "core/durability/crc32c.hpp"

static_assert(std::endian::native == std::endian::little, "the journal is written as it lies in memory");

namespace cairn::core::journal_format {
namespace {

constexpr char kMagic[8] = {'C', 'A', 'I', 'R', 'N', 'J', 'N', 'L'};
constexpr std::uint32_t kVersion = 2;  // 2: changes may be additions
constexpr std::uint32_t kOldest = 1;
constexpr std::uint64_t kLargestEntry = 1u << 30;

template <class Number>
Number load(const std::uint8_t* at) noexcept {
    Number value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <class Number>
void store(std::uint8_t* at, Number value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

// Takes a payload apart within its bounds.
class PayloadReader {
public:
    explicit PayloadReader(Bytes rest) : rest_(rest) {}
    std::uint32_t number() {
        if (rest_.size() < 4) {
            bad_ = true;
            return 0;
        }
        const auto value = load<std::uint32_t>(rest_.data());
        rest_ = rest_.subspan(4);
        return value;
    }
    std::string_view text() {
        const std::uint32_t size = number();
        if (bad_ || size > rest_.size()) {
            bad_ = true;
            return {};
        }
        const std::string_view value(reinterpret_cast<const char*>(rest_.data()), size);
        rest_ = rest_.subspan(size);
        return value;
    }
    std::size_t left() const { return rest_.size(); }
    bool bad() const { return bad_; }

private:
    Bytes rest_;
    bool bad_ = false;
};

void put_number(std::vector<std::uint8_t>& out, std::size_t value) {
    if (value >= kLargestEntry) throw std::length_error("a commit of more than 1 GiB does not go into the journal");
    const auto narrow = static_cast<std::uint32_t>(value);
    const std::size_t at = out.size();
    out.resize(at + 4);
    store(out.data() + at, narrow);
}

void put_text(std::vector<std::uint8_t>& out, std::string_view text) {
    put_number(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
}

void close_entry(std::uint8_t* entry, std::size_t size, std::uint64_t seq, std::int64_t time_us, std::uint64_t durable,
                 std::uint32_t seed) {
    store(entry, static_cast<std::uint32_t>(size));
    store(entry + 8, seq);
    store(entry + 16, time_us);
    store(entry + 24, durable);
    std::uint32_t crc = crc32c(seed, entry, 4);
    crc = crc32c(crc, entry + 8, size - 8);
    store(entry + 4, crc);
}

bool header_is_whole(const std::uint8_t* at) {
    return std::memcmp(at, kMagic, sizeof kMagic) == 0 &&
           load<std::uint32_t>(at + kHeaderBytes - 4) == crc32c(0, at, kHeaderBytes - 4);
}

}  // namespace

std::vector<std::uint8_t> encode_header(const SegmentHeader& header) {
    std::vector<std::uint8_t> block(kBlock);
    std::uint8_t* at = block.data();
    std::memcpy(at, kMagic, sizeof kMagic);
    store(at + 8, kVersion);
    store(at + 12, static_cast<std::uint32_t>(kBlock));
    std::memcpy(at + 16, header.journal.data(), header.journal.size());
    store(at + 32, header.first);
    store(at + 40, header.previous_first);
    store(at + 48, header.previous_last);
    store(at + 56, header.made_us);
    store(at + 64, header.previous_content);
    store(at + kHeaderBytes - 4, crc32c(0, at, kHeaderBytes - 4));
    std::memcpy(at + kHeaderCopyAt, at, kHeaderBytes);
    return block;
}

std::optional<SegmentHeader> decode_header(Bytes block) {
    for (const std::size_t offset : {std::size_t{0}, kHeaderCopyAt}) {
        if (block.size() < offset + kHeaderBytes) continue;
        const std::uint8_t* at = block.data() + offset;
        if (!header_is_whole(at)) continue;
        const auto version = load<std::uint32_t>(at + 8);
        if (version < kOldest || version > kVersion || load<std::uint32_t>(at + 12) != kBlock) {
            throw JournalError(JournalError::Kind::failed, "the journal is of version " + std::to_string(version) +
                                                               ", and this cairn reads versions up to " +
                                                               std::to_string(kVersion) +
                                                               ". Use the cairn that wrote it, or a newer one");
        }
        SegmentHeader header;
        std::memcpy(header.journal.data(), at + 16, header.journal.size());
        header.first = load<std::uint64_t>(at + 32);
        header.previous_first = load<std::uint64_t>(at + 40);
        header.previous_last = load<std::uint64_t>(at + 48);
        header.made_us = load<std::int64_t>(at + 56);
        header.previous_content = load<std::uint32_t>(at + 64);
        if (header.previous_last >= header.first || header.previous_first > header.previous_last + 1) continue;
        return header;
    }
    return std::nullopt;
}

std::uint32_t entry_seed(const std::array<std::uint8_t, 16>& journal, std::uint64_t first) noexcept {
    const std::uint32_t crc = crc32c(0, journal.data(), journal.size());
    return crc32c(crc, &first, sizeof first);
}

std::uint32_t claimed_size(Bytes beginning) noexcept {
    return load<std::uint32_t>(beginning.data());
}

std::optional<RawEntry> read_entry(Bytes bytes, std::uint32_t seed) noexcept {
    if (bytes.size() < kSmallestEntry) return std::nullopt;
    RawEntry entry;
    entry.size = claimed_size(bytes);
    if (entry.size < kSmallestEntry || entry.size > bytes.size()) return std::nullopt;
    const std::uint8_t* at = bytes.data();
    entry.crc = load<std::uint32_t>(at + 4);
    std::uint32_t crc = crc32c(seed, at, 4);
    crc = crc32c(crc, at + 8, entry.size - 8);
    if (crc != entry.crc) return std::nullopt;
    entry.seq = load<std::uint64_t>(at + 8);
    entry.time_us = load<std::int64_t>(at + 16);
    entry.durable = load<std::uint64_t>(at + 24);
    entry.kind = at[32];
    entry.refers = load<std::uint64_t>(at + 40);
    entry.bytes = bytes.first(entry.size);
    return entry;
}

bool decode_entry(const RawEntry& raw, JournalEntry& entry) {
    if (raw.kind != static_cast<std::uint8_t>(JournalEntry::Kind::commit) &&
        raw.kind != static_cast<std::uint8_t>(JournalEntry::Kind::refused)) {
        return false;
    }
    entry.seq = raw.seq;
    entry.time_us = raw.time_us;
    entry.kind = static_cast<JournalEntry::Kind>(raw.kind);
    entry.refers = raw.refers;
    PayloadReader in(raw.bytes.subspan(kSmallestEntry));
    entry.actor = in.text();
    entry.operation = in.text();
    entry.answer = in.text();
    // A number of tables or changes above what the bytes could hold is found before memory is taken for it.
    const std::uint32_t table_count = in.number();
    if (in.bad() || table_count > in.left() / 4) return false;
    thread_local std::vector<std::string_view> tables;
    tables.clear();
    for (std::uint32_t i = 0; i < table_count; ++i) tables.push_back(in.text());
    const std::uint32_t change_count = in.number();
    if (in.bad() || change_count > in.left() / 12) return false;
    entry.changes.clear();
    entry.changes.reserve(change_count);
    for (std::uint32_t i = 0; i < change_count; ++i) {
        const std::uint32_t table = in.number();
        if (in.bad() || table >= tables.size()) return false;
        const std::string_view key = in.text();
        entry.changes.push_back({tables[table], key, in.text()});
    }
    return !in.bad() && in.left() == 0;
}

void encode_entry(std::vector<std::uint8_t>& out, const JournalEntry& entry, std::uint64_t seq, std::uint64_t durable,
                  std::uint32_t seed) {
    const std::size_t begin = out.size();
    out.resize(begin + kSmallestEntry);
    out[begin + 32] = static_cast<std::uint8_t>(entry.kind);
    store(out.data() + begin + 40, entry.refers);
    put_text(out, entry.actor);
    put_text(out, entry.operation);
    put_text(out, entry.answer);
    // Commits touch few tables, so looking through those seen so far is enough.
    thread_local std::vector<std::string_view> tables;
    tables.clear();
    thread_local std::vector<std::size_t> indexes;
    indexes.clear();
    for (const JournalChange& change : entry.changes) {
        std::size_t index = 0;
        while (index < tables.size() && tables[index] != change.table) ++index;
        if (index == tables.size()) tables.push_back(change.table);
        indexes.push_back(index);
    }
    put_number(out, tables.size());
    for (const std::string_view table : tables) put_text(out, table);
    put_number(out, entry.changes.size());
    for (std::size_t i = 0; i < entry.changes.size(); ++i) {
        put_number(out, indexes[i]);
        put_text(out, entry.changes[i].key);
        put_text(out, entry.changes[i].row);
    }
    const std::size_t size = out.size() - begin;
    if (size >= kLargestEntry) throw std::length_error("a commit of more than 1 GiB does not go into the journal");
    close_entry(out.data() + begin, size, seq, entry.time_us, durable, seed);
    out.resize(begin + padded(size));
}

std::vector<std::uint8_t> encode_given_up(SeqRange lost, std::uint64_t size, std::uint64_t durable,
                                          std::uint32_t seed) {
    std::vector<std::uint8_t> out(size);
    out[32] = kGivenUp;
    store(out.data() + 40, lost.first);
    close_entry(out.data(), out.size(), lost.last, 0, durable, seed);
    return out;
}

std::string segment_name(std::uint64_t first) {
    char name[48];
    std::snprintf(name, sizeof name, "segment-%020llu.cjl", static_cast<unsigned long long>(first));
    return name;
}

std::optional<std::uint64_t> segment_first(std::string_view name) noexcept {
    constexpr std::string_view kBegin = "segment-";
    constexpr std::string_view kEnd = ".cjl";
    if (name.size() != kBegin.size() + 20 + kEnd.size()) return std::nullopt;
    if (name.substr(0, kBegin.size()) != kBegin || name.substr(name.size() - kEnd.size()) != kEnd) return std::nullopt;
    std::uint64_t value = 0;
    for (const char digit : name.substr(kBegin.size(), 20)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        const auto add = static_cast<std::uint64_t>(digit - '0');
        if (value > (UINT64_MAX - add) / 10) return std::nullopt;
        value = value * 10 + add;
    }
    if (value == 0) return std::nullopt;
    return value;
}

std::string id_text(const std::array<std::uint8_t, 16>& id) {
    std::string text;
    for (std::size_t i = 0; i < id.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += "0123456789abcdef"[id[i] >> 4];
        text += "0123456789abcdef"[id[i] & 15];
    }
    return text;
}

std::array<std::uint8_t, 16> id_bytes(std::string_view text) {
    std::array<std::uint8_t, 16> id{};
    std::size_t digit = 0;
    for (const char c : text) {
        if (c == '-' || digit == 32) continue;
        const int value = c <= '9' ? c - '0' : c - 'a' + 10;
        id[digit / 2] = static_cast<std::uint8_t>(id[digit / 2] * 16 + value);
        ++digit;
    }
    return id;
}

}  // namespace cairn::core::journal_format
