#include "core/app/host.hpp"

#include <algorithm>

#include <cairn/services/identity.hpp>
#include <cairn/services/store.hpp>

#include "core/durability/migration_files.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

constexpr Duration kSayStillBusy{10000};
constexpr Duration kCloseGrace{5000};

SpaceHost::Options space_options(const ServerConfig& server) {
    SpaceHost::Options options;
    options.max_connections = static_cast<std::size_t>(server.max_connections);
    options.max_online = static_cast<std::size_t>(server.max_online);
    options.sessions_per_player = static_cast<std::size_t>(server.sessions_per_player);
    options.hello_within = server.hello_within;
    options.close_empty_after = server.close_empty_spaces;
    options.any_message = server.messages;
    options.outbox_bytes = server.outbox.value;
    options.outbox_messages = static_cast<std::size_t>(server.outbox_messages);
    options.slow_grace = server.slow_client_grace;
    options.heartbeat = server.heartbeat;
    options.max_message = server.max_message.value;
    options.default_space = server.default_space;
    return options;
}

CommitQueue::Options commit_options(const DurabilityConfig& durability) {
    CommitQueue::Options options;
    options.group = static_cast<std::size_t>(durability.group);
    options.wait = durability.wait;
    options.coalesce = durability.coalesce;
    options.queue_commits = static_cast<std::size_t>(durability.queue);
    options.queue_bytes = durability.queue_bytes.value;
    return options;
}

/// One member of /health that a plugin reports, asked behind the fence.
Health::Report ask(const HealthSource& source) {
    Setup::HealthReport answer;
    const auto outcome = fenced({intern(source.plugin), nullptr, intern("health")}, [&] { answer = source.report(); });
    if (outcome) return {false, {{"error", outcome->error.what()}}};
    return {answer.ok, std::move(answer.details)};
}

}  // namespace

Host::Host(Preparation& preparation, SignalWatch& signals)
    : preparation_(preparation),
      signals_(signals),
      lock_(preparation.host.data_dir),
      health_(host_build().version),
      loops_(static_cast<std::size_t>(preparation.host.server.loops)),
      lanes_({}, metrics_),
      stall_watch_(loops_.event_loops(), metrics_, core_log(), {}),
      commits_(commit_options(preparation.host.durability), lanes_, clock_, metrics_),
      spaces_(space_options(preparation.host.server),
              {&loops_, &lanes_, &commits_, &clock_, &metrics_, nullptr, nullptr},
              preparation.plugins->declarations().behaviours),
      parts_{&metrics_,
             &clock_,
             &loops_,
             &lanes_,
             &commits_,
             &spaces_,
             &spaces_,
             &preparation.plugins->declarations().routes,
             &preparation.plugins->declarations().tables,
             lock_.folder(),
             preparation.plugins->share_dir(),
             [this](std::string_view label, std::string_view text) { announcements_.emplace_back(label, text); }},
      busy_(kSayStillBusy,
            [](const std::string& what, Duration since) {
                core_log().info("still waiting for " + what, {{"seconds", since.count() / 1000}});
            }),
      lifecycle_(*preparation.plugins, parts_,
                 {[this](const std::string& plugin) { open_store(plugin); },
                  [this](const std::string& plugin) { close_store(plugin); },
                  [this](const std::string& what) { busy_.now(what); }, [this] { return signals_.ending(); }}) {
    wire_health();
    HostFacts& facts = *preparation_.facts;
    facts.health = &health_;
    facts.metrics = &metrics_;
    facts.protocol = [this] {
        Document protocol = spaces_.protocol();
        protocol.set("server", preparation_.host.name).set("version", host_build().version);
        return protocol;
    };
}

Host::~Host() = default;

void Host::wire_health() {
    health_.add("persistence", [this]() -> Health::Report {
        const std::string trouble = store_ ? commits_.trouble() : std::string();
        const char* database = !store_ ? "none" : trouble.empty() ? "ok" : "unavailable";
        Document details{{"database", database}, {"cache", "none"}};
        // The reason names paths, and /health is public.
        if (!trouble.empty()) details.set("trouble", "see the log");
        return {trouble.empty(), std::move(details)};
    });
    health_.add("batchProcessor", [this]() -> Health::Report { return {true, commits_.statistics()}; });
    const std::vector<HealthSource>& sources = preparation_.plugins->declarations().health;
    health_.add("worldState", [this, &sources]() -> Health::Report {
        Document details = spaces_.figures();
        // What the world holds is known to whoever holds it.
        for (const char* figure : {"objects", "models"}) {
            std::int64_t sum = 0;
            for (const HealthSource& source : sources) sum += ask(source).details[figure].integer_or(0);
            details.set(figure, sum);
        }
        return {true, std::move(details)};
    });
    for (const HealthSource& source : sources) {
        health_.add(source.name, [&source] { return ask(source); });
    }
}

