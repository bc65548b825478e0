#include "core/spaces/space_host.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/spaces/host_core.hpp"
#include "core/spaces/host_session.hpp"
#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

namespace {

/// Runs `job` on every loop and waits until it has run on all of them; false when that took too long. [control]
bool on_every_loop(const SpaceHost::Environment& env, std::chrono::milliseconds at_most,
                   const std::function<void(Loop&)>& job) {
    Loops& loops = *env.loops;
    struct Gathering {
        std::mutex mutex;
        std::condition_variable all;
        std::size_t missing;
    };
    auto gathering = std::make_shared<Gathering>();
    gathering->missing = loops.size();
    for (std::size_t i = 0; i < loops.size(); ++i) {
        Loop& loop = loops.at(i);
        loop.post([gathering, job, &loop] {
            job(loop);
            const std::lock_guard lock(gathering->mutex);
            if (--gathering->missing == 0) gathering->all.notify_all();
        });
    }
    const auto missing = [&] {
        const std::lock_guard lock(gathering->mutex);
        return gathering->missing;
    };
    while (env.turn && missing() > 0 && env.turn()) {
    }
    std::unique_lock lock(gathering->mutex);
    return gathering->all.wait_for(lock, at_most, [&] { return gathering->missing == 0; });
}

}  // namespace

struct SpaceHost::State {
    std::shared_ptr<HostCore> core;
};

SpaceHost::SpaceHost(Options options, Environment environment, std::vector<BehaviourFactory> behaviours)
    : state_(std::make_unique<State>()) {
    state_->core = std::make_shared<HostCore>(std::move(options), environment, std::move(behaviours));
}

SpaceHost::~SpaceHost() {
    if (state_->core->phase.load() != HostCore::Phase::closed && (count() > 0 || sessions_open() > 0))
        close_all(Duration(0));
}

void SpaceHost::set_services(services::Identity* identity, SpaceSource* source) {
    state_->core->env.identity = identity;
    state_->core->env.source = source;
}

void SpaceHost::open_initial(const std::function<void(const std::string&)>& waiting) {
    HostCore& core = *state_->core;
    std::vector<SpaceSettings> wanted;
    if (core.env.source) {
        const auto outcome =
            fenced(CallSite{"space_source", nullptr, "initial"}, [&] { wanted = core.env.source->initial(); });
        if (outcome) throw outcome->error;
    } else {
        SpaceSettings only;
        only.id = core.options.default_space;
        only.permanent = true;
        wanted.push_back(std::move(only));
    }
    std::vector<std::shared_ptr<HostedSpace>> spaces;
    for (const SpaceSettings& settings : wanted) spaces.push_back(core.directory.open(settings));
    core.directory.wait_until_loaded(spaces, std::chrono::seconds(10), waiting);
}

void SpaceHost::serve() {
    const std::shared_ptr<HostCore>& core = state_->core;
    core->phase = HostCore::Phase::serving;
    for (std::size_t i = 0; i < core->env.loops->size(); ++i) {
        Loop& loop = core->env.loops->at(i);
        loop.post([core, &loop] {
            if (!std::exchange(core->cell(loop).measuring, true)) core->measure(loop);
        });
    }
}

void SpaceHost::drain(std::string_view notice) {
    HostCore& core = *state_->core;
    core.phase = HostCore::Phase::draining;
    core.directory.stop_opening();
    const Frame frame = Frame::make(event_json("server.notice", Document{{"message", notice}}.to_json()));
    for (std::size_t i = 0; i < core.env.loops->size(); ++i) {
        Loop& loop = core.env.loops->at(i);
        loop.post([core = state_->core, &loop, frame] {
            for (HostSession* session : core->cell(loop).sessions) session->push(frame, Delivery::must, 0);
        });
    }
}

void SpaceHost::close_all(Duration grace) {
    const std::shared_ptr<HostCore> core = state_->core;
    core->phase = HostCore::Phase::closed;
    core->directory.stop_opening();
    const auto patience = std::chrono::milliseconds(grace) + std::chrono::seconds(2);
    // First the goodbyes, so that they are on their way while the spaces close.
    on_every_loop(core->env, patience, [core](Loop& loop) {
        std::vector<std::shared_ptr<HostSession>> sessions;
        for (HostSession* session : core->cell(loop).sessions) sessions.push_back(session->shared_from_this());
        for (const auto& session : sessions) session->end(close_code::kShutdown, "the server is shutting down");
    });
    for (const std::shared_ptr<HostedSpace>& space : core->directory.all())
        space->loop().post([space] { space->close(); });
    if (!core->directory.wait_until_empty(patience)) {
        for (const std::shared_ptr<HostedSpace>& space : core->directory.all())
            core_log().warning("a space is still busy and was not closed", {{"space", space->id()}});
    }
    // What was on its way between loops arrives before this returns.
    for (int round = 0; round < 2; ++round) on_every_loop(core->env, patience, [](Loop&) {});
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(grace);
    while (sessions_open() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

Document SpaceHost::protocol() const {
    return state_->core->catalog.describe();
}

Document SpaceHost::figures() const {
    return Document{{"users", players()}, {"spaces", count()}, {"sessions", sessions_open()}};
}

std::shared_ptr<HostedSpace> SpaceHost::find(std::string_view space) const {
    return state_->core->directory.find(space);
}

std::size_t SpaceHost::count() const noexcept {
    return state_->core->directory.size();
}

std::size_t SpaceHost::players() const noexcept {
    return state_->core->players_in.load(std::memory_order_relaxed);
}

void SpaceHost::broadcast(std::string_view type, const Document& d) {
    for (const std::shared_ptr<HostedSpace>& space : state_->core->directory.all())
        Gate::post(space->gate(), [type = std::string(type), d](HostedSpace& there) { there.broadcast(type, d); });
}

void SpaceHost::tell(std::string_view space, std::string_view topic, Document message) {
    const std::shared_ptr<HostedSpace> there = state_->core->directory.find(space);
    if (!there) return;
    Gate::post(there->gate(), [topic = std::string(topic), message = std::move(message)](HostedSpace& one) {
        one.told(topic, message);
    });
}

std::unique_ptr<Session> SpaceHost::open(Loop& loop, Connection& connection, ConnectionInfo info) {
    const std::shared_ptr<HostCore>& core = state_->core;
    if (core->phase.load() != HostCore::Phase::serving)
        throw Error(Code::not_ready, "the server takes no connections now")
            .retry_after(std::chrono::milliseconds(1000));
    if (core->sessions_open.load(std::memory_order_relaxed) >= core->options.max_connections)
        throw Error(Code::full, "the server has " + std::to_string(core->options.max_connections) +
                                    " connections, as many as it takes")
            .retry_after(std::chrono::milliseconds(5000));
    auto session = std::make_shared<HostSession>(core, loop, connection, std::move(info));
    session->begin();
    return std::make_unique<SessionHandle>(std::move(session));
}

std::size_t SpaceHost::sessions_open() const noexcept {
    return state_->core->sessions_open.load(std::memory_order_relaxed);
}

}  // namespace cairn::core
