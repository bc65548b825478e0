#include "core/app/torture.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <random>
#include <sstream>

#include <cairn/failpoint.hpp>

#include "core/app/offline_store.hpp"
#include "core/app/torture_child.hpp"
#include "core/torture/checker.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;
using Clock = TortureChild::Clock;

constexpr const char* kFailpoints[] = {"journal.before_write", "journal.after_write", "journal.after_sync",
                                       "engine.before_answer", "store.before_commit", "store.after_commit",
                                       "store.checkpoint"};
constexpr double kStartWithin = 5;  // seconds; reliability.md 7, row 1
constexpr auto kDumpWithin = std::chrono::seconds(120);
constexpr auto kPointWithin = std::chrono::seconds(8);
constexpr auto kHang = std::chrono::seconds(10);  // reliability.md 7, row 7
constexpr auto kWrappedLoad = std::chrono::seconds(1);
constexpr auto kSayEvery = std::chrono::seconds(10);  // where nobody looks, into a log

std::atomic<bool> interrupted{false};

struct Plan {
    std::vector<std::string> words;  ///< of the worker
    std::string scratch;
    std::string store;   ///< its engine
    std::string ack;
    std::string apply_every;
    int kills = 20;
    int each_point = 0;  ///< how often each failpoint
    std::vector<std::string> points;
    std::vector<std::string> wrap;  ///< runs the worker in `wrapped` rounds; {n} is the number of the round
    int wrapped = 0;
    std::uint64_t seed = 1;
};

struct Result {
    int kills = 0;
    int early = 0;  ///< kills while it was still starting
    std::map<std::string, int> points;
    int wrapped = 0;        ///< rounds under another program
    int wrapped_ended = 0;  ///< of those: the worker ended by itself
    double loaded_seconds = 0;
    double slowest_start = 0;
    std::vector<std::string> faults;
};

std::uint64_t number_argument(const Arguments& arguments, const std::string& name, std::uint64_t otherwise) {
    const std::string text = arguments.value(name, std::to_string(otherwise));
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9) {
        throw UsageError(name + " " + text + " is not a whole number", "For example " + name + " 200.");
    }
    return std::stoull(text);
}

/// One run after another, each from the start of a worker to its death.
class Torture {
public:
    Torture(Plan plan, Terminal& terminal) : plan_(std::move(plan)), terminal_(terminal), random_(plan_.seed) {}

    Result run() {
        while (result_.kills < plan_.kills && going_on()) {
            const bool early = random_() % 8 == 0 && result_.kills > 0;
            if (early) die_early();
            else round({});
            progress();
        }
        for (const std::string& point : plan_.points) {
            for (int i = 0; i < plan_.each_point && going_on(); ++i) {
                round(point);
                progress();
            }
        }
        for (int n = 1; n <= plan_.wrapped && going_on(); ++n) {
            wrapped_round(n);
            progress();
        }
        if (going_on()) last_look();
        return std::move(result_);
    }
    const torture::Checker& checker() const noexcept { return checker_; }

private:
    bool going_on() const { return !interrupted && result_.faults.empty(); }

    std::vector<std::string> words(bool only_dump) {
        std::vector<std::string> all = plan_.words;
        if (only_dump) {
            all.emplace_back("--only-dump");
        } else {
            all.insert(all.end(), {"--first", std::to_string(next_), "--seed", std::to_string(random_() % 1000000)});
        }
        return all;
    }

    /// One line of a worker. What it says of its database is judged as soon as that is complete, whatever becomes of it then.
    bool take(std::string_view line) {
        if (line == "ready") {
            dump_ = torture::Dump();
            return true;
        }
        if (line == "dumped") {
            for (std::string& fault : checker_.judge(dump_)) result_.faults.push_back(std::move(fault));
            return true;
        }
        if (dump_.take(line)) return true;
        const std::size_t space = line.find(' ');
        const std::string_view what = line.substr(0, space);
        const std::string rest(space == std::string_view::npos ? std::string_view() : line.substr(space + 1));
        if (what == "sent") {
            if (const auto operation = torture::Operation::parse(rest)) {
                checker_.sent(*operation);
                next_ = std::max(next_, operation->number + 1);
            }
        } else if (what == "done" || what == "refused" || what == "no-room") {
            checker_.answered(std::strtoull(rest.c_str(), nullptr, 10), what == "done", what != "no-room");
        } else if (what == "again") {
            checker_.note_not_recognised(std::strtoull(rest.c_str(), nullptr, 10));
        } else if (what == "went" || what == "held") {
            char* end = nullptr;
            const int lane = static_cast<int>(std::strtol(rest.c_str(), &end, 10));
            const std::uint64_t value = std::strtoull(end, nullptr, 10);
            if (what == "went") {
                checker_.place_sent(lane, value);
                next_ = std::max(next_, value + 1);
            } else {
                checker_.place_answered(lane, value);
            }
        }
        return true;
    }

