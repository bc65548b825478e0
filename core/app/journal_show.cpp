#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <stdexcept>

#include <cairn/json.hpp>

#include "core/app/backup_session.hpp"
#include "core/config/configuration.hpp"
#include "core/durability/addition.hpp"
#include "core/durability/journal.hpp"
#include "core/durability/journal_time.hpp"
#include "core/plugins/join_words.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

/// Which commits are shown.
struct Filter {
    std::int64_t since_us = std::numeric_limits<std::int64_t>::min();
    std::int64_t until_us = std::numeric_limits<std::int64_t>::max();
    std::uint64_t first = 0;  ///< 0: from the beginning on
    std::uint64_t last = UINT64_MAX;
    std::string table;  ///< empty: any

    bool wants(const JournalChange& change) const { return table.empty() || change.table == table; }
    bool wants(const JournalEntry& entry) const {
        if (entry.time_us < since_us || entry.time_us > until_us) return false;
        return table.empty() || std::any_of(entry.changes.begin(), entry.changes.end(),
                                            [&](const JournalChange& change) { return wants(change); });
    }
};

std::uint64_t number_of(const std::string& option, std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value == 0) {
        throw UsageError("--seq " + option + " is not a number of a commit or a range of them",
                         "For example --seq 1200 or --seq 1200..1300 or --seq 1200..");
    }
    return value;
}

Filter filter_of(const Arguments& arguments, const TimeZone& zone) {
    Filter filter;
    const auto time = [&](const std::string& option, TimeEdge edge, std::int64_t& into) {
        if (!arguments.has(option)) return;
        try {
            into = read_time(arguments.value(option), zone, edge);
        } catch (const Error& error) {
            throw UsageError(option + ": " + error.what());
        }
    };
    time("--since", TimeEdge::begin, filter.since_us);
    time("--until", TimeEdge::end, filter.until_us);
    if (filter.since_us > filter.until_us) throw UsageError("--since is later than --until");
    filter.table = arguments.value("--table");
    if (const std::string range = arguments.value("--seq"); arguments.has("--seq")) {
        const std::size_t dots = range.find("..");
        const std::string first = range.substr(0, dots);
        const std::string last = dots == std::string::npos ? first : range.substr(dots + 2);
        if (!first.empty() || last.empty()) filter.first = number_of(range, first);
        if (!last.empty()) filter.last = number_of(range, last);
        if (filter.first > filter.last) {
            throw UsageError("--seq " + range + " ends before it begins", "The lower number stands first.");
        }
    }
    return filter;
}

// For a person's terminal: whatever a name holds, it moves no cursor.
std::string plain(std::string_view text) {
    std::string result(text.empty() ? "-" : text);
    for (char& c : result) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return result;
}

std::string_view what_of(const JournalChange& change) {
    return change.row.empty() ? "erase" : is_addition(change.row) ? "add" : "put";
}

std::string line_of(const JournalEntry& entry, const Filter& filter) {
    std::string line = std::to_string(entry.seq) + "  " + format_time_us(entry.time_us) + "  " + plain(entry.actor) +
                       "  " + plain(entry.operation) + "  ";
    if (entry.kind == JournalEntry::Kind::refused) {
        return line + "the store refused commit " + std::to_string(entry.refers);
    }
    bool first = true;
    for (const JournalChange& change : entry.changes) {
        if (!filter.wants(change)) continue;
        line += first ? "" : "; ";
        line += std::string(what_of(change)) + " ";
        line += plain(change.table) + " " + plain(change.key);
        first = false;
    }
    return line;
}

// As the column operation_type of a transaction log has it (P129).
std::string_view type_of(const JournalEntry& entry) {
    if (entry.kind == JournalEntry::Kind::refused) return "refused";
    std::string_view type;
    for (const JournalChange& change : entry.changes) {
        if (!type.empty() && type != what_of(change)) return "mixed";
        type = what_of(change);
    }
    return type.empty() ? "put" : type;
}

