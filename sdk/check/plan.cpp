#include "sdk/check/plan.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include <cairn/services/identity.hpp>
#include <cairn/services/store.hpp>

#include "core/config/configuration.hpp"
#include "core/plugins/plugin_library.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::check {
namespace {

namespace fs = std::filesystem;
using core::ServiceName;

std::vector<std::string> words(const Document& list) {
    std::vector<std::string> all;
    for (const Document& one : list.items()) all.emplace_back(one.text());
    return all;
}

Document list_of(const std::vector<std::string>& words) {
    Document list = Document::list();
    for (const std::string& word : words) list.push(word);
    return list;
}

/// Settings without a meaning, as dotted paths.
void undescribed(const StructType& type, const std::string& path, std::set<const StructType*>& seen,
                 std::vector<std::string>& found) {
    if (!seen.insert(&type).second) return;
    for (const Field& field : type.fields) {
        const std::string here = path.empty() ? field.name : path + "." + field.name;
        if (field.meaning.find_first_not_of(" \t") == std::string::npos) found.push_back(here);
        const Type* inner = field.type;
        while (inner->element != nullptr) inner = inner->element;
        if (inner->kind == Kind::structure) undescribed(inner->structure(), here, seen, found);
    }
    seen.erase(&type);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

/// One plugin, loaded and asked with these settings; what is wrong with it stands in `report`.
struct Asked {
    Asked(const std::vector<std::string>& folders, const std::string& name, Document settings)
        : set(core::PluginFinder(folders), {}) {
        set.load(std::vector<core::WantedPlugin>{core::WantedPlugin{name, {}, std::move(settings)}}, report);
    }
    bool loaded() const { return !set.plugins().empty(); }
    const core::PluginSetup& setup() const { return *set.plugins().front()->setup; }

    core::ProblemReport report;
    core::PluginSet set;
};

/// `plugins.NAME.…` of the overrides, as a document, so that settings can be judged without a file.
Document settings_of(const std::string& name, const std::vector<std::string>& overrides) {
    core::ConfigInputs inputs;
    inputs.environment = [](const std::string& variable) -> std::optional<std::string> {
        const char* value = std::getenv(variable.c_str());
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    };
    inputs.overrides = overrides;
    core::ProblemReport report;
    const auto read =
        core::Configuration::read_text("cairn-check", "plugins: {" + name + ": {}}", inputs, report);
    return read->root()["plugins"][name];
}

std::vector<std::string> problems_of(const core::ProblemReport& report) {
    std::vector<std::string> all;
    for (const core::Problem& problem : report.problems())
        all.push_back(problem.message + (problem.cure.empty() ? "" : " (" + problem.cure + ")"));
    return all;
}

bool comes_with_the_testkit(const ServiceName& service) {
    for (const ServiceId id : {services::Store::kService, services::Identity::kService, SpaceSource::kService})
        if (service == ServiceName{std::string(id.name), id.major}) return true;
    return false;
}

/// The settings that a plugin cannot be tried without: a port that is free, on this machine only.
std::vector<std::string> careful_settings(const std::string& name, const StructType* type,
                                          const std::vector<std::string>& given) {
    const std::string key = "plugins." + name + ".listen";
    const bool chosen = std::any_of(given.begin(), given.end(), [&](const std::string& one) { return one.starts_with(key + "="); });
    const Field* listen = type != nullptr ? type->find("listen") : nullptr;
    if (listen == nullptr || listen->type->kind != Kind::text || chosen) return {};
    return {key + "=127.0.0.1:0"};
}

class Planner {
public:
    explicit Planner(Plan& plan) : plan_(plan) {}

    /// Adds who offers what `node` needs; what nobody offers goes to `missing`.
    void provide(const core::GraphNode& node, std::vector<std::string>& missing) {
        for (const core::GraphNode::Need& need : node.needs) {
            if (!need.required || provided_.contains(need.service.text())) continue;
            std::set<std::string> waiting;
            for (const ServiceName& service : node.provides) waiting.insert(service.text());
            if (const std::string helper = find(need.service, waiting); !helper.empty()) {
                add(helper, missing);
            } else if (!comes_with_the_testkit(need.service)) {
                missing.push_back(need.service.text());
            }
        }
    }
    void take(const core::GraphNode& node) {
        for (const ServiceName& service : node.provides) provided_.insert(service.text());
    }
    void add(const std::string& helper, std::vector<std::string>& missing) {
        if (helper == plan_.plugin) return;
        if (std::find(plan_.helpers.begin(), plan_.helpers.end(), helper) != plan_.helpers.end()) return;
        const Asked asked(plan_.folders, helper, settings_of(helper, plan_.settings));
        if (!asked.loaded()) return;
        plan_.helpers.push_back(helper);
        for (std::string& one : careful_settings(helper, asked.setup().config_type(), plan_.settings))
            plan_.settings.push_back(std::move(one));
        take(asked.setup().node());
        provide(asked.setup().node(), missing);
    }

private:
    /// Who offers it, is content with its defaults and needs nothing of those who wait for it (`promised`: the services
    /// that they offer), which would be a circle; rather somebody who needs nobody else.
    std::string find(const ServiceName& service, const std::set<std::string>& promised) {
        std::string other;
        for (const std::string& name : core::PluginFinder(plan_.folders).available()) {
            if (name == plan_.plugin) continue;
            try {
                Asked asked(plan_.folders, name, settings_of(name, plan_.settings));
                if (!asked.loaded() || !asked.report.empty()) continue;
                const auto& provides = asked.setup().node().provides;
                if (std::find(provides.begin(), provides.end(), service) == provides.end()) continue;
                core::ProblemReport settings;
                if (const StructType* type = asked.setup().config_type())
                    core::check_and_fill(*type, settings_of(name, plan_.settings), name, asked.setup().config_value(), settings);
                if (!settings.empty()) continue;
                const auto& needs = asked.setup().node().needs;
                if (std::none_of(needs.begin(), needs.end(), [](const auto& need) { return need.required; })) return name;
                if (other.empty() && can_run(asked.setup().node(), promised)) other = name;
            } catch (const std::exception&) {
                continue;  // no plugin of this host: it helps nobody
            }
        }
        return other;
    }

    bool can_run(const core::GraphNode& node, std::set<std::string> promised) {
        for (const ServiceName& service : node.provides) promised.insert(service.text());
        for (const core::GraphNode::Need& need : node.needs) {
            if (!need.required) continue;
            const std::string wanted = need.service.text();
            if (promised.contains(wanted)) return false;
            if (provided_.contains(wanted) || comes_with_the_testkit(need.service)) continue;
            if (find(need.service, promised).empty()) return false;
        }
        return true;
    }

    Plan& plan_;
    std::set<std::string> provided_;
};

}  // namespace

std::string Plan::yaml() const {
    std::string text = "plugins: {" + plugin + ": {}";
    for (const std::string& helper : helpers) text += ", " + helper + ": {}";
    return text + "}";
}

testkit::Options Plan::options(const CheckOptions& given) const {
    testkit::Options made;
    made.plugin_dirs = folders;
    made.sql_dirs = given.sql;
    made.set = settings;
    return made;
}

Document Plan::to_document() const {
    return {{"plugin", plugin}, {"helpers", list_of(helpers)}, {"settings", list_of(settings)}, {"folders", list_of(folders)}};
}

Plan Plan::from_document(const Document& document) {
    return {std::string(document["plugin"].text()), words(document["helpers"]), words(document["settings"]),
            words(document["folders"])};
}

Plan make_plan(const CheckOptions& options, std::vector<Judgement>& judgements) {
    Plan plan;
    plan.plugin = fs::path(options.file).stem().string();
    plan.settings = options.settings;
    const auto folder = [&](const fs::path& path) {
        const std::string text = fs::absolute(path).lexically_normal().string();
        if (std::find(plan.folders.begin(), plan.folders.end(), text) == plan.folders.end()) plan.folders.push_back(text);
    };
    folder(fs::absolute(options.file).parent_path());
    for (const std::string& file : options.with) folder(fs::absolute(file).parent_path());
    for (const std::string& dir : options.dirs) folder(dir);
    for (const std::string& dir : core::plugin_folders({})) {
        if (fs::is_directory(dir)) folder(dir);
    }

    Asked subject(plan.folders, plan.plugin, settings_of(plan.plugin, plan.settings));
    if (!subject.loaded() || !subject.report.empty()) {
        judgements.push_back(bad("setup", joined(problems_of(subject.report)), "Mend what it names; setup only declares."));
        if (!subject.loaded()) return plan;
    } else {
        judgements.push_back(good("setup", "it was made and declared itself"));
    }
    const StructType* type = subject.setup().config_type();
    for (std::string& one : careful_settings(plan.plugin, type, plan.settings)) plan.settings.push_back(std::move(one));

    // ---- settings
    if (type == nullptr) {
        judgements.push_back(good("settings", "it has none"));
    } else {
        std::vector<std::string> nameless;
        std::set<const StructType*> seen;
        undescribed(*type, {}, seen, nameless);
        if (nameless.empty())
            judgements.push_back(good("settings", "all of its settings say what they mean"));
        else
            judgements.push_back(bad("settings", "these settings do not say what they mean: " + joined(nameless),
                                     "Give f(&Config::member, \"name\", \"meaning\") a third argument that an admin understands."));
    }
    const std::string key = "cairn_check_no_such_setting";
    Document wrong = settings_of(plan.plugin, plan.settings);
    wrong.set(key, 1);
    core::ProblemReport unknown;
    if (type != nullptr) core::check_and_fill(*type, wrong, plan.plugin, subject.setup().config_value(), unknown);
    const bool refused =
        type == nullptr || std::any_of(unknown.problems().begin(), unknown.problems().end(), [&](const core::Problem& problem) {
            return (problem.path + problem.message).find(key) != std::string::npos;
        });
    judgements.push_back(refused ? good("unknown", "a setting that it does not know is refused")
                                 : bad("unknown", "a setting that it does not know is taken without a word",
                                       "Describe the settings as members of a struct, not as a Document."));
    core::ProblemReport usual;
    if (type != nullptr) {
        core::check_and_fill(*type, settings_of(plan.plugin, plan.settings), plan.plugin, subject.setup().config_value(), usual);
    }
    if (!usual.empty())
        judgements.push_back(bad("defaults", "it does not start without settings: " + joined(problems_of(usual)),
                                 "Give --set plugins." + plan.plugin + ".KEY=VALUE for what it needs."));

    // ---- services
    Planner planner(plan);
    planner.take(subject.setup().node());
    std::vector<std::string> missing;
    for (const std::string& file : options.with) planner.add(fs::path(file).stem().string(), missing);
    planner.provide(subject.setup().node(), missing);
    if (!missing.empty())
        judgements.push_back(bad("services", "it needs " + joined(missing) + ", and no plugin in " + joined(plan.folders) + " offers that",
                                 "Name the file of one that does: --with FILE.so."));
    else
        judgements.push_back(good("services", plan.helpers.empty() ? "it needs nobody else" : "it runs with " + joined(plan.helpers)));
    return plan;
}

}  // namespace cairn::check
