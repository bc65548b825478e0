#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "core/app/preparation.hpp"
#include "core/app/running_server.hpp"
#include "core/config/configuration.hpp"
#include "core/control/ask_control.hpp"
#include "core/observe/plugin_usage.hpp"

namespace cairn::core {
namespace {

constexpr Duration kPatience{5000};
constexpr const char* kClearScreen = "\033[H\033[2J";

using Took = std::array<std::uint64_t, kTookBuckets>;

/// Figures that only grow, at one moment.
struct Reading {
    std::uint64_t self_ns = 0;
    std::uint64_t calls = 0;
    Took took{};
};

struct Row {
    std::string name;
    double cpu = 0;    ///< percent of one core
    double calls = 0;  ///< per second
    double p99_ms = 0;
    std::int64_t jobs = 0;
    std::int64_t live_bytes = -1;  ///< -1: not counted
    std::int64_t live_allocations = -1;
};

Reading reading(const Document& figures) {
    Reading made;
    made.self_ns = static_cast<std::uint64_t>(figures["self_ns"].integer_or(0));
    made.calls = static_cast<std::uint64_t>(figures["calls"].integer_or(0));
    std::size_t bucket = 0;
    for (const Document& count : figures["took"].items()) {
        if (bucket == kTookBuckets) break;
        made.took[bucket++] = static_cast<std::uint64_t>(count.integer_or(0));
    }
    return made;
}

/// What happened between two readings.
Row between(const std::string& name, const Reading& before, const Reading& now, double seconds) {
    Took took{};
    for (std::size_t i = 0; i < kTookBuckets; ++i) took[i] = now.took[i] - before.took[i];
    Row row;
    row.name = name;
    row.cpu = static_cast<double>(now.self_ns - before.self_ns) / 1e7 / seconds;
    row.calls = static_cast<double>(now.calls - before.calls) / seconds;
    row.p99_ms = static_cast<double>(took_quantile(took, 0.99).count()) / 1e6;
    return row;
}

/// Takes readings one after the other and gives what changed since the last one; the first time since the server began.
class Watch {
public:
    Watch(std::string data_dir, std::string plugin) : data_dir_(std::move(data_dir)), plugin_(std::move(plugin)) {}

    std::vector<Row> look(double seconds) {
        const Document answer = ask_control(data_dir_, {{"request", "usage"}}, kPatience);
        std::vector<Row> rows;
        bool known = plugin_.empty();
        for (const Document& figures : answer.items()) {
            const std::string name(figures["plugin"].text());
            if (plugin_.empty()) {
                Row row = changed(name, figures, seconds);
                row.jobs = figures["jobs"].integer_or(0);
                row.live_bytes = figures["live_bytes"].integer_or(-1);
                row.live_allocations = figures["live_allocations"].integer_or(-1);
                rows.push_back(std::move(row));
            } else if (name == plugin_) {
                known = true;
                for (const Document& handler : figures["handlers"].items())
                    rows.push_back(changed(std::string(handler["handler"].text()), handler, seconds));
            }
        }
        if (!known) {
            std::string names;
            for (const Document& figures : answer.items()) names += " " + std::string(figures["plugin"].text());
            throw Error(Code::not_found, "no plugin " + plugin_ + " has been called; there are:" + names);
        }
        std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.cpu > b.cpu; });
        return rows;
    }

private:
    Row changed(const std::string& name, const Document& figures, double seconds) {
        const Reading now = reading(figures);
        Reading& before = before_[name];
        // A server that was started anew begins at nothing.
        if (now.calls < before.calls) before = {};
        Row row = between(name, before, now, seconds);
        before = now;
        return row;
    }

    const std::string data_dir_;
    const std::string plugin_;
    std::map<std::string, Reading> before_;
};

Document as_document(const std::vector<Row>& rows) {
    Document list = Document::list();
    for (const Row& row : rows) {
        Document one{{"name", row.name}, {"cpu_percent", row.cpu}, {"calls_per_second", row.calls}, {"p99_ms", row.p99_ms},
                     {"jobs", row.jobs}};
        if (row.live_bytes >= 0) one.set("live_bytes", row.live_bytes).set("live_allocations", row.live_allocations);
        list.push(one);
    }
    return list;
}

