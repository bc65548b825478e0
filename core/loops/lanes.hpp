#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include <cairn/metrics.hpp>
#include <cairn/task.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

/// Threads for work that may block: general, files, cache, storage, each lane with its own threads and bounded queue
/// (default 4, 2, 2, 2 threads; 4096 jobs). `done` runs in the lane; who wants it on a strand wraps it.
/// A full lane calls `done` at once with Error(unavailable).
class Lanes final : public Background {
public:
    struct Options {
        std::array<std::size_t, 4> threads{4, 2, 2, 2};  ///< in the order of enum Lane
        std::size_t queue = 4096;
    };
    Lanes(const Options& options, Metrics& metrics);
    ~Lanes() override;
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override;
    /// Refuses new work, finishes what is queued (at most `grace`; after that the queued are refused and the running
    /// are asked to stop through their Task), then joins all threads. Every completion is called, unless its task was
    /// cancelled. [control]
    void stop(Duration grace);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