std::string json_of(const JournalEntry& entry, const Filter& filter) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("seq").integer(static_cast<std::int64_t>(entry.seq));
    json.key("timestamp").text(format_time_us(entry.time_us)).key("operation_type").text(type_of(entry));
    json.key("actor").text(entry.actor).key("operation").text(entry.operation);
    if (entry.kind == JournalEntry::Kind::refused) {
        json.key("refers").integer(static_cast<std::int64_t>(entry.refers));
    }
    json.key("data").begin_array();
    for (const JournalChange& change : entry.changes) {
        if (!filter.wants(change)) continue;
        json.begin_object().key("operation_type").text(what_of(change));
        json.key("table").text(change.table).key("key").raw(change.key);
        if (is_addition(change.row)) {
            const Document added = Document::parse_json(addition_json(change.row));
            json.key("add").document(added.items()[0]).key("row").document(added.items()[1]);
        } else if (!change.row.empty()) {
            json.key("row").raw(change.row);
        }
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

/// Nothing that was read was wanted: says what there is, so that a mistyped filter does not look like a quiet day.
void say_nothing_fits(const Filter& filter, std::uint64_t first, std::uint64_t last,
                      const std::set<std::string>& tables, std::ostream& out) {
    if (last == 0) {
        out << "The journal holds no commit from " << filter.first << " on.\n";
        return;
    }
    out << "None of the commits " << first << " to " << last << " is shown: none fits what was asked for.\n";
    if (filter.table.empty() || tables.contains(filter.table)) return;
    const std::vector<std::string> names(tables.begin(), tables.end());
    const std::string near = did_you_mean(filter.table, names);
    out << "They change no table " << filter.table << "; ";
    if (near.empty()) out << "those that they change are " << join(names, ", ") << ".\n";
    else out << "did you mean " << near << "?\n";
}

int show(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    Filter filter = filter_of(arguments, TimeZone(preparation->host.time_zone));
    const std::string folder = below(data_folder(*preparation), preparation->host.durability.journal.folder);
    if (filter.first == 0) {
        const JournalSurvey outline = survey_journal(folder, UINT64_MAX);
        if (outline.segments.empty()) {
            terminal.err << "There is no journal in " << folder << ".\n";
            return exit_code::kProblems;
        }
        filter.first = outline.first();
    }
    const bool as_json = arguments.has("--json");
    bool whole = true;
    bool any = false;
    std::uint64_t first_read = 0;
    std::uint64_t last_read = 0;
    std::set<std::string> tables;
    JournalReader reader(folder, filter.first);
    while (true) {
        const JournalEntry* entry = nullptr;
        try {
            entry = reader.next(filter.last);
        } catch (const JournalError& error) {
            if (error.kind() == JournalError::Kind::failed) throw;
            terminal.err << error.what() << "\n";
            whole = false;
            continue;
        }
        if (entry == nullptr) break;
        if (first_read == 0) first_read = entry->seq;
        last_read = entry->seq;
        if (filter.wants(*entry)) {
            terminal.out << (as_json ? json_of(*entry, filter) : line_of(*entry, filter)) << '\n';
            any = true;
        }
        if (any) continue;
        for (const JournalChange& change : entry->changes) tables.emplace(change.table);
    }
    terminal.out.flush();
    if (!any && whole) say_nothing_fits(filter, first_read, last_read, tables, terminal.err);
    return whole ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command journal_show_command() {
    return {
        "journal show",
        "FILE [-c FILE]… [--set KEY=VALUE]… [--since TIME] [--until TIME] [--seq A[..B]] [--table TABLE] [--json]",
        "prints the commits of the journal, one a line, also beside a running server",
        "Each line has the number of the commit, its time (UTC), who caused it, the id of the operation, and what was "
        "put and\n"
        "erased. The journal reaches back to the oldest commit that a kept backup lacks. Exit code 1 when commits in "
        "between\n"
        "cannot be read; what can be is shown.\n\n"
        "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
        "  --set KEY=VALUE  sets one value after all files\n"
        "  --since TIME     from this time on: \"2026-11-21 07:00\" in the configuration's time_zone, "
        "2026-11-21T07:00:00Z,\n"
        "                   2026-11-21T08:00:00+01:00, @1795244400; as for `cairn restore --until`\n"
        "  --until TIME     up to and with this time\n"
        "  --seq A[..B]     one commit, those from A to B, or with `A..` all from A on\n"
        "  --table TABLE    only changes of this table\n"
        "  --json           one JSON object a line: seq, timestamp, operation_type (put, erase, mixed, refused), "
        "actor,\n"
        "                   operation, data with the rows\n\n"
        "Example:\n  cairn journal show config/metaverse.yaml --since 2026-11-21T07:00:00Z --table world_objects\n",
        configuration_options({{"--since", true, "", false},
                               {"--until", true, "", false},
                               {"--seq", true, "", false},
                               {"--table", true, "", false},
                               {"--json", false, "", false}}),
        show};
}

}  // namespace cairn::core
