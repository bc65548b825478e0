#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/plugin.hpp>

#include <cairn/testkit/export.hpp>
#include <cairn/testkit/failure.hpp>
#include <cairn/testkit/player.hpp>
#include <cairn/testkit/store.hpp>

namespace cairn::testkit {

/// What a test may choose; the defaults are right for most.
struct Options {
    /// Folders to look for plugins in, before those of the environment variable CAIRN_PLUGIN_PATH (separated by ':') and
    /// those that the testkit was built or installed with.
    std::vector<std::string> plugin_dirs;
    /// Folder with sql/; empty: that of the build or the installation.
    std::string share_dir;
    /// Folders that hold `<plugin>/<engine>/NNNN_what.sql`, beside those of share_dir: a plugin's own sql/.
    std::vector<std::string> sql_dirs;
    /// Settings over those of the YAML, as `cairn run --set` takes them: "plugins.chat.history=10".
    std::vector<std::string> set;
    /// Runs what could happen in several orders in one that this number chooses, instead of always the same.
    std::optional<std::uint64_t> seed;
    /// What the built-in source of spaces says about spaces of these names, when no plugin provides one; every other
    /// name opens with the defaults.
    std::vector<SpaceSettings> spaces;
    /// A handler that sleeps or waits for at least this long fails the test; 0: never looked at.
    Duration blocks{20};
};

/// How somebody comes in.
struct JoinOptions {
    std::vector<std::string> roles;  ///< with the built-in identity only: "admin", "moderator"
    std::string token;               ///< an access token, for identity plugins that take one
    std::string remote = "127.0.0.1";
    std::string user_agent = "cairn-testkit";
};

struct LogLine {
    LogLevel level = LogLevel::info;
    std::string origin;  ///< the plugin, or "core"
    std::string message;
    Document details;
};

/// Code of a plugin that threw something that is not a cairn::Error, or threw where nobody can be refused.
struct Fault {
    std::string plugin;
    std::string space;    ///< empty: outside of spaces
    std::string handler;  ///< "chat.send", "on_tick", "timer", "start"
    std::string what;
};

/// How long the calls of one handler took: processor time, and the time it slept or waited.
struct Timing {
    std::string plugin;
    std::string handler;
    std::uint64_t calls = 0;
    double longest_ms = 0;
};

/// The host of Cairn with other edges: no sockets, no threads, a clock that the test turns, strands in an order that a
/// seed chooses, players that are made here, a store in memory that fails on demand. Between the edges is the real code:
/// plugins are loaded, checked and led through their lives, spaces opened, messages decoded, commits journaled.
///
///     cairn::testkit::Host host(R"(plugins: {wave: {}})");
///     auto anna = host.join("main", "Anna"), ben = host.join("main", "Ben");
///     anna.say("wave.hand", {{"to", ben.id()}});
///     EXPECT_EQ(ben.received("wave.waved")["by"], anna.id());
///
/// Without a plugin that says otherwise every name is a space, everybody is who he says he is, and tables are in memory.
/// Each SDK call is checked against the tag in its documentation: one that comes from where it is not allowed fails the
/// test with a sentence that names it. All calls from one thread; one Host at a time.
class CAIRN_TESTKIT_API Host {
public:
    /// Nothing runs yet: add() what the test brings, then start() it; the first call that needs it does so too.
    Host();
    explicit Host(Options options);
    /// Starts with this YAML: `plugins:` and whatever else a configuration file has; `cairn: 1` may be left out. Throws
    /// Failure with every problem of it.
    explicit Host(std::string_view yaml, Options options = {});
    /// Stops. Reports (report_failures_by) faults, leaks and forbidden calls that came up and that the test has not looked
    /// at, unless the test is failing already.
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // ---- before it starts

