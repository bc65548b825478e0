#include "core/durability/dead_letter.hpp"

#include <algorithm>
#include <vector>

#include <cairn/json.hpp>

#include "core/durability/addition.hpp"

namespace cairn::core {

services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason) {
    services::DeadLetter letter;
    letter.seq = commit.seq;
    letter.at = commit.time_us / 1000;
    letter.actor = commit.actor;
    letter.operation = commit.operation;
    letter.reason = reason;
    letter.changes = changes_json(commit.changes);
    return letter;
}

std::string changes_json(const std::vector<Change>& changes) {
    std::string text;
    JsonWriter json(text);
    json.begin_array();
    for (const Change& change : changes) {
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
    }
    json.end_array();
    return text;
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