    /// Waits until the worker has started and said what its database holds, and judges that. False: it never came.
    bool look(TortureChild& child, Clock::time_point begun) {
        const auto until = [this](const char* last) {
            return [this, last](std::string_view line) { return take(line) && line != last; };
        };
        const bool ready = child.read(begun + kDumpWithin, until("ready"));
        const double start = std::chrono::duration<double>(Clock::now() - begun).count();
        if (!ready || !child.read(begun + kDumpWithin, until("dumped"))) return false;
        result_.slowest_start = std::max(result_.slowest_start, start);
        if (start > kStartWithin) {
            result_.faults.push_back("the start took " + std::to_string(start) + " s, 5 s are allowed");
        }
        return true;
    }

    void round(const std::string& point) {
        std::string armed;
        if (!point.empty()) {
            const bool rare = point == "store.checkpoint";
            armed = "CAIRN_FAILPOINTS=" + point + ":kill@" + std::to_string(1 + random_() % (rare ? 2 : 40));
        }
        const auto begun = Clock::now();
        TortureChild child(words(false), {}, armed, plan_.scratch + "/worker.log");
        const auto line = [this](std::string_view text) { return take(text); };
        if (!look(child, begun)) {
            // A point may be met while the journal is replayed, before anything was said.
            if (!point.empty() && child.ended()) {
                ++result_.points[point];
                return;
            }
            result_.faults.push_back("the worker did not start again; it says why in " + plan_.scratch + "/worker.log");
            return;
        }
        const auto loaded = Clock::now();
        if (point.empty()) {
            child.read(loaded + std::chrono::milliseconds(50 + random_() % 1950), line);
            if (child.ended()) {
                result_.faults.push_back("the worker ended by itself; it says why in " + plan_.scratch + "/worker.log");
                return;
            }
            ++result_.kills;
        } else {
            child.read(loaded + kPointWithin, line);
            if (child.ended()) ++result_.points[point];
            else result_.points[point] += 0;
        }
        child.kill(line);
        result_.loaded_seconds += std::chrono::duration<double>(Clock::now() - loaded).count();
    }

    /// Under a program that makes calls fail or turns the clock, the worker may go on or end, but neither hang nor tell an
    /// untruth: the start without that program shows.
    void wrapped_round(int n) {
        std::vector<std::string> wrap = plan_.wrap;
        for (std::string& word : wrap) {
            const std::size_t at = word.find("{n}");
            if (at != std::string::npos) word.replace(at, 3, std::to_string(n));
        }
        {
            TortureChild child(words(false), wrap, {}, plan_.scratch + "/worker.log");
            const auto line = [this](std::string_view text) { return take(text); };
            const bool ready = child.read(Clock::now() + kHang, [this](std::string_view text) {
                return take(text) && text != "dumped";
            });
            if (ready) child.read(Clock::now() + kWrappedLoad, line);
            else if (!child.ended()) {
                result_.faults.push_back("round " + std::to_string(n) + " under " + wrap.front() +
                                         ": the worker neither started nor ended within 10 s");
            }
            ++result_.wrapped;
            if (child.ended()) ++result_.wrapped_ended;
            child.kill(line);
        }
        last_look();
    }

    void die_early() {
        TortureChild child(words(false), {}, {}, plan_.scratch + "/worker.log");
        const auto line = [this](std::string_view text) { return take(text); };
        child.read(Clock::now() + std::chrono::milliseconds(5 + random_() % 150), line);
        child.kill(line);
        ++result_.kills;
        ++result_.early;
    }

