#include "core/app/host.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <cairn/services/identity.hpp>
#include <cairn/services/store.hpp>

#include "core/app/control_requests.hpp"
#include "core/app/engine_opening.hpp"
#include "core/app/offline_store.hpp"
#include "core/durability/migration_files.hpp"
#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

constexpr Duration kSayStillBusy{10000};
constexpr Duration kCloseGrace{5000};
constexpr Duration kFailedGrace{1000};          // when changes are not kept any more, nobody should go on playing
constexpr std::chrono::seconds kFailedEnd{20};  // the whole of an ordered end of a process that failed

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
      commits_(engine_options(preparation.host.durability, lock_.folder(),
                              [this](const std::string& why) { end_failed(why); }),
               lanes_, clock_, metrics_),
      backups_(preparation, {&clock_, &lanes_, &metrics_, &health_, &commits_, lock_.folder()}),
      spaces_(space_options(preparation.host.server),
              {&loops_, &lanes_, &commits_, &clock_, &metrics_, nullptr, nullptr},
              preparation.plugins->declarations().behaviours),
      parts_{
          &metrics_,
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
          [this](std::string_view label, std::string_view text) { announcements_.emplace_back(label, text); },
          [this](const std::string& plugin, std::string cron, std::string what, std::function<void(const Task&)> work) {
              backups_.schedule(plugin, std::move(cron), std::move(what), std::move(work));
          }},
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

Host::~Host() {
    {
        const std::lock_guard lock(last_resort_mutex_);
        over_ = true;
        ended_.notify_all();
    }
    if (last_resort_.joinable()) last_resort_.join();
}

/// Called on a thread of the engine: nothing that is acknowledged from now on would last. Ends the process so that a
/// supervisor starts it again, which recovers.
void Host::end_failed(const std::string& why) {
    if (failed_.exchange(true)) return;
    core_log().error("the server ends, so that it can be started again and recover",
                     {{"reason", why}, {"exit_code", exit_code::kRestart}});
    last_resort_ = start_host_thread("cairn-end", [this] {
        std::unique_lock lock(last_resort_mutex_);
        if (ended_.wait_for(lock, kFailedEnd, [this] { return over_; })) return;
        core_log().error("the ordered end did not come to its end in time");
        LogSink::instance().flush();
        std::_Exit(exit_code::kRestart);
    });
    signals_.ask();
}

void Host::wire_health() {
    health_.add("persistence", [this]() -> Health::Report {
        const std::string trouble = store_ ? commits_.trouble() : std::string();
        const char* database = !store_ ? "none" : trouble.empty() ? "ok" : "unavailable";
        Document details{{"database", database}, {"cache", "none"}};
        const Document figures = commits_.statistics();
        for (const char* part : {"journal", "store"}) {
            if (figures.find(part) != nullptr) details.set(part, figures[part]);
        }
        // The reason names paths, and /health is public.
        if (!trouble.empty()) details.set("trouble", "see the log");
        return {trouble.empty(), std::move(details)};
    });
    health_.add("batchProcessor", [this]() -> Health::Report {
        const Document figures = commits_.statistics();
        Document details = Document::map();
        for (const char* part : {"processed", "queued", "averageLatency", "queues"}) details.set(part, figures[part]);
        return {true, std::move(details)};
    });
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
    std::vector<const TableSpec*> tables;
    for (const auto& table : set.declarations().tables) tables.push_back(table.get());

    const auto call = [&](const char* what, const auto& job) {
        busy_.now("the store of plugin " + plugin + " to " + what);
        return fenced({intern(plugin), nullptr, intern(std::string("store: ") + what)}, job);
    };
    const auto fail = [&](const char* what, const Outcome& outcome) {
        throw StartFailed("the store of plugin " + plugin + " could not " + what + ": " + outcome.what,
                          "Mend what it names; nothing was changed by this start.");
    };
    const auto must = [&](const char* what, const auto& job) {
        if (const auto outcome = call(what, job)) fail(what, *outcome);
    };
    const auto mended = [&](const std::string& damage) {
        bool good = false;
        must("be restored", [&] { good = backups_.mend(*store, damage); });
        return good;
    };
    const auto prepare = [&] {
        must("end an interrupted restore", [&] { backups_.before_open(*store); });
        if (const auto outcome = call("open", [&] { store->open(); })) {
            const bool damaged = !outcome->fault && outcome->error.code() == Code::internal;
            if (!damaged || !mended(outcome->what)) fail("open", *outcome);
            must("open", [&] { store->open(); });
        }
        store_ = store;
        int applied = 0;
        must("be backed up before it migrates", [&] { backups_.before_migrate(*store); });
        must("migrate", [&] {
            applied = store->migrate(find_migrations(migration_owners(set), store->engine()));
        });
        if (applied > 0) core_log().info("migrations applied", {{"count", applied}, {"engine", store->engine()}});
        must("prepare its tables", [&] { store->bind(tables, preparation_.host.durability.audit); });
    };
    prepare();
    if (const std::string gap = open_journal(*store); !gap.empty()) {
        // A backup may hold what lies between the database and what can be read of the journal.
        if (!mended(gap)) throw StartFailed("the journal could not be opened: " + gap, "");
        prepare();
        const std::string still = open_journal(*store);
        if (!still.empty()) throw StartFailed("the journal could not be opened: " + still, "");
    }
    must("take what the journal holds", [&] { commits_.start(*store, *journal_, tables); });
    must("keep backups", [&] { backups_.opened(*store, *journal_); });
}

