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
    /// Runs what is posted, then ends the threads. [control]
    void stop();
    std::size_t size() const noexcept override;
    Loop& at(std::size_t index) noexcept override;
    Loop* current() noexcept override;

private:
    std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace cairn::core