void print(const std::vector<Row>& rows, bool handlers, std::ostream& out) {
    std::size_t width = 8;
    for (const Row& row : rows) width = std::max(width, row.name.size());
    char line[160];
    const int name_width = static_cast<int>(width);
    std::snprintf(line, sizeof line, "%-*s %7s %11s %9s", name_width, handlers ? "HANDLER" : "PLUGIN", "CPU %", "CALLS/S", "P99 MS");
    out << line;
    if (!handlers) {
        std::snprintf(line, sizeof line, " %6s %10s %12s", "JOBS", "LIVE MiB", "ALLOCATIONS");
        out << line;
    }
    out << "\n";
    for (const Row& row : rows) {
        std::snprintf(line, sizeof line, "%-*s %7.1f %11.1f %9.3f", name_width, row.name.c_str(), row.cpu, row.calls, row.p99_ms);
        out << line;
        if (!handlers) {
            std::snprintf(line, sizeof line, " %6lld", static_cast<long long>(row.jobs));
            out << line;
            if (row.live_bytes >= 0) {
                std::snprintf(line, sizeof line, " %10.2f %12lld", static_cast<double>(row.live_bytes) / 1048576,
                              static_cast<long long>(row.live_allocations));
                out << line;
            }
        }
        out << "\n";
    }
    out.flush();
}

int top(const Arguments& arguments, Terminal& terminal) {
    const std::optional<Duration> every = parse_duration(arguments.value("--every", "2s"));
    if (!every || *every < Duration(100) || *every > Duration(3'600'000))
        throw UsageError("--every " + arguments.value("--every") + " is no time from 100ms to 1h", "For example --every 2s.");
    const std::string times = arguments.value("--times", "0");
    if (times.empty() || times.find_first_not_of("0123456789") != std::string::npos || times.size() > 6)
        throw UsageError("--times " + times + " is no number", "For example --times 3; without it, it goes on until Ctrl+C.");
    const std::string data_dir = data_dir_of(arguments, terminal);
    if (data_dir.empty()) return exit_code::kProblems;
    Watch watch(data_dir, arguments.value("--plugin"));
    const bool json = arguments.has("--json");
    const long rounds = std::stol(times);
    auto last = std::chrono::steady_clock::now();
    watch.look(1);
    for (long round = 0; rounds == 0 || round < rounds; ++round) {
        std::this_thread::sleep_for(*every);
        const auto now = std::chrono::steady_clock::now();
        const std::vector<Row> rows = watch.look(std::chrono::duration<double>(now - last).count());
        last = now;
        if (json) {
            terminal.out << as_document(rows).to_json() << std::endl;
            continue;
        }
        if (terminal.out_colour) terminal.out << kClearScreen;
        else if (round > 0) terminal.out << "\n";
        print(rows, arguments.has("--plugin"), terminal.out);
    }
    return exit_code::kOk;
}

}  // namespace

Command plugins_top_command() {
    return {"plugins top",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--every TIME] [--times N] [--plugin NAME] [--json]",
            "shows what each plugin of the running server costs: CPU, calls, how long handlers take, jobs, memory",
            "Asks the server that runs on the data_dir of FILE, again and again until Ctrl+C.\n\n"
            "  CPU %        of one core, in the plugin's code and in the host's on its behalf\n"
            "  CALLS/S      calls of the host into it\n"
            "  P99 MS       99 of 100 calls on an event loop took no longer; everybody on that loop waits meanwhile\n"
            "  JOBS         background work of it that waits for a thread or runs\n"
            "  LIVE MiB     memory that calls into it asked for and nobody has given back\n\n"
            "  --every TIME   between two looks, 2s\n"
            "  --times N      ends after N looks\n"
            "  --plugin NAME  the handlers of one plugin\n"
            "  --json         one JSON list a look\n\n"
            "Example:\n  cairn plugins top config/metaverse.yaml --every 5s\n",
            configuration_options({{"--every", true, "", false}, {"--times", true, "", false}, {"--plugin", true, "", false},
                                   {"--json", false, "", false}}),
            top};
}

}  // namespace cairn::core