/// Empty: it is open. Else which commits between the database and the journal cannot be read.
std::string Host::open_journal(services::Store& store) {
    busy_.now("the journal");
    try {
        if (std::string gap = backups_.lacking(store); !gap.empty()) return gap;
        journal_ = core::open_journal(preparation_.host.durability, lock_.folder(), store);
        return {};
    } catch (const JournalError& error) {
        if (error.kind() == JournalError::Kind::damaged || error.kind() == JournalError::Kind::missing) {
            return error.what();
        }
        throw StartFailed(std::string("the journal could not be opened: ") + error.what(), "");
    } catch (const std::exception& error) {
        throw StartFailed(std::string("the journal could not be opened: ") + error.what(), "");
    }
}

void Host::close_store(const std::string& plugin) {
    backups_.stopping(plugin);
    if (!store_ || preparation_.plugins->declarations().services.provider(services::Store::kService) != plugin) return;
    commits_.stop();
    backups_.closing(signals_.hurried() || failed());
    store_->close();
    store_ = nullptr;
    journal_.reset();  // here, where it was opened: what stays open after the plugin's stop counts as its leak
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
    backups_.start();
    if (signals_.ending()) throw StartFailed("the start was ended by a signal", "");
    serve_control();
    preparation_.facts->serving = true;
    const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
    core_log().info("up", {{"name", preparation_.host.name}, {"ms", took.count()}});
}

/// What commands on this machine may ask (docs/control.md).
void Host::serve_control() {
    control_ = std::make_unique<ControlServer>(lock_.folder());
    control_->on("status", "name, process, players, spaces, since when it runs", [this](const Document&) {
        const auto up = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
        Document status = spaces_.figures();
        status.set("name", preparation_.host.name).set("pid", static_cast<std::int64_t>(::getpid()));
        return status.set("up_ms", up.count()).set("serving", preparation_.facts->serving.load());
    });
    control_->on("usage", "what each plugin has cost since the start", [](const Document&) { return usage_document(); });
    control_->start();
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
    signals_.wait_hurry(failed() ? std::min(shutdown.drain, kFailedGrace) : shutdown.drain,
                        [this] { return spaces_.sessions_open() == 0; });
}

void Host::stop() {
    preparation_.facts->serving = false;
    if (control_) control_->stop();
    const Duration grace = signals_.hurried() ? Duration(0) : failed() ? kFailedGrace : kCloseGrace;
    spaces_.close_all(grace);
    lifecycle_.stop();
    backups_.stop();
    lanes_.stop(grace);
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
