// How a host of a test is put together: core/app/host.cpp over manual edges.
#include <algorithm>
#include <cstdlib>

#include <cairn/services/store.hpp>

#include "core/app/audited_tables.hpp"
#include "core/app/durability_classes.hpp"
#include "core/app/engine_opening.hpp"
#include "core/app/offline_store.hpp"
#include "core/durability/journal_io.hpp"
#include "core/durability/migration_files.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/plugins/compatibility.hpp"
#include "sdk/testkit/src/host_impl.hpp"

namespace cairn::testkit {
namespace {

constexpr const char* kStore = "testkit_store";
constexpr const char* kIdentity = "testkit_identity";
constexpr const char* kSpaces = "testkit_spaces";
constexpr const char* kTest = "test";
constexpr Duration kPatience{600'000};  // of the manual clock, while the core waits
constexpr std::size_t kUsualLoops = 2;

core::SpaceHost::Options space_options(const core::ServerConfig& server) {
    core::SpaceHost::Options options;
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

/// A journal that survives no power loss: the machine's disk is not what is tested.
const core::JournalCalls& quick_calls() {
    static const core::JournalCalls kCalls = [] {
        core::JournalCalls calls = core::system_calls();
        calls.fdatasync = [](int) { return 0; };
        calls.fsync = [](int) { return 0; };
        return calls;
    }();
    return kCalls;
}

}  // namespace

Life::Life(Host::Impl& host, std::string_view yaml) : impl(host) {
    load(yaml);
    wire();
}

Life::~Life() {
    stop();
    lifecycle.reset();
    spaces.reset();
    impl.objects.clear();
    plugins->destroy();
}

void Life::load(std::string_view yaml) {
    core::ConfigInputs inputs;
    inputs.environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
    const auto fail = [this] {
        std::ostringstream text;
        report.print(text, false);
        throw Failure(text.str());
    };
    const bool empty = yaml.find_first_not_of(" \t\r\n") == std::string_view::npos;
    inputs.overrides = impl.options.set;
    configuration = core::Configuration::read_text("the test's YAML", empty ? "plugins: {}" : yaml, inputs, report);
    report.set_sources(&configuration->sources());
    if (!report.empty()) fail();
    Document root = configuration->root();
    if (root.find("cairn") == nullptr) root.set("cairn", 1);
    if (root.find("plugins") == nullptr) root.set("plugins", Document::map());
    core::check_and_fill(struct_type<core::HostConfig>(), root, "", &config, report);
    loops = std::make_unique<ManualLoops>(config.server.loops > 0 ? static_cast<std::size_t>(config.server.loops) : kUsualLoops,
                                          impl.clock);
    // A test says much in a moment that never passes.
    if (root["server"].find("messages") == nullptr) config.server.messages = {1'000'000, Duration(1000)};

    std::vector<core::WantedPlugin> wanted;
    for (const Document::Member& member : root["plugins"].members()) {
        if (member.value.is_boolean() && !member.value.boolean_or(true)) continue;
        wanted.push_back({member.key, member.mark, member.value});
    }
    plugins = std::make_unique<core::PluginSet>(core::PluginFinder(plugin_folders(impl.options)), impl.share_dir());
    plugins->dress([this](const std::string& name, std::unique_ptr<Plugin> plugin) -> std::unique_ptr<Plugin> {
        if (name.starts_with("testkit_")) return plugin;
        auto checked = std::make_unique<CheckedPlugin>(impl.ledger, name, std::move(plugin), *loops, control, [this] { impl.settle(); });
        impl.objects[name] = checked.get();
        return checked;
    });
    for (const auto& [name, make] : impl.added) {
        plugins->bring(name, make);
        const bool named = std::any_of(wanted.begin(), wanted.end(), [&name = name](const auto& one) { return one.name == name; });
        if (!named) wanted.push_back({name, {}, {}});
    }
    if (!impl.declared.empty()) {
        plugins->bring(kTest, [this] {
            return std::make_unique<DeclaringPlugin>([this](Setup& setup) {
                for (const auto& declare : impl.declared) declare(setup);
            });
        });
        wanted.push_back({kTest, {}, {}});
    }
    core::add_core_routes(plugins->declarations().routes, facts);
    plugins->load(wanted, report);
    wanted.clear();
    add_built_in(wanted);
    plugins->load(wanted, report);
    plugins->check(config.services, report);
    core::apply_durability_classes(config.durability.classes, *configuration, *plugins, report);
    core::check_audited_tables(config.durability.audit, *configuration, *plugins, report);
    if (!report.empty()) fail();
}

/// What no plugin of the test provides and every host needs.
void Life::add_built_in(std::vector<core::WantedPlugin>& wanted) {
    const auto provided = [this](ServiceId id) {
        for (const auto& plugin : plugins->plugins())
            for (const core::ServiceName& service : plugin->setup->node().provides)
                if (service == core::ServiceName{std::string(id.name), id.major}) return true;
        return false;
    };
    const auto bring = [&](const char* name, std::function<void(Setup&)> declare) {
        plugins->bring(name, [declare = std::move(declare)] { return std::make_unique<DeclaringPlugin>(declare); });
        wanted.push_back({name, {}, {}});
    };
    memory = !provided(services::Store::kService);
    if (memory)
        bring(kStore, [this](Setup& setup) { setup.provide<services::Store>(impl.memory); });
    easy_identity = !provided(services::Identity::kService);
    if (easy_identity) bring(kIdentity, [this](Setup& setup) { setup.provide<services::Identity>(impl.identity); });
    if (!provided(SpaceSource::kService)) {
        easy_spaces = std::make_unique<EasySpaces>(impl.options.spaces, config.server.default_space);
        bring(kSpaces, [this](Setup& setup) { setup.provide<SpaceSource>(*easy_spaces); });
    }
}

void Life::wire() {
    core::CommitQueue::Options engine_options = core::engine_options(config.durability, impl.folder.path(), {});
    engine_options.threads = false;
    engine_options.wait = Duration(0);
    engine_options.disk_space = [] { return std::optional<core::DiskSpace>(); };
    if (memory) {
        engine_options.rows = [this](const TableSpec& table) {
            front->look();
            return impl.memory.rows(table);
        };
    }
    engine = std::make_unique<core::CommitQueue>(std::move(engine_options), lanes, impl.clock, impl.metrics);
    storage = std::make_unique<TestStorage>(*engine, lanes, control.baton(), [this] { return turn_engine(); });
    scheduler = std::make_unique<core::Scheduler>(core::TimeZone(config.time_zone), impl.clock, lanes, core::core_log());
    core::SpaceHost::Environment environment;
    environment.loops = loops.get();
    environment.background = &lanes;
    environment.storage = storage.get();
    environment.clock = &impl.clock;
    environment.metrics = &impl.metrics;
    environment.turn = [this] { return turn_for_core(); };
    core::Declarations& declared = plugins->declarations();
    spaces = std::make_unique<core::SpaceHost>(space_options(config.server), environment, declared.behaviours);
    health = std::make_unique<core::Health>(core::host_build().version);
    for (const core::HealthSource& source : declared.health) {
        health->add(source.name, [&source]() -> core::Health::Report {
            Setup::HealthReport answer = source.report();
            return {answer.ok, std::move(answer.details)};
        });
    }
    facts->health = health.get();
    facts->metrics = &impl.metrics;
    facts->protocol = [this] { return spaces->protocol(); };

    parts.metrics = &impl.metrics;
    parts.clock = &impl.clock;
    parts.loops = loops.get();
    parts.background = &lanes;
    parts.storage = storage.get();
    parts.spaces = spaces.get();
    parts.sessions = spaces.get();
    parts.routes = &declared.routes;
    parts.tables = &declared.tables;
    parts.data_dir = impl.folder.path();
    parts.share_dir = plugins->share_dir();
    parts.announce = [](std::string_view, std::string_view) {};
    parts.schedule = [this](const std::string& plugin, std::string cron, std::string what,
                            std::function<void(const Task&)> work) {
        ++schedules;
        scheduler->add(plugin, cron, std::move(what), std::move(work));
    };
    lifecycle = std::make_unique<core::Lifecycle>(
        *plugins, parts,
        core::Lifecycle::Hooks{[this](const std::string& plugin) { open_store(plugin); },
                               [this](const std::string& plugin) {
                                   scheduler->remove(plugin);
                                   close_store(plugin);
                               },
                               {},
                               {}});
}

void Life::open_store(const std::string& plugin) {
    core::ServiceRegistry& services = plugins->declarations().services;
    if (services.provider(services::Store::kService) != plugin) return;
    front = std::make_unique<StoreFront>(*services.find<services::Store>());
    std::vector<const TableSpec*> tables;
    for (const auto& table : plugins->declarations().tables) tables.push_back(table.get());
    const auto must = [&](const char* what, const auto& job) {
        const auto outcome = core::fenced({core::intern(plugin), nullptr, core::intern(std::string("store: ") + what)}, job);
        if (outcome)
            throw core::StartFailed("the store of plugin " + plugin + " could not " + what + ": " + outcome->what,
                                    "Mend what it names.");
    };
    must("open", [&] { front->open(); });
    if (plugin != kStore) {
        must("migrate", [&] {
            front->migrate(core::find_migrations(core::migration_owners(*plugins), front->engine()));
        });
    }
    must("prepare its tables", [&] { front->bind(tables, config.durability.audit); });
    must("take what the journal holds", [&] {
        core::Journal::Options options;
        options.folder = core::below(impl.folder.path(), config.durability.journal.folder);
        options.segment_bytes = 1u << 20;
        options.calls = &quick_calls();
        const std::uint64_t watermark = front->watermark().seq;
        journal = std::make_unique<core::Journal>(std::move(options), watermark + 1, watermark);
        engine->start(*front, *journal, tables);
    });
}

void Life::close_store(const std::string& plugin) {
    if (!front || plugins->declarations().services.provider(services::Store::kService) != plugin) return;
    engine->stop();
    front->close();
    front.reset();
    journal.reset();
}

void Life::start() {
    try {
        lifecycle->start();
        const core::ServiceRegistry& services = plugins->declarations().services;
        spaces->set_services(services.find<services::Identity>(), services.find<SpaceSource>());
        patience_ = kPatience;
        spaces->open_initial({});
        spaces->serve();
        lifecycle->ready();
    } catch (const core::StartFailed& failed) {
        throw Failure(std::string(failed.what()) + (failed.cure().empty() ? "" : " " + failed.cure()));
    } catch (const Error& error) {
        throw Failure(std::string("the spaces could not be opened: ") + error.what());
    }
    facts->serving = true;
}

void Life::stop() {
    if (std::exchange(stopped_, true)) return;
    facts->serving = false;
    impl.held = false;
    lanes.hold_storage(false);
    if (front) front->away(false);
    impl.settle();
    lifecycle->drain();
    patience_ = kPatience;
    spaces->close_all(Duration(0));
    impl.settle();
    lifecycle->stop();
    lanes.stop();
    impl.settle();
    for (const std::string& leak : lifecycle->leaks()) impl.ledger.leak(leak);
}

// ---- what happens when

bool Life::turn_engine() {
    const std::lock_guard baton(control.baton());
    if (turning_ || impl.held) return false;
    turning_ = true;
    // The engine is no loop: what it calls may wait.
    ManualLoop* const before = std::exchange(ManualLoop::current(), nullptr);
    bool busy = false;
    try {
        busy = engine->turn();
    } catch (...) {
        turning_ = false;
        ManualLoop::current() = before;
        throw;
    }
    ManualLoop::current() = before;
    turning_ = false;
    return busy;
}

bool Life::step_in_order() {
    const std::lock_guard baton(control.baton());
    bool busy = false;
    for (std::size_t i = 0; i < loops->size(); ++i) busy = loops->at(i).turn() || busy;
    busy = lanes.step() || busy;
    return turn_engine() || busy;
}

bool Life::step() {
    if (!impl.random) return step_in_order();
    const std::lock_guard baton(control.baton());
    // One thing, chosen among all that could be next.
    std::vector<std::size_t> sources(loops->size() + 2);
    for (std::size_t i = 0; i < sources.size(); ++i) sources[i] = i;
    while (!sources.empty()) {
        const std::size_t at = impl.pick(sources.size());
        const std::size_t source = sources[at];
        const bool busy = source < loops->size()    ? loops->at(source).step()
                          : source == loops->size() ? lanes.step(lanes.waiting() > 0 ? impl.pick(lanes.waiting()) : 0)
                                                   : turn_engine();
        if (busy) return true;
        sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return false;
}

std::optional<ManualLoop::Instant> Life::next() {
    std::optional<ManualLoop::Instant> soonest;
    const auto take = [&](ManualLoop::Instant when) { soonest = soonest ? std::min(*soonest, when) : when; };
    for (std::size_t i = 0; i < loops->size(); ++i)
        if (const auto when = loops->at(i).next()) take(*when);
    // The engine has times of its own (what is coalesced, a store that is away), which it does not tell.
    if (front && storage->unsettled()) {
        if (engine->statistics()["queued"].integer_or(0) > 0)
            take(impl.clock.steady() + Duration(10));
        else
            storage->settled();
    }
    if (schedules > 0) take(impl.clock.steady() + std::max(scheduler->look(), Duration(1)));
    return soonest;
}

bool Life::turn_for_core() {
    if (step()) return true;
    const auto when = next();
    if (!when) return false;
    const auto wait = std::chrono::ceil<Duration>(*when - impl.clock.steady());
    patience_ -= std::max(wait, Duration(1));
    if (patience_.count() <= 0) return false;
    impl.clock.advance(wait);
    return true;
}

}  // namespace cairn::testkit