    /// A plugin by its class instead of its file, under `name`; its settings stand in the YAML, if any.
    template <class P>
    Host& add(std::string name) {
        return add(std::move(name), [] { return std::unique_ptr<Plugin>(std::make_unique<P>()); });
    }
    Host& add(std::string name, std::function<std::unique_ptr<Plugin>()> make);
    /// What the test itself declares, as a plugin named "test" would: behaviours, services in the place of others,
    /// routes.
    Host& setup(std::function<void(Setup& setup)> declare);
    /// Offers a service that plugins ask for.
    template <ServiceInterface S>
    Host& provide(S& service) {
        return setup([&service](Setup& s) { s.provide<S>(service); });
    }
    /// A behaviour of the test itself in every space: `build` registers handlers.
    Host& behaviour(std::function<void(Space& space)> build);
    void start(std::string_view yaml = {});

    // ---- its life

    /// Everybody out, plugins stopped in order, the rest of the queue written; also in the destructor.
    void stop();
    /// Stops and starts again with the same plugins over the same store and the same data folder. Players are gone;
    /// those who were in may resume().
    void restart();
    bool running() const noexcept;

    // ---- players

    /// Somebody new, in this space. Throws Failure when he is not let in.
    Player join(std::string_view space, std::string_view name, const JoinOptions& options = {});
    /// As join(), with the refusal as the answer.
    Result<Player> try_join(std::string_view space, std::string_view name, const JoinOptions& options = {});
    /// Somebody who is connected and admitted, in no space.
    Player connect(std::string_view name, const JoinOptions& options = {});

    // ---- time and order

    /// Does everything that is due now: messages, posted jobs, background work, the store.
    void run();
    /// Lets time pass: timers, ticks, scheduled jobs (Runtime::schedule) and what follows from them.
    void advance(Duration time);
    /// As Options::seed, from now on.
    void shuffle(std::uint64_t seed);
    const Clock& clock() const noexcept;
    /// Sets the wall clock, as a time server does: what is told in it jumps, timers do not care.
    void set_wall(WallTime wall) noexcept;

    // ---- looking inside

    /// Runs `look` on the strand of an open space, where its [space] calls are allowed. Throws Failure when it is not
    /// open.
    void inside(std::string_view space, const std::function<void(Space& space)>& look);
    /// The object of a plugin that add<P>() brought.
    template <class P>
    P& plugin(std::string_view name) {
        return static_cast<P&>(plugin_object(name));
    }
    /// The service as plugins get it. Throws Failure when nobody offers it.
    template <ServiceInterface S>
    S& service() {
        return *static_cast<S*>(service_object(S::kService));
    }
    Store& store();
    /// Answers as the gateway would route it, in the general lane. Names of headers in lower case.
    HttpResponse http(std::string_view method, std::string_view target, std::string body = {},
                      std::vector<std::pair<std::string, std::string>> headers = {});
    /// What GET /api/protocol describes.
    Document protocol();

    /// The value of a counter or gauge, of a histogram the sum of what was observed; 0 when it does not exist.
    double metric(std::string_view name, const Labels& labels = {}) const;
    /// Every line since the start, core's included.
    const std::vector<LogLine>& log() const;
    /// The lines whose message contains `text`.
    std::vector<LogLine> logged(std::string_view text) const;
    std::size_t players() const;
    std::size_t spaces() const;
    const std::string& data_dir() const;
    std::vector<Timing> timings() const;

    // What the test has looked at does not fail it any more.

    /// Exceptions of plugins that the fence has caught.
    std::vector<Fault> faults();
    /// SDK calls from where they are not allowed, one sentence each.
    std::vector<std::string> violations();
    /// What plugins left behind at stop: threads, descriptors, timers, watches, tasks; one sentence each. Stops the host.
    std::vector<std::string> leaks();

    /// Where the calling thread is inside of a plugin, for somebody whose test hangs: the plugin and its handler, empty
    /// outside of plugins. May be called in a signal handler.
    static std::pair<std::string_view, std::string_view> here() noexcept;

    struct __attribute__((visibility("hidden"))) Impl;

private:
    Plugin& plugin_object(std::string_view name);
    void* service_object(ServiceId id);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::testkit
