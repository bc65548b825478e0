#include "plugins/chat/exchange.hpp"

#include <array>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/iso_time.hpp>
#include <cairn/text.hpp>
#include <cairn/uuid.hpp>

namespace cairn::chat {
namespace {

constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxMessage = 65536;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxType = 50;
constexpr std::size_t kMaxId = 255;

constexpr std::string_view kMessages =
    "SELECT id, user_id, username, message, message_type, attachment_url, attachment_type, attachment_size_bytes, "
    "created_at, edited_at FROM chat_messages WHERE space_id = $1 AND deleted_at IS NULL ORDER BY created_at, id";

[[noreturn]] void refuse(const std::string& member, const std::string& why) {
    throw Error(Code::invalid_field, why).at(member);
}

/// 128 bits out of a text, as a UUID of the free form (version 8, RFC 9562 section 5.8). Not for secrets: two runs of
/// FNV-1a with different beginnings.
std::string uuid_of(std::string_view space, std::string_view id) {
    constexpr std::uint64_t kPrime = 0x100000001b3;
    std::array<std::uint64_t, 2> hash{0xcbf29ce484222325, 0x9ae16a3b2f90404f};
    const auto mix = [&hash](std::string_view text) {
        for (const char c : text) {
            for (std::uint64_t& half : hash) half = (half ^ static_cast<unsigned char>(c)) * kPrime;
        }
        for (std::uint64_t& half : hash) half = (half ^ 0x1f) * kPrime;
    };
    mix(space);
    mix(id);
    hash[1] ^= hash[0] >> 29;
    hash[0] = (hash[0] & ~0xf000ULL) | 0x8000;
    hash[1] = (hash[1] & 0x3fffffffffffffff) | 0x8000000000000000;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
        text += kDigits[(hash[static_cast<std::size_t>(i / 16)] >> (60 - 4 * (i % 16))) & 0xf];
    }
    return text;
}

void set_unless_null(Document& entry, const char* name, const Document& value) {
    if (!value.is_null()) entry.set(name, value);
}

std::pair<std::string, Document> write_message(const Document& row) {
    Document entry{{"id", row["id"]}};
    set_unless_null(entry, "userId", row["user_id"]);
    set_unless_null(entry, "username", row["username"]);
    entry.set("message", row["message"]).set("timestamp", row["created_at"]);
    const std::string_view type = row["message_type"].text();
    if (type == "system")
        entry.set("isSystem", true);
    else if (type != "text")
        entry.set("type", type);
    set_unless_null(entry, "attachmentUrl", row["attachment_url"]);
    set_unless_null(entry, "attachmentType", row["attachment_type"]);
    set_unless_null(entry, "attachmentSize", row["attachment_size_bytes"]);
    set_unless_null(entry, "editedAt", row["edited_at"]);
    return {std::string(row["id"].text()), std::move(entry)};
}

std::string text_of(const Document& value, const std::string& member, std::size_t most) {
    if (!value.is_text()) refuse(member, "must be a text");
    if (value.text().size() > most) refuse(member, "must have at most " + std::to_string(most) + " bytes");
    return std::string(value.text());
}

WallTime time_of(const Document& value, const std::string& member) {
    if (value.is_number()) {
        const double ms = value.number_or(-1);
        if (ms >= 0 && ms < 1e15) return static_cast<WallTime>(ms);
    }
    if (const auto read = read_iso_time(value.text())) return *read;
    refuse(member, "must be a time in ms since 1970, or a text such as 2026-01-31T12:00:00.000Z");
}

void read_message(std::string_view space, const Document& entry, const Table<MessageRow>& table, Commit& commit) {
    if (!entry.is_map())
        refuse("", "must be an object: {\"id\": …, \"username\": …, \"message\": …, \"timestamp\": …}");
    MessageRow row;
    row.space_id = space;
    bool said = false;
    std::string id;
    for (const Document::Member& member : entry.members()) {
        const std::string& key = member.key;
        const Document& value = member.value;
        if (value.is_null()) continue;
        if (key == "id") {
            id = value.is_integer() ? std::to_string(value.integer_or(0)) : text_of(value, key, kMaxId);
        } else if (key == "userId") {
            // Ids of connections, as the servers of the sources had them, say nothing here; the name stays.
            if (std::string user = text_of(value, key, kMaxId); is_uuid(user)) row.user_id = std::move(user);
        } else if (key == "username") {
            row.username = text_of(value, key, kMaxName);
        } else if (key == "message") {
            row.message = text_of(value, key, kMaxMessage);
            said = true;
        } else if (key == "timestamp" || key == "createdAt") {
            row.created_at = time_of(value, key);
        } else if (key == "isSystem") {
            if (!value.is_boolean()) refuse(key, "must be true or false");
            if (value.boolean_or(false)) row.message_type = "system";
        } else if (key == "type") {
            row.message_type = text_of(value, key, kMaxType);
            if (row.message_type != "text" && row.message_type != "image" && row.message_type != "file" &&
                row.message_type != "system") {
                refuse(key, "must be text, image, file or system");
            }
        } else if (key == "attachmentUrl") {
            row.attachment_url = text_of(value, key, kMaxUrl);
            if (!matches(Pattern::url, *row.attachment_url))
                refuse(key, "must " + std::string(pattern_words(Pattern::url)));
        } else if (key == "attachmentType") {
            row.attachment_type = text_of(value, key, kMaxType);
        } else if (key == "attachmentSize") {
            if (value.integer_or(-1) < 0) refuse(key, "must be a whole number, not below 0");
            row.attachment_size_bytes = value.integer_or(0);
        } else if (key == "editedAt") {
            row.edited_at = time_of(value, key);
        } else {
            refuse(key,
                   "is no member of a message: id, userId, username, message, timestamp, isSystem, type, "
                   "attachmentUrl, attachmentType, attachmentSize, editedAt");
        }
    }
    if (!said) refuse("message", "is missing");
    if (row.created_at == 0) refuse("timestamp", "is missing");
    // Without an id the moment and the words stand for it.
    if (id.empty()) id = std::to_string(row.created_at) + " " + row.username.value_or("") + " " + row.message;
    row.id = is_uuid(id) ? id : uuid_of(space, id);
    table.put(commit, row);
}

}  // namespace

ExchangeSection messages_section(Table<MessageRow> table) {
    ExchangeSection section;
    section.name = "messages";
    section.also = {"chatHistory"};
    section.list = true;
    section.rows = {std::string(kMessages), {}};
    section.write = write_message;
    section.read = [table](std::string_view space, const std::string&, const Document& entry, Commit& commit) {
        read_message(space, entry, table, commit);
    };
    return section;
}

}  // namespace cairn::chat
