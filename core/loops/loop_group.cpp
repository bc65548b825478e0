#include "core/loops/loop_group.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include "core/loops/event_loop.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {

namespace {
/// Letters that keep writing letters would hold the stop up for ever.
constexpr std::chrono::seconds kPatience{5};
}  // namespace

LoopGroup::LoopGroup(std::size_t count) {
    if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
    peers_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        loops_.push_back(std::make_unique<EventLoop>(i, peers_));
        peers_.push_back(loops_.back().get());
    }
}

LoopGroup::~LoopGroup() {
    stop();
}

void LoopGroup::start() {
    if (running_) return;
    running_ = true;
    for (const auto& loop : loops_) loop->start();
}

bool LoopGroup::quiet() const noexcept {
    // All figures only grow and nothing is run before it was posted. Reading "run" of all loops first and "posted" of
    // all loops after, equality proves that between the two readings nothing was on its way.
    std::uint64_t run = 0;
    std::uint64_t posted = 0;
    for (const auto& loop : loops_) run += loop->letters_run();
    for (const auto& loop : loops_) posted += loop->letters_sent() + loop->letters_from_outside();
    return run == posted;
}

void LoopGroup::stop() {
    if (!running_) return;
    running_ = false;
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!quiet()) {
        if (std::chrono::steady_clock::now() > until) {
            core_log().warning("messages between loops have not come to rest within 5 s: the rest is dropped");
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (const auto& loop : loops_) loop->stop();
}

std::size_t LoopGroup::size() const noexcept {
    return loops_.size();
}

Loop& LoopGroup::at(std::size_t index) noexcept {
    return *loops_[index];
}

Loop* LoopGroup::current() noexcept {
    EventLoop* const loop = EventLoop::current();
    // A thread of another group (tests run several) is no loop of this one.
    return loop && loop->index() < peers_.size() && peers_[loop->index()] == loop ? loop : nullptr;
}

}  // namespace cairn::core
