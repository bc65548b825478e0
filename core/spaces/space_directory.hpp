#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/loop.hpp>
#include <cairn/plugin.hpp>

namespace cairn::core {

struct HostCore;
class HostedSpace;

/// Which spaces are open, and on which loop. The one place where opening and closing meet: a space that somebody is on
/// the way to does not close, and a join that comes after it has closed opens it anew. All calls [any]; takes a lock,
/// never while it calls a plugin.
class SpaceDirectory {
public:
    explicit SpaceDirectory(HostCore& host);
    ~SpaceDirectory();

    /// The space `name`, opened when it is not; it will not close before arrived() has been called once for this.
    /// Throws what the source of spaces says, or Error(unavailable) while the host stops.
    std::shared_ptr<HostedSpace> reserve(const std::string& name);
    /// Somebody for whom reserve() was called has been let in or refused.
    void arrived(HostedSpace& space);
    /// Opens a space that shall be there from the start, or gives it back when it is open already.
    std::shared_ptr<HostedSpace> open(const SpaceSettings& settings);
    std::shared_ptr<HostedSpace> find(std::string_view name) const;
    std::vector<std::shared_ptr<HostedSpace>> all() const;
    std::size_t size() const;

    /// Takes an empty space out, unless somebody is on the way to it. True: it is yours to close. [space]
    bool retire(HostedSpace& space);
    /// No space opens any more.
    void stop_opening();
    /// A space has closed for good: `last_event` is the number of its last event. [space]
    void closed(HostedSpace& space, std::uint64_t last_event);
    /// Waits until no space is left; false when that took too long. [control]
    bool wait_until_empty(std::chrono::milliseconds at_most);

    /// What `space` still waits for before it can be joined; empty: it has loaded, or `failure` says why not.
    void loading(HostedSpace& space, std::string waiting_for, std::optional<Error> failure);
    /// Waits until all of `spaces` have loaded; every `period` tells what is awaited. Throws Error with the first
    /// failure. [control]
    void wait_until_loaded(const std::vector<std::shared_ptr<HostedSpace>>& spaces, std::chrono::milliseconds period,
                           const std::function<void(const std::string&)>& waiting);
    void player_moved(const HostedSpace& space, int change) noexcept;

private:
    struct Entry {
        std::shared_ptr<HostedSpace> space;
        std::size_t on_the_way = 0;
        bool permanent = false;
        bool loaded = false;
        std::string waiting_for = "being opened";
        std::optional<Error> failure;
    };
    using Entries = std::map<std::string, Entry, std::less<>>;
    /// REQUIRES: the lock is held and there is no such entry.
    Entry& create(const SpaceSettings& settings);
    std::size_t least_loaded();
    SpaceSettings resolve(const std::string& name, std::size_t open_on_demand);

    HostCore& host_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Entries entries_;
    std::vector<std::shared_ptr<HostedSpace>> closing_;                      ///< retired, on their way out
    std::map<const HostedSpace*, std::shared_ptr<HostedSpace>> successors_;  ///< open once that one has closed
    std::vector<std::int64_t> players_on_;                                   ///< by loop
    std::vector<std::int64_t> spaces_on_;
    std::size_t next_loop_ = 0;
    std::size_t made_ = 0;
    std::uint64_t last_event_ = 0;  ///< the largest number of a closed space: whoever opens again goes on above it
    bool stopped_ = false;
};

}  // namespace cairn::core