    void last_look() {
        const auto begun = Clock::now();
        TortureChild child(words(true), {}, {}, plan_.scratch + "/worker.log");
        if (!look(child, begun)) result_.faults.push_back("the last start did not come to its end");
        child.read(Clock::now() + kDumpWithin, [](std::string_view) { return true; });
    }

    void progress() {
        const auto now = Clock::now();
        if (!terminal_.err_colour && now < say_again_) return;
        say_again_ = now + kSayEvery;
        terminal_.err << (terminal_.err_colour ? "\r  " : "  ") << rounds() << " of " << rounds_planned() << " rounds, "
                      << checker_.acknowledged() << " operations acknowledged, " << checker_.lost() << " lost, "
                      << checker_.doubled() << " twice" << (terminal_.err_colour ? " \x1b[K" : "\n") << std::flush;
    }
    int rounds() const {
        int all = result_.kills + result_.wrapped;
        for (const auto& [point, times] : result_.points) all += times;
        return all;
    }
    int rounds_planned() const {
        return plan_.kills + plan_.each_point * static_cast<int>(plan_.points.size()) + plan_.wrapped;
    }

    Plan plan_;
    Terminal& terminal_;
    std::mt19937_64 random_;
    torture::Checker checker_;
    torture::Dump dump_;
    Result result_;
    std::uint64_t next_ = 1;
    Clock::time_point say_again_ = Clock::now() + kSayEvery;
};