void Host::open_store(const std::string& plugin) {
    PluginSet& set = *preparation_.plugins;
    if (set.declarations().services.provider(services::Store::kService) != plugin) return;
    auto* store = set.declarations().services.find<services::Store>();
    std::vector<std::string> names;
    for (const auto& loaded : set.plugins()) names.push_back(loaded->name);
    std::vector<const TableSpec*> tables;
    for (const auto& table : set.declarations().tables) tables.push_back(table.get());

    const auto call = [&](const char* what, const auto& job) {
        busy_.now("the store of plugin " + plugin + " to " + what);
        if (const auto outcome = fenced({intern(plugin), nullptr, intern(std::string("store: ") + what)}, job)) {
            throw StartFailed("the store of plugin " + plugin + " could not " + what + ": " + outcome->what,
                              "Mend what it names; nothing was changed by this start.");
        }
    };
    call("open", [&] { store->open(); });
    store_ = store;
    int applied = 0;
    call("migrate", [&] { applied = store->migrate(find_migrations(set.share_dir(), names, store->engine())); });
    if (applied > 0) core_log().info("migrations applied", {{"count", applied}, {"engine", store->engine()}});
    call("prepare its tables", [&] { store->bind(tables, {}); });
    call("take commits", [&] { commits_.start(*store); });
}

void Host::close_store(const std::string& plugin) {
    if (!store_ || preparation_.plugins->declarations().services.provider(services::Store::kService) != plugin) return;
    commits_.stop();
    store_->close();
    store_ = nullptr;
}

void Host::start() {
    loops_.start();
    lifecycle_.start();
    const ServiceRegistry& services = preparation_.plugins->declarations().services;
    spaces_.set_services(services.find<services::Identity>(), services.find<SpaceSource>());
    try {
        spaces_.open_initial([](const std::string& still) { core_log().info("still waiting for " + still); });
    } catch (const std::exception& error) {
        throw StartFailed(std::string("the spaces could not be opened: ") + error.what(), "");
    }
    // Before the ports open, so that nobody who gets in is sent away.
    spaces_.serve();
    lifecycle_.ready();
    if (signals_.ending()) throw StartFailed("the start was ended by a signal", "");
    preparation_.facts->serving = true;
    const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
    core_log().info("up", {{"name", preparation_.host.name}, {"ms", took.count()}});
}

void Host::print_welcome(std::ostream& out) const {
    std::size_t width = 4;
    for (const auto& [label, text] : announcements_) width = std::max(width, label.size());
    const auto line = [&](const std::string& label, const std::string& text) {
        out << "  " << label << std::string(width - label.size() + 2, ' ') << text << "\n";
    };
    out << "\nCairn \"" << preparation_.host.name << "\" is up.\n";
    for (const auto& [label, text] : announcements_) line(label, text);
    line("data", lock_.folder());
    line("stop", "Ctrl+C (twice: at once)");
    out << std::endl;
}

void Host::drain() {
    preparation_.facts->serving = false;
    const ShutdownConfig& shutdown = preparation_.host.server.shutdown;
    core_log().info("draining", {{"players", spaces_.players()}, {"at_most", print_duration(shutdown.drain)}});
    lifecycle_.drain();
    spaces_.drain(shutdown.notice);
    signals_.wait_hurry(shutdown.drain, [this] { return spaces_.sessions_open() == 0; });
}

void Host::stop() {
    preparation_.facts->serving = false;
    spaces_.close_all(signals_.hurried() ? Duration(0) : kCloseGrace);
    lifecycle_.stop();
    lanes_.stop(signals_.hurried() ? Duration(0) : kCloseGrace);
    stall_watch_.stop();
    loops_.stop();
    for (const std::string& leak : lifecycle_.leaks()) core_log().warning(leak);
    core_log().info("down");
    LogSink::instance().flush();
}

const std::vector<std::string>& Host::leaks() const {
    return lifecycle_.leaks();
}

}  // namespace cairn::core
