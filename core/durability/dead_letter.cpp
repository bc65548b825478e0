#include "core/durability/dead_letter.hpp"

#include <algorithm>
#include <vector>

#include <cairn/json.hpp>

namespace cairn::core {

services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason) {
    services::DeadLetter letter;
    letter.seq = commit.seq;
    letter.at = commit.time_us / 1000;
    letter.actor = commit.actor;
    letter.operation = commit.operation;
    letter.reason = reason;
    JsonWriter json(letter.changes);
    json.begin_array();
    for (const Change& change : commit.changes) {
        json.begin_object().key("table").text(change.table->name).key("key").raw(change.key).key("row");
        if (change.row.empty())
            json.null();
        else
            json.raw(change.row);
        json.end_object();
    }
    json.end_array();
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
