#include <cairn/json.hpp>

#include "core/app/backup_session.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {
namespace {

std::string words_of(SeqRange range) {
    if (range.last == 0) return "all commits from " + std::to_string(range.first) + " on";
    if (range.first == range.last) return "commit " + std::to_string(range.first);
    return "commits " + std::to_string(range.first) + " to " + std::to_string(range.last);
}

std::uint64_t bytes_of(const JournalSurvey& survey) {
    std::uint64_t bytes = 0;
    for (const JournalSurvey::Segment& segment : survey.segments) bytes += segment.bytes;
    return bytes;
}

void write_ranges(JsonWriter& json, std::string_view name, const std::vector<SeqRange>& ranges) {
    json.key(name).begin_array();
    for (const SeqRange& range : ranges) {
        json.begin_object().key("first").integer(static_cast<std::int64_t>(range.first));
        json.key("last");
        if (range.last == 0)
            json.null();
        else
            json.integer(static_cast<std::int64_t>(range.last));
        json.end_object();
    }
    json.end_array();
}

std::string json_of(const std::string& folder, const JournalSurvey& survey) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("folder").text(folder).key("id").text(survey.id);
    json.key("first").integer(static_cast<std::int64_t>(survey.first()));
    json.key("last").integer(static_cast<std::int64_t>(survey.last()));
    json.key("segments").integer(static_cast<std::int64_t>(survey.segments.size()));
    json.key("bytes").integer(static_cast<std::int64_t>(bytes_of(survey)));
    json.key("torn_bytes").integer(static_cast<std::int64_t>(survey.torn_bytes));
    write_ranges(json, "lost", survey.lost);
    write_ranges(json, "skipped", survey.skipped);
    json.key("reasons").begin_array();
    for (const std::string& reason : survey.reasons) json.text(reason);
    json.end_array().end_object();
    return out;
}

void say(const std::string& folder, const JournalSurvey& survey, std::ostream& out) {
    if (survey.segments.empty() && survey.reasons.empty()) {
        out << "There is no journal in " << folder << " yet.\n";
        return;
    }
    out << "The journal in " << folder << " (" << survey.id << ") has " << survey.segments.size()
        << (survey.segments.size() == 1 ? " segment" : " segments") << " of "
        << print_size(static_cast<std::int64_t>(bytes_of(survey)));
    if (survey.segments.empty() || survey.last() < survey.first())
        out << " without commits.\n";
    else
        out << " with " << words_of({survey.first(), survey.last()}) << ".\n";
    for (const SeqRange& range : survey.skipped) {
        out << "The numbers of " << words_of(range) << " were passed over: the store held those already.\n";
    }
    if (survey.torn_bytes > 0) {
        out << "Its last " << survey.torn_bytes
            << " bytes are no whole commit and were never acknowledged: they are being written, or the next start cuts "
               "them.\n";
    }
    for (const std::string& reason : survey.reasons) out << "DAMAGE: " << reason << ".\n";
    if (survey.reasons.empty()) {
        out << "Every commit can be read.\n";
        return;
    }
    out << "What the store holds already is safe there; a restore to a time before it cannot cross these commits. Take "
           "a "
           "backup now\n(`cairn backup now FILE`), and look at the disk.\n";
}

int check(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const std::string folder = below(data_folder(*preparation), preparation->host.durability.journal.folder);
    const JournalSurvey survey = survey_journal(folder);
    if (arguments.has("--json"))
        terminal.out << json_of(folder, survey) << "\n";
    else
        say(folder, survey, terminal.out);
    return survey.reasons.empty() ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command journal_check_command() {
    return {"journal check",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "reads the whole journal and says whether every commit in it is intact, also beside a running server",
            "Changes nothing. Exit code 1 when commits are damaged or missing; they are named with file and place.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --json           one JSON object: folder, id, first, last, segments, bytes, torn_bytes, lost, skipped, "
            "reasons\n\n"
            "Example:\n  cairn journal check config/metaverse.yaml\n",
            configuration_options({{"--json", false, "", false}}),
            check};
}

}  // namespace cairn::core
