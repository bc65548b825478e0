#include "sdk/check/check_command.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>

#include "core/config/configuration.hpp"
#include "sdk/check/check_options.hpp"
#include "sdk/check/child.hpp"
#include "sdk/check/judges.hpp"

namespace cairn::check {
namespace {

constexpr const char* kHelp =
    R"(usage: cairn-check PLUGIN.so [options]

Judges a plugin without its author's help: its file, what it declares, a hundred starts and stops, people who come and
go, and bodies that nobody should send for every message that it declares. Prints one line per judgement, with the cure.

  --with FILE.so       a plugin that it needs (repeats); else its folder is searched for who offers a service
  --dir FOLDER         another folder to search (repeats)
  --sql FOLDER         a folder that holds <plugin>/<engine>/NNNN_what.sql (repeats)
  --set KEY=VALUE      a setting, as `cairn run --set` takes it: plugins.NAME.key=value (repeats)
  --starts N           starts and stops (100)
  --crowd N            steps of people who come and go (2000)
  --bodies N           random bodies per message, beside those made on purpose (100)
  --handler TIME       the longest that a handler may take (50ms)
  --stop TIME          the longest that stopping may take (5s)
  --deadline TIME      the longest that one judgement may take (2m)
  --seed N             of the order of things and of random bodies (1)
  --json               one JSON object instead of lines
  --help

Exit code: 0 nothing is wrong with it, 1 something is, 2 the command line is not understood.
)";

class Usage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

int number(const std::string& option, const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1'000'000)
        throw Usage(option + " wants a number from 0 to 1000000, not '" + text + "'");
    return value;
}

Duration duration(const std::string& option, const std::string& text) {
    const auto value = core::parse_duration(text);
    if (!value || value->count() <= 0) throw Usage(option + " wants a time such as 50ms or 5s, not '" + text + "'");
    return *value;
}

CheckOptions parse(const std::vector<std::string>& words) {
    CheckOptions options;
    using Take = std::function<void(const std::string& option, const std::string& value)>;
    const std::map<std::string, Take> takes{
        {"--with", [&](const auto&, const auto& v) { options.with.push_back(v); }},
        {"--dir", [&](const auto&, const auto& v) { options.dirs.push_back(v); }},
        {"--sql", [&](const auto&, const auto& v) { options.sql.push_back(v); }},
        {"--set", [&](const auto&, const auto& v) { options.settings.push_back(v); }},
        {"--starts", [&](const auto& o, const auto& v) { options.starts = number(o, v); }},
        {"--crowd", [&](const auto& o, const auto& v) { options.crowd = number(o, v); }},
        {"--bodies", [&](const auto& o, const auto& v) { options.bodies = number(o, v); }},
        {"--handler", [&](const auto& o, const auto& v) { options.handler = duration(o, v); }},
        {"--stop", [&](const auto& o, const auto& v) { options.stop = duration(o, v); }},
        {"--deadline", [&](const auto& o, const auto& v) { options.deadline = duration(o, v); }},
        {"--seed", [&](const auto& o, const auto& v) { options.seed = static_cast<std::uint64_t>(number(o, v)); }},
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string word = words[i];
        if (word == "--json") {
            options.json = true;
            continue;
        }
        if (!word.starts_with("--")) {
            if (!options.file.empty()) throw Usage("one plugin at a time: " + options.file + " or " + word + "?");
            options.file = word;
            continue;
        }
        std::string value;
        const std::size_t equals = word.find('=');
        const std::string option = word.substr(0, equals);
        const auto take = takes.find(option);
        if (take == takes.end()) {
            std::vector<std::string> known{"--json", "--help"};
            for (const auto& [name, function] : takes) known.push_back(name);
            const std::string near = core::did_you_mean(option, known);
            throw Usage("there is no option " + option + (near.empty() ? "" : "; did you mean " + near + "?"));
        }
        if (equals != std::string::npos) {
            value = word.substr(equals + 1);
        } else {
            if (++i == words.size()) throw Usage(option + " wants a value");
            value = words[i];
        }
        take->second(option, value);
    }
    if (options.file.empty()) throw Usage("name the plugin to judge");
    std::error_code error;
    for (const std::string& file : options.with)
        if (!std::filesystem::is_regular_file(file, error)) throw Usage("--with: there is no file " + file);
    if (!std::filesystem::is_regular_file(options.file, error)) throw Usage("there is no file " + options.file);
    options.file = std::filesystem::absolute(options.file).lexically_normal().string();
    return options;
}

