#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <cairn/loop.hpp>

namespace cairn::core {

class EventLoop;

/// The event loops of the host, one thread each. Messages from loop to loop are gathered during a turn and handed over
/// at its end in one batch per target, so that no lock is taken per message; order per pair of loops is kept.
class LoopGroup final : public Loops {
public:
    /// `count` 0: one per core.
    explicit LoopGroup(std::size_t count);
    ~LoopGroup() override;
    void start();  ///< [control]
    /// Runs what is posted (and what that posts, for at most five seconds), then ends the threads. [control]
    void stop();
    std::size_t size() const noexcept override;
    Loop& at(std::size_t index) noexcept override;
    Loop* current() noexcept override;
    /// For the parts of the core that watch over loops. [any]
    const std::vector<EventLoop*>& event_loops() const noexcept { return peers_; }

private:
    bool quiet() const noexcept;

    bool running_ = false;
    std::vector<EventLoop*> peers_;  ///< the same loops, as the loops see each other
    std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace cairn::core
