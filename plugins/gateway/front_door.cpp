#include <plugins/gateway/front_door.hpp>

#include <chrono>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include <plugins/gateway/common.hpp>
#include <plugins/gateway/listener.hpp>
#include <plugins/gateway/shard.hpp>

namespace cairn::gateway {

namespace {

// Loops answer in microseconds; a loop that has not answered by then will not.
constexpr std::chrono::seconds kLoopPatience{10};

ListenAddress listen_address(const std::string& text) {
    const auto address = ListenAddress::parse(text);
    if (!address) throw Error(Code::invalid_field, "plugins.gateway.listen: " + ListenAddress::complaint(text));
    return *address;
}

/// Runs `job` on `loop` and waits for it; what it throws is thrown here.
void run_on(Loop& loop, std::function<void()> job) {
    auto done = std::make_shared<std::promise<void>>();
    auto answer = done->get_future();
    loop.post([done, job = std::move(job)] {
        try {
            job();
            done->set_value();
        } catch (...) {
            done->set_exception(std::current_exception());
        }
    });
    if (answer.wait_for(kLoopPatience) != std::future_status::ready)
        throw Error(Code::internal, "gateway: loop " + std::to_string(loop.index()) + " does not answer");
    answer.get();
}

}  // namespace

struct FrontDoor::State {
    State(const Settings& settings, const HostServices& services)
        : common(std::make_shared<Common>(settings, services)),
          socket(std::make_unique<ListenSocket>(listen_address(settings.listen))) {}

    const std::shared_ptr<Common> common;
    std::unique_ptr<ListenSocket> socket;
    ListenAddress bound;
    std::vector<std::shared_ptr<Shard>> shards;
    std::unique_ptr<Acceptor> acceptor;
    std::size_t next = 0;  ///< used by the accepting loop only
    bool closed = false;
};

FrontDoor::FrontDoor(const Settings& settings, const HostServices& host)
    : state_(std::make_unique<State>(settings, host)) {
    State& s = *state_;
    s.bound = s.socket->address();
    for (std::size_t i = 0; i < host.loops.size(); ++i)
        s.shards.push_back(std::make_shared<Shard>(host.loops.at(i), s.common));
    if (!s.common->tls && !s.socket->is_loopback())
        host.log.warning(
            "players' words travel unencrypted: this address is reachable from other machines without TLS. Set "
            "plugins.gateway.tls.cert and .key, or listen on 127.0.0.1 behind a proxy that speaks TLS",
            {{"listen", s.bound.to_string()}});
    if (s.common->rules.origins.allows_all())
        host.log.warning(
            "plugins.gateway.origins has '*': any page in a visitor's browser may connect here. List the pages that "
            "you mean",
            {});
    // Round robin spreads evenly whatever the kernel does; the hand-over is one message.
    s.acceptor = std::make_unique<Acceptor>(
        *s.socket, host.loops.at(0), s.common, [&s](int fd, const IpAddress& peer, bool counted) {
            const std::size_t i = s.next++ % s.shards.size();
            if (i == 0) return s.shards[0]->adopt(fd, peer, counted);
            s.common->host.loops.at(i).post(
                [shard = s.shards[i], fd, peer, counted] { shard->adopt(fd, peer, counted); });
        });
    run_on(host.loops.at(0), [&s] { s.acceptor->start(); });
}

FrontDoor::~FrontDoor() {
    try {
        close(Duration{0});
    } catch (const std::exception&) {
        // The loops are gone, and with them whoever could have been told.
    }
}

std::string FrontDoor::address() const {
    ListenAddress shown = state_->bound;
    if (shown.host == "0.0.0.0") shown.host = "127.0.0.1";
    if (shown.host == "::") shown.host = "::1";
    return (state_->common->tls ? "https://" : "http://") + shown.to_string() + "/";
}

std::uint16_t FrontDoor::port() const {
    return state_->bound.port;
}

void FrontDoor::stop_accepting() {
    State& s = *state_;
    if (!s.socket) return;
    run_on(s.common->host.loops.at(0), [&s] { s.acceptor->stop(); });
    s.socket.reset();
}

void FrontDoor::close(Duration grace) {
    State& s = *state_;
    if (std::exchange(s.closed, true)) return;
    stop_accepting();
    std::vector<std::future<void>> gone;
    for (const auto& shard : s.shards) {
        auto done = std::make_shared<std::promise<void>>();
        gone.push_back(done->get_future());
        s.common->host.loops.at(static_cast<std::size_t>(&shard - s.shards.data())).post([shard, grace, done] {
            shard->close_all(close_code::kShutdown, "the server stops", grace, [done] { done->set_value(); });
        });
    }
    for (auto& answer : gone)
        if (answer.wait_for(grace + kLoopPatience) != std::future_status::ready)
            throw Error(Code::internal, "gateway: a loop did not close its connections");
    // Handlers that still run in a lane refer to the host's routes; they end by themselves.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (const auto& shard : s.shards)
        while (shard->in_flight() > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::size_t FrontDoor::connections() const noexcept {
    return state_->common->limits.open();
}

}  // namespace cairn::gateway
