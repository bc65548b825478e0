#include "core/observe/plugin_usage.hpp"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/observe/breadcrumb_table.hpp"

namespace cairn::core {

/// Stable places for a thread's cells. The thread adds under the mutex, readers read under it; the thread itself finds what
/// it has without.
struct ThreadUsage::Cells {
    mutable std::mutex mutex;
    std::deque<UsageCell> all;
};

namespace {

using Took = std::array<std::uint64_t, kTookBuckets>;

/// A plugin can name as many handlers as it likes; more than this on one thread share one cell per plugin.
constexpr std::size_t kCellsPerThread = 2048;
constexpr const char* kHost = "core";

const std::array<std::int64_t, kTookBuckets> kBounds = [] {
    std::array<std::int64_t, kTookBuckets> bounds{};
    for (std::size_t i = 0; i + 1 < kTookBuckets; ++i)
        bounds[i] = static_cast<std::int64_t>(1000 * std::pow(2.0, static_cast<double>(i) / 2));
    bounds.back() = std::numeric_limits<std::int64_t>::max();
    return bounds;
}();

std::size_t bucket_of(std::int64_t ns) noexcept {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)) / 1000;
    const auto octave = static_cast<std::size_t>(std::bit_width(us));
    std::size_t bucket = std::min(octave == 0 ? 0 : 2 * (octave - 1), kTookBuckets - 1);
    while (kBounds[bucket] < ns) ++bucket;
    return bucket;
}

/// Only the owner writes, so no locked instruction is needed.
template <class Number, class Amount>
void add(std::atomic<Number>& to, Amount amount) noexcept {
    to.store(to.load(std::memory_order_relaxed) + static_cast<Number>(amount), std::memory_order_relaxed);
}

struct Tags {
    std::mutex mutex;
    std::map<std::string, std::uint16_t, std::less<>> by_name;
    std::array<const char*, kPluginTags> names{};
};
Tags& tags() {
    static auto& all = *new Tags;
    return all;
}

struct Threads {
    std::mutex mutex;
    std::array<std::unique_ptr<ThreadUsage>, kBreadcrumbSlots> by_slot;
};
Threads& threads() {
    static auto& all = *new Threads;
    return all;
}

LiveFigures live_by_slot[kBreadcrumbSlots][kPluginTags];
LiveFigures live_of_others[kPluginTags];  // threads without a place of their own; several write
std::atomic<std::int64_t> jobs[kPluginTags];
std::atomic<bool> counts_memory{false};

void sum(const UsageCell& cell, std::map<std::string_view, std::map<std::string_view, HandlerUsage>>& into) {
    HandlerUsage& handler = into[cell.plugin][cell.handler];
    handler.handler = cell.handler;
    handler.self_ns += cell.self_ns.load(std::memory_order_relaxed);
    handler.calls += cell.calls.load(std::memory_order_relaxed);
    handler.took_ns += cell.took_ns.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < kTookBuckets; ++i) handler.took[i] += cell.took[i].load(std::memory_order_relaxed);
}

void add_live(PluginUsage& usage, std::size_t tag) {
    const auto add_from = [&](const LiveFigures& figures) {
        usage.live_bytes += figures.bytes.load(std::memory_order_relaxed);
        usage.live_blocks += figures.blocks.load(std::memory_order_relaxed);
    };
    for (const auto& slot : live_by_slot) add_from(slot[tag]);
    add_from(live_of_others[tag]);
}

}  // namespace

ThreadUsage::ThreadUsage() : cells_(new Cells) {}

