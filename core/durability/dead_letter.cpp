#include "core/durability/dead_letter.hpp"

#include <algorithm>
#include <vector>

#include <cairn/json.hpp>

#include "core/durability/addition.hpp"

namespace cairn::core {

namespace {

/// A letter that the store cannot take in would be in everybody's way. Only imports come near this.
constexpr std::size_t kLargestLetter = 16u << 20;

}  // namespace

void write_changes(services::DeadLetter& letter, std::span<const Change> changes) {
    JsonWriter json(letter.changes);
    json.begin_array();
    std::size_t kept = 0;
    for (const Change& change : changes) {
        if (letter.changes.size() + change.key.size() + change.row.size() > kLargestLetter) break;
        json.begin_object().key("table").text(change.table->name).key("key").raw(change.key);
        if (change.adds()) {
            const Document added = Document::parse_json(addition_json(change.row));
            json.key("add").document(added.items()[0]).key("row").document(added.items()[1]);
        } else if (change.row.empty()) {
            json.key("row").null();
        } else {
            json.key("row").raw(change.row);
        }
        json.end_object();
        ++kept;
    }
    json.end_array();
    if (kept == changes.size()) return;
    letter.reason += " (here are the first " + std::to_string(kept) + " of " + std::to_string(changes.size()) +
                     " changes; `cairn journal show FILE --seq " + std::to_string(letter.seq) + "` shows them all)";
}

bool bury_or_pass(services::Store& store, const services::DeadLetter& letter) {
    try {
        store.bury(std::span(&letter, 1), services::Watermark{letter.seq});
        return true;
    } catch (const Error& error) {
        if (error.code() != Code::unsupported && error.code() != Code::conflict) throw;
    }
    store.apply({}, services::Watermark{letter.seq});
    return false;
}

services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason) {
    services::DeadLetter letter;
    letter.seq = commit.seq;
    letter.at = commit.time_us / 1000;
    letter.actor = commit.actor;
    letter.operation = commit.operation;
    letter.reason = reason;
    write_changes(letter, commit.changes);
    return letter;
}

std::string tables_of(const PendingCommit& commit) {
    std::vector<std::string> names;
    std::string text;
    for (const Change& change : commit.changes) {
        const std::string& name = change.table->name;
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        names.push_back(name);
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

}  // namespace cairn::core