Document list_of(const std::vector<Judgement>& judgements) {
    Document list = Document::list();
    for (const Judgement& one : judgements) list.push(one.to_document());
    return list;
}

std::vector<Judgement> from_list(const Document& list) {
    std::vector<Judgement> all;
    for (const Document& one : list.items()) all.push_back(Judgement::from_document(one));
    return all;
}

/// What the judgement said, or why it could not.
std::vector<Judgement> heard(const char* about, const ChildOutcome& outcome) {
    if (!outcome.trouble.empty())
        return {bad(about, outcome.trouble, "Run it under a debugger with that step, or with the sanitizers of your compiler.")};
    if (const Document* threw = outcome.answer.find("threw"))
        return {bad(about, std::string(threw->text()), "Mend what it names.")};
    return from_list(outcome.answer["judgements"]);
}

std::vector<Judgement> judge(const CheckOptions& options, const std::function<void(const Judgement&)>& tell) {
    std::vector<Judgement> all;
    const auto add = [&](const std::vector<Judgement>& some) {
        bool fine = true;
        for (const Judgement& one : some) {
            all.push_back(one);
            tell(one);
            fine = fine && one.verdict != Judgement::Verdict::bad;
        }
        return fine;
    };
    const std::vector<Judgement> file = judge_file(options);
    add(file);
    if (file.front().verdict == Judgement::Verdict::bad) return all;

    const ChildOutcome planned = run_in_child(options.deadline, [&](const At& at) -> Document {
        at("loading it");
        std::vector<Judgement> judgements;
        const Plan plan = make_plan(options, judgements);
        return {{"judgements", list_of(judgements)}, {"plan", plan.to_document()}};
    });
    if (!add(heard("setup", planned))) {
        const std::vector<Judgement> said = heard("setup", planned);
        const bool runs = std::none_of(said.begin(), said.end(), [](const Judgement& one) {
            return one.verdict == Judgement::Verdict::bad && one.about != "settings" && one.about != "unknown";
        });
        if (!runs) {
            add({left_out("lives", "cannot be tried before that is mended")});
            return all;
        }
    }
    const Plan plan = Plan::from_document(planned.answer["plan"]);
    using Judge = std::vector<Judgement> (*)(const CheckOptions&, const Plan&, const At&);
    const std::vector<std::pair<const char*, Judge>> judges{
        {"lives", judge_lives}, {"crowd", judge_crowd}, {"messages", judge_bodies}};
    for (const auto& [about, tried] : judges) {
        add(heard(about, run_in_child(options.deadline, [&, one = tried](const At& at) -> Document {
                      return {{"judgements", list_of(one(options, plan, at))}};
                  })));
    }
    return all;
}

}  // namespace

int run_check(const std::vector<std::string>& words, std::ostream& out, std::ostream& err) {
    if (std::find(words.begin(), words.end(), "--help") != words.end()) {
        out << kHelp;
        return 0;
    }
    CheckOptions options;
    try {
        options = parse(words);
    } catch (const Usage& usage) {
        err << "cairn-check: " << usage.what() << "\nTry cairn-check --help.\n";
        return 2;
    }
    try {
        const std::vector<Judgement> all = judge(options, [&](const Judgement& one) {
            if (!options.json) out << line_of(one) << std::endl;
        });
        const bool fine = std::none_of(all.begin(), all.end(), [](const Judgement& one) { return one.verdict == Judgement::Verdict::bad; });
        if (options.json)
            out << Document{{"plugin", options.file}, {"ok", fine}, {"judgements", list_of(all)}}.to_json() << std::endl;
        else
            out << (fine ? "Nothing is wrong with it." : "It should not be let into a host like this.") << std::endl;
        return fine ? 0 : 1;
    } catch (const std::exception& error) {
        err << "cairn-check: " << error.what() << "\n";
        return 2;
    }
}

}  // namespace cairn::check