ThreadUsage::Nanoseconds ThreadUsage::now() const noexcept {
    timespec time{};
    clock_gettime(passing_ ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * Nanoseconds{1'000'000'000} + time.tv_nsec;
}

ThreadUsage::Entered ThreadUsage::enter(const CallSite& site) noexcept {
    const Nanoseconds at = now();
    if (current_) add(current_->self_ns, at - since_);
    UsageCell* const before = current_;
    current_ = cell(site);
    since_ = at;
    return {before, at, current_ ? current_->tag : std::uint16_t{0}};
}

void ThreadUsage::leave(const Entered& entered) noexcept {
    const Nanoseconds at = now();
    if (current_) {
        add(current_->self_ns, at - since_);
        add(current_->calls, 1);
        if (passing_) {
            add(current_->took_ns, at - entered.at);
            add(current_->took[bucket_of(at - entered.at)], 1);
        }
    }
    current_ = entered.before;
    since_ = at;
}

UsageCell* ThreadUsage::cell(const CallSite& site) noexcept {
    const char* const plugin = site.plugin ? site.plugin : kHost;
    const char* const handler = site.handler ? site.handler : "";
    const auto mixed = (reinterpret_cast<std::uintptr_t>(plugin) >> 3) ^ (reinterpret_cast<std::uintptr_t>(handler) >> 3) * 31;
    UsageCell*& recent = recent_[(mixed ^ (mixed >> 8)) % recent_.size()];
    if (recent && recent->plugin == plugin && recent->handler == handler) return recent;
    const std::lock_guard lock(cells_->mutex);
    const bool full = cells_->all.size() >= kCellsPerThread;
    const auto known = [&](const UsageCell& cell) {
        return cell.plugin == plugin && (cell.handler == handler || (full && cell.handler[0] == '\0'));
    };
    if (const auto found = std::find_if(cells_->all.begin(), cells_->all.end(), known); found != cells_->all.end())
        return recent = &*found;
    try {
        UsageCell& made = cells_->all.emplace_back();
        made.plugin = plugin;
        made.handler = full ? "" : handler;
        made.tag = plugin_tag(plugin);
        return recent = &made;
    } catch (const std::bad_alloc&) {
        return nullptr;  // goes uncounted; the call itself matters more
    }
}

std::uint16_t plugin_tag(const char* plugin) noexcept {
    if (!plugin || std::string_view(plugin) == kHost) return 0;
    Tags& all = tags();
    const std::lock_guard lock(all.mutex);
    if (const auto found = all.by_name.find(std::string_view(plugin)); found != all.by_name.end()) return found->second;
    const std::size_t tag = all.by_name.size() + 1;
    if (tag >= kPluginTags) return 0;
    try {
        const auto at = all.by_name.emplace(plugin, static_cast<std::uint16_t>(tag)).first;
        all.names[tag] = at->first.c_str();
        return at->second;
    } catch (const std::bad_alloc&) {
        return 0;
    }
}

std::uint64_t PluginUsage::self_ns() const noexcept {
    std::uint64_t sum = 0;
    for (const HandlerUsage& handler : handlers) sum += handler.self_ns;
    return sum;
}

std::uint64_t PluginUsage::calls() const noexcept {
    std::uint64_t sum = 0;
    for (const HandlerUsage& handler : handlers) sum += handler.calls;
    return sum;
}

Took PluginUsage::took() const noexcept {
    Took all{};
    for (const HandlerUsage& handler : handlers)
        for (std::size_t i = 0; i < kTookBuckets; ++i) all[i] += handler.took[i];
    return all;
}

std::vector<PluginUsage> plugin_usage() {
    std::map<std::string_view, std::map<std::string_view, HandlerUsage>> cells;
    {
        Threads& all = threads();
        const std::lock_guard lock(all.mutex);
        for (const auto& thread : all.by_slot) {
            if (!thread) continue;
            const std::lock_guard cells_lock(thread->cells().mutex);
            for (const UsageCell& cell : thread->cells().all) sum(cell, cells);
        }
    }
    std::map<std::string_view, std::size_t> named{{kHost, 0}};
    {
        Tags& all = tags();
        const std::lock_guard lock(all.mutex);
        for (std::size_t tag = 1; tag < kPluginTags; ++tag)
            if (all.names[tag]) named.emplace(all.names[tag], tag);
    }
    for (const auto& [name, tag] : named) cells[name];
    std::vector<PluginUsage> usage;
    for (auto& [name, handlers] : cells) {
        PluginUsage& plugin = usage.emplace_back();
        plugin.plugin = name;
        for (auto& [handler, figures] : handlers) plugin.handlers.push_back(figures);
        const auto tag = named.find(name);
        if (tag == named.end()) continue;  // beyond kPluginTags: its memory and jobs are among the host's
        add_live(plugin, tag->second);
        plugin.jobs = jobs[tag->second].load(std::memory_order_relaxed);
    }
    return usage;
}

std::chrono::nanoseconds took_bound(std::size_t bucket) noexcept {
    return std::chrono::nanoseconds(kBounds[std::min(bucket, kTookBuckets - 1)]);
}

std::chrono::nanoseconds took_quantile(const Took& took, double share) noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t count : took) all += count;
    if (all == 0) return std::chrono::nanoseconds(0);
    const auto wanted = static_cast<std::uint64_t>(std::ceil(static_cast<double>(all) * std::clamp(share, 0.0, 1.0)));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kTookBuckets; ++i) {
        below += took[i];
        if (below >= wanted && below > 0) return took_bound(i);
    }
    return took_bound(kTookBuckets - 1);
}

void count_jobs(std::uint16_t tag, int change) noexcept {
    jobs[tag].fetch_add(change, std::memory_order_relaxed);
}

std::uint16_t current_plugin_tag() noexcept {
    const Breadcrumb* const crumb = breadcrumb_in_signal();
    return crumb ? crumb->tag : std::uint16_t{0};
}

void count_memory(std::uint16_t tag, std::int64_t bytes, std::int64_t blocks) noexcept {
    const Breadcrumb* const crumb = breadcrumb_in_signal();
    if (crumb && crumb->live) {
        add(crumb->live[tag].bytes, bytes);
        add(crumb->live[tag].blocks, blocks);
        return;
    }
    live_of_others[tag].bytes.fetch_add(bytes, std::memory_order_relaxed);
    live_of_others[tag].blocks.fetch_add(blocks, std::memory_order_relaxed);
}

bool memory_is_counted() noexcept {
    return counts_memory.load(std::memory_order_relaxed);
}

void say_memory_is_counted() noexcept {
    counts_memory.store(true, std::memory_order_relaxed);
}

ThreadUsage& thread_usage(std::size_t slot) {
    Threads& all = threads();
    const std::lock_guard lock(all.mutex);
    auto& usage = all.by_slot[slot];
    if (!usage) usage = std::make_unique<ThreadUsage>();
    return *usage;
}

LiveFigures* thread_live_figures(std::size_t slot) noexcept {
    return live_by_slot[slot];
}

}  // namespace cairn::core
