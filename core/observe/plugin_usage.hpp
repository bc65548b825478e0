#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/observe/call_site.hpp"

namespace cairn::core {

/// How long calls took, in half octaves: bucket i holds what took at most 1 µs × √2^i; the last one holds the rest (above
/// 8 s).
inline constexpr std::size_t kTookBuckets = 48;

/// What one handler of one plugin has cost on one thread. Written by that thread alone, read by anybody.
struct UsageCell {
    const char* plugin = nullptr;
    const char* handler = nullptr;
    std::uint16_t tag = 0;  ///< of the plugin, see plugin_tag()
    std::atomic<std::uint64_t> self_ns{0};  ///< without what was called from within and is another plugin's
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> took_ns{0};  ///< with what was called from within; on event loops alone, as `took`
    std::array<std::atomic<std::uint32_t>, kTookBuckets> took{};
};

/// The usage of one thread: which cell it is in, and since when. Never freed: the next thread that takes its place in the
/// table of breadcrumbs goes on with its cells.
class ThreadUsage {
public:
    using Nanoseconds = std::int64_t;

    ThreadUsage();
    ThreadUsage(const ThreadUsage&) = delete;
    ThreadUsage& operator=(const ThreadUsage&) = delete;

    /// From now on time is what passes on the clock, and how long calls took is kept: on event loops, where a call that
    /// waits holds everybody up. Elsewhere it is the CPU time of the thread. [the thread itself]
    void count_passing_time(bool yes) noexcept { passing_ = yes; }

    struct Entered {
        UsageCell* before = nullptr;
        Nanoseconds at = 0;
        std::uint16_t tag = 0;  ///< of the plugin that is entered
    };
    /// The thread enters and leaves a call; nested in the order of a stack. [the thread itself]
    Entered enter(const CallSite& site) noexcept;
    void leave(const Entered& entered) noexcept;

    struct Cells;
    const Cells& cells() const noexcept { return *cells_; }

private:
    Nanoseconds now() const noexcept;
    UsageCell* cell(const CallSite& site) noexcept;

    UsageCell* current_ = nullptr;
    Nanoseconds since_ = 0;
    bool passing_ = false;
    std::array<UsageCell*, 256> recent_{};  ///< by a hash of both pointers
    Cells* cells_;
};

/// Memory that a plugin's calls have asked for and that has not been given back, whoever gives it back.
struct LiveFigures {
    std::atomic<std::int64_t> bytes{0};
    std::atomic<std::int64_t> blocks{0};
};

/// Plugins beyond this many share the figures of the host.
inline constexpr std::size_t kPluginTags = 64;

/// A small number for a plugin's name, the same for equal texts; 0 is the host ("core", nullptr, or too many plugins).
/// Takes a lock. [any]
std::uint16_t plugin_tag(const char* plugin) noexcept;

/// One handler, summed over all threads.
struct HandlerUsage {
    std::string_view handler;
    std::uint64_t self_ns = 0;
    std::uint64_t calls = 0;
    std::uint64_t took_ns = 0;
    std::array<std::uint64_t, kTookBuckets> took{};
};

/// One plugin, summed over all threads, since the process began.
struct PluginUsage {
    std::string_view plugin;
    std::vector<HandlerUsage> handlers;  ///< by name
    std::int64_t live_bytes = 0;
    std::int64_t live_blocks = 0;
    std::int64_t jobs = 0;  ///< background work of it that waits for a thread or runs
    std::uint64_t self_ns() const noexcept;
    std::uint64_t calls() const noexcept;
    /// Of all its handlers together.
    std::array<std::uint64_t, kTookBuckets> took() const noexcept;
};

/// The figures of every plugin that was ever called, by name. Memory is counted only in a process whose operator new
/// does so, see memory_is_counted(). [any]
std::vector<PluginUsage> plugin_usage();

/// The shortest time that at least `share` (0 to 1) of the calls took no longer than, to half an octave; zero without
/// calls. [any]
std::chrono::nanoseconds took_quantile(const std::array<std::uint64_t, kTookBuckets>& took, double share) noexcept;
/// The upper bound of a bucket. [any]
std::chrono::nanoseconds took_bound(std::size_t bucket) noexcept;

/// Background work of the plugin with this tag begins to wait (+1) or has ended (-1). [any]
void count_jobs(std::uint16_t tag, int change) noexcept;
/// The tag of the plugin that the calling thread is in. [any]
std::uint16_t current_plugin_tag() noexcept;

/// Called by operator new and operator delete: never allocates, never locks. [any]
void count_memory(std::uint16_t tag, std::int64_t bytes, std::int64_t blocks) noexcept;
/// True once operator new counts (core/app/counted_new.cpp is linked in). [any]
bool memory_is_counted() noexcept;
/// [any]
void say_memory_is_counted() noexcept;

/// For the table of breadcrumbs: what the thread in place `slot` uses. Never freed. [any]
ThreadUsage& thread_usage(std::size_t slot);
LiveFigures* thread_live_figures(std::size_t slot) noexcept;

}  // namespace cairn::core