/// A folder that goes away again, unless somebody is to look at it.
struct ScratchFolder {
    explicit ScratchFolder(const fs::path& parent) {
        fs::create_directories(parent);
        path = (parent / "torture-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent.string());
    }
    ~ScratchFolder() {
        std::error_code ignored;
        if (!keep) fs::remove_all(path, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    std::string path;
    bool keep = false;
};

std::string disk_of(const std::string& folder) {
    struct statfs system {};
    if (::statfs(folder.c_str(), &system) != 0) return "unknown";
    switch (static_cast<std::uint64_t>(system.f_type) & 0xFFFFFFFFu) {
        case 0xEF53: return "ext4";
        case 0x58465342: return "xfs";
        case 0x9123683E: return "btrfs";
        case 0x2FC12FC1: return "zfs";
        case 0x01021994: return "tmpfs (memory: nothing on it survives a restart of the machine)";
        case 0x794C7630: return "overlayfs";
        default: return "another file system";
    }
}

void say(const Plan& plan, const Result& result, const torture::Checker& checker, std::ostream& out) {
    const double rate = result.loaded_seconds > 0 ? static_cast<double>(checker.acknowledged()) / result.loaded_seconds : 0;
    out << (result.faults.empty() ? "PASSED" : "FAILED") << ": " << result.kills << " kills, " << checker.acknowledged()
        << " operations acknowledged (" << static_cast<std::uint64_t>(rate) << " a second), " << checker.lost() << " lost, "
        << checker.doubled() << " twice or undone.\n";
    out << "  tried     " << plan.store << ", ack: " << plan.ack << ", apply_every: " << plan.apply_every << ", on "
        << disk_of(plan.scratch) << "\n";
    if (result.early > 0) out << "            " << result.early << " of the kills fell into the start\n";
    for (const auto& [point, times] : result.points) {
        out << "            killed " << times << " times at " << point << (times == 0 ? " (never reached)" : "") << "\n";
    }
    if (result.wrapped > 0) {
        out << "            " << result.wrapped << " rounds under " << plan.wrap.front() << "; in " << result.wrapped_ended
            << " of them the worker gave up and ended\n";
    }
    out << "  starts    the slowest took " << std::fixed << std::setprecision(2) << result.slowest_start << " s\n";
    out << "  unknown   " << checker.unknown_found()
        << " operations were there although the kill came before their answer, which is right\n";
    for (std::size_t i = 0; i < result.faults.size() && i < 20; ++i) out << "  FAULT     " << result.faults[i] << "\n";
    if (result.faults.size() > 20) out << "  and " << result.faults.size() - 20 << " more\n";
    out << "  A kill ends the process, not the machine: this shows that nothing is answered before it was handed to the disk,\n"
           "  not that the disk keeps its word when the power goes.\n";
    if (plan.points.empty() && !failpoints_built()) {
        out << "  This program was built without failpoints, so the moments of the kills were left to chance.\n";
    }
}

Document to_document(const Plan& plan, const Result& result, const torture::Checker& checker) {
    Document points = Document::map();
    for (const auto& [point, times] : result.points) points.set(point, times);
    Document faults = Document::list();
    for (const std::string& fault : result.faults) faults.push(fault);
    return {{"ok", result.faults.empty()},
            {"store", plan.store},
            {"ack", plan.ack},
            {"apply_every", plan.apply_every},
            {"kills", result.kills},
            {"failpoints", points},
            {"wrapped", result.wrapped},
            {"wrapped_ended", result.wrapped_ended},
            {"acknowledged", static_cast<std::int64_t>(checker.acknowledged())},
            {"per_second", result.loaded_seconds > 0
                               ? static_cast<double>(checker.acknowledged()) / result.loaded_seconds
                               : 0.0},
            {"lost", static_cast<std::int64_t>(checker.lost())},
            {"twice", static_cast<std::int64_t>(checker.doubled())},
            {"slowest_start_seconds", result.slowest_start},
            {"seed", static_cast<std::int64_t>(plan.seed)},
            {"faults", faults}};
}

void choose_points(const Arguments& arguments, Plan& plan) {
    const std::string asked = arguments.value("--failpoints");
    if (asked.empty()) return;
    if (!failpoints_built()) {
        throw UsageError("--failpoints needs a program that was built with them",
                         "Build the preset dev; what admins run has none.");
    }
    plan.each_point = static_cast<int>(number_argument(arguments, "--each", 20));
    if (asked == "all") {
        plan.points.assign(std::begin(kFailpoints), std::end(kFailpoints));
        return;
    }
    std::istringstream names(asked);
    for (std::string name; std::getline(names, name, ',');) plan.points.push_back(name);
}

Plan read_plan(const Arguments& arguments) {
    Plan plan;
    plan.kills = static_cast<int>(number_argument(arguments, "--kills", 20));
    plan.seed = number_argument(arguments, "--seed", static_cast<std::uint64_t>(std::random_device()() % 1000000));
    choose_points(arguments, plan);
    std::istringstream wrap(arguments.value("--wrap"));
    for (std::string word; wrap >> word;) plan.wrap.push_back(word);
    if (!plan.wrap.empty()) plan.wrapped = static_cast<int>(number_argument(arguments, "--wrapped", 10));
    return plan;
}

/// What is set for the server that is killed.
std::vector<std::string> settings_of(const Arguments& arguments) {
    std::vector<std::string> sets = arguments.values("--set");
    if (arguments.has("--ack")) sets.push_back("durability.ack=" + arguments.value("--ack"));
    if (arguments.has("--apply-every")) {
        sets.push_back("durability.apply_every=" + arguments.value("--apply-every"));
        sets.emplace_back("durability.apply_rows=0");
    }
    return sets;
}

int torture_run(const Arguments& arguments, Terminal& terminal) {
    Plan plan = read_plan(arguments);
    const std::uint64_t rate = number_argument(arguments, "--rate", 4000);
    const bool own_file = !arguments.words().empty() || arguments.has("--config");
    ConfigInputs inputs;
    std::string where = ".";
    if (own_file) {
        inputs = configuration_inputs(arguments);
        inputs.overrides = settings_of(arguments);
        const auto asked = prepare(inputs);
        if (!asked->ok()) {
            print_problems(*asked, terminal.err, terminal.err_colour);
            return exit_code::kProblems;
        }
        where = asked->host.data_dir;
    }
    ScratchFolder scratch(fs::absolute(arguments.value("--in", where)).lexically_normal());
    plan.scratch = scratch.path;
    if (!own_file) {
        inputs.files = {plan.scratch + "/torture.yaml"};
        std::ofstream(inputs.files[0]) << "cairn: 1\nname: torture\nplugins:\n  storage_sqlite:\n";
        inputs.overrides = settings_of(arguments);
        inputs.environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        };
    }
    inputs.overrides.push_back("data_dir=" + plan.scratch);
    plan.words = {"torture-worker", inputs.files.front()};
    for (std::size_t i = 1; i < inputs.files.size(); ++i) {
        plan.words.insert(plan.words.end(), {"-c", inputs.files[i]});
    }
    for (const std::string& set : inputs.overrides) plan.words.insert(plan.words.end(), {"--set", set});
    const auto preparation = prepare(inputs);
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    plan.ack = preparation->host.durability.ack;
    plan.apply_every = print_duration(preparation->host.durability.apply_every);
    std::string place;
    {
        OfflineStore offline(*preparation);
        plan.store = offline.store().engine();
        place = offline.store().place_beside("torture");
    }
    plan.words.insert(plan.words.end(), {"--place", place, "--rate", std::to_string(rate)});

    std::signal(SIGINT, [](int) { interrupted = true; });
    Torture torture(plan, terminal);
    const Result result = torture.run();
    std::signal(SIGINT, SIG_DFL);
    if (terminal.err_colour) terminal.err << "\r\x1b[K";

    if (arguments.has("--json")) terminal.out << to_document(plan, result, torture.checker()).to_json() << "\n";
    else say(plan, result, torture.checker(), terminal.out);
    if (interrupted) terminal.err << "It was interrupted: this is no verdict.\n";
    scratch.keep = arguments.has("--keep") || !result.faults.empty();
    if (scratch.keep) {
        terminal.err << "Kept for a closer look: " << plan.scratch << ", database " << place << "\n";
    } else {
        const auto again = prepare(inputs);
        OfflineStore offline(*again);
        offline.store().elsewhere(place)->remove();
    }
    return result.faults.empty() && !interrupted ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command torture_command() {
    return {"torture",
            "[FILE] [-c FILE]… [--set KEY=VALUE]… [--kills N] [--rate N] [--ack journal|store] [--apply-every TIME] "
            "[--failpoints all|NAME,…] [--each N] [--wrap COMMAND] [--wrapped N] [--in FOLDER] [--seed N] [--keep] [--json]",
            "kills the engine over and over on this machine and checks that nothing acknowledged was lost",
            "Starts the engine with the store and the durability settings of FILE (without FILE: SQLite as it comes) on a "
            "database of\n"
            "its own beside the real one, lets many players buy, sell, talk and move, kills it at a random moment, starts "
            "it again and\n"
            "compares every row with what had been acknowledged. The real data is neither read nor written.\n\n"
            "  --kills N             how often (default 20)\n"
            "  --rate N              operations a second at most (default 4000)\n"
            "  --ack, --apply-every  instead of those of the file\n"
            "  --failpoints …        also kills at these points of the code, each --each times (default 20); test builds\n"
            "  --wrap COMMAND        besides, --wrapped rounds (default 10) run under this program, {n} in it being the number "
            "of the round\n"
            "  --in FOLDER           where the scratch folder is made (default: data_dir, so that it is the same disk)\n"
            "  --seed N              repeats the choices of a run\n"
            "  --keep                leaves the scratch folder and database there\n"
            "  --json                the verdict as one JSON object\n\n"
            "Exit code 0: passed, 1: failed.\n\n"
            "Examples:\n"
            "  cairn torture config/metaverse.yaml\n"
            "  cairn torture config/metaverse.yaml --kills 200 --ack journal --apply-every 120s\n"
            "  cairn torture --kills 0 --wrap 'strace -f -qq -o /dev/null -e inject=fdatasync:error=EIO:when={n}' --wrapped 30\n",
            configuration_options({{"--kills", true, "", false},
                                   {"--rate", true, "", false},
                                   {"--ack", true, "", false},
                                   {"--apply-every", true, "", false},
                                   {"--failpoints", true, "", false},
                                   {"--each", true, "", false},
                                   {"--wrap", true, "", false},
                                   {"--wrapped", true, "", false},
                                   {"--in", true, "", false},
                                   {"--seed", true, "", false},
                                   {"--keep", false, "", false},
                                   {"--json", false, "", false}}),
            torture_run};
}

}  // namespace cairn::core
