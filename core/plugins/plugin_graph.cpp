#include "core/plugins/plugin_graph.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "core/config/configuration.hpp"
#include "core/plugins/join_words.hpp"

namespace cairn::core {
namespace {

class Binder {
public:
    Binder(const std::vector<GraphNode>& nodes, const std::map<std::string, std::string>& bindings,
           const std::vector<std::string>& available, ProblemReport& report)
        : nodes_(nodes), bindings_(bindings), available_(available), report_(report) {}

    std::map<std::string, std::size_t> bind(bool complete) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (const ServiceName& service : nodes_[i].provides) offers_[service.text()].push_back(i);
        }
        for (const auto& [service, who] : offers_) choose(service, who);
        if (!complete) return std::move(chosen_);
        check_bindings();
        for (const GraphNode& node : nodes_) {
            for (const GraphNode::Need& need : node.needs) {
                if (need.required && offers_.find(need.service.text()) == offers_.end()) missing(node, need.service);
            }
        }
        return std::move(chosen_);
    }

private:
    static std::string bare(const std::string& service) { return service.substr(0, service.rfind('/')); }

    void choose(const std::string& service, const std::vector<std::size_t>& who) {
        const auto binding = bindings_.find(bare(service));
        if (who.size() == 1) {
            chosen_[service] = who.front();
            return;
        }
        std::vector<std::string> names;
        for (const std::size_t index : who) names.push_back(nodes_[index].plugin);
        if (binding != bindings_.end()) {
            const auto named = std::find(names.begin(), names.end(), binding->second);
            if (named != names.end()) {
                chosen_[service] = who[static_cast<std::size_t>(named - names.begin())];
                return;
            }
        }
        report_.add(nodes_[who.back()].mark, "plugins." + names.back(),
                    "the service " + service + " is provided twice: by " + join(names, " and by "),
                    "Remove one of them, or choose with `services: {" + bare(service) + ": " + names.front() + "}`.");
    }

    void check_bindings() {
        for (const auto& binding : bindings_) {
            const std::string& service = binding.first;
            const std::string& plugin = binding.second;  // clang 14 lets no lambda hold a structured binding
            std::vector<std::string> offered;
            bool known_service = false;
            bool fits = false;
            for (const auto& [name, who] : offers_) {
                offered.push_back(bare(name));
                if (bare(name) != service) continue;
                known_service = true;
                fits = fits ||
                       std::any_of(who.begin(), who.end(), [&](std::size_t i) { return nodes_[i].plugin == plugin; });
            }
            if (fits) continue;
            const std::string path = "services." + service;
            if (!known_service) {
                const std::string near = did_you_mean(service, offered);
                report_.add({}, path, "no plugin of this file provides the service " + service,
                            near.empty() ? "Remove the line, or add the plugin." : "Did you mean '" + near + "'?");
            } else {
                report_.add({}, path, "plugin " + plugin + " does not provide the service " + service,
                            "Name a plugin of this file that does.");
            }
        }
    }

    void missing(const GraphNode& node, const ServiceName& service) {
        for (const auto& [offered, who] : offers_) {
            if (bare(offered) != service.name) continue;
            report_.add(node.mark, "plugins." + node.plugin,
                        "plugin " + node.plugin + " needs the service " + service.text() + ", but plugin " +
                            nodes_[who.front()].plugin + " provides " + offered + ": another major version",
                        "Use versions of the two plugins that were made for the same major of the service.");
            return;
        }
        std::vector<std::string> others;
        for (const std::string& name : available_) {
            if (std::none_of(nodes_.begin(), nodes_.end(),
                             [&](const GraphNode& other) { return other.plugin == name; })) {
                others.push_back(name);
            }
        }
        report_.add(node.mark, "plugins." + node.plugin,
                    "plugin " + node.plugin + " needs the service " + service.text() +
                        ", which no plugin of this file provides",
                    others.empty() ? "Add a plugin that provides it."
                                   : "Add the plugin that provides it below plugins:. Installed and not used here: " +
                                         join(others, ", ") + ".");
    }

    const std::vector<GraphNode>& nodes_;
    const std::map<std::string, std::string>& bindings_;
    const std::vector<std::string>& available_;
    ProblemReport& report_;
    std::map<std::string, std::vector<std::size_t>> offers_;
    std::map<std::string, std::size_t> chosen_;
};

/// Depth first along the needs: each plugin comes after what it needs; met again while unfinished, it is in a cycle.
class Sorter {
public:
    Sorter(const std::vector<GraphNode>& nodes, const std::map<std::string, std::size_t>& providers,
           ProblemReport& report)
        : nodes_(nodes), providers_(providers), report_(report), state_(nodes.size(), State::untouched) {}

    void visit(std::size_t index) {
        if (state_[index] == State::finished) return;
        if (state_[index] == State::open) return cycle(index);
        state_[index] = State::open;
        path_.push_back({index, {}});
        for (const GraphNode::Need& need : nodes_[index].needs) {
            const auto provider = providers_.find(need.service.text());
            if (provider == providers_.end()) continue;
            path_.back().service = need.service.text();
            visit(provider->second);
        }
        path_.pop_back();
        state_[index] = State::finished;
        order.push_back(index);
    }

    std::vector<std::size_t> order;

private:
    enum class State : unsigned char { untouched, open, finished };
    struct Step {
        std::size_t node;
        std::string service;
    };

    void cycle(std::size_t back_to) {
        auto from = std::find_if(path_.begin(), path_.end(), [&](const Step& step) { return step.node == back_to; });
        std::string text;
        for (auto step = from; step != path_.end(); ++step) {
            text += nodes_[step->node].plugin + " needs " + step->service + " of ";
        }
        text += nodes_[back_to].plugin;
        report_.add(nodes_[back_to].mark, "plugins." + nodes_[back_to].plugin,
                    "these plugins need one another in a circle, so none can start first: " + text,
                    "One of them must do with Setup::want later, or offer the service through a third plugin.");
    }

    const std::vector<GraphNode>& nodes_;
    const std::map<std::string, std::size_t>& providers_;
    ProblemReport& report_;
    std::vector<State> state_;
    std::vector<Step> path_;
};

}  // namespace

PluginOrder order_plugins(const std::vector<GraphNode>& nodes, const std::map<std::string, std::string>& bindings,
                          const std::vector<std::string>& available, const std::string& first, bool complete,
                          ProblemReport& report) {
    PluginOrder result;
    result.providers = Binder(nodes, bindings, available, report).bind(complete);
    Sorter sorter(nodes, result.providers, report);
    for (const auto& [service, index] : result.providers) {
        if (service.substr(0, service.rfind('/')) == first) sorter.visit(index);
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) sorter.visit(i);
    result.order = std::move(sorter.order);
    return result;
}

}  // namespace cairn::core
