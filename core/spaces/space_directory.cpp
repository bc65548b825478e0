#include "core/spaces/space_directory.hpp"

#include <algorithm>
#include <utility>

#include "core/plugins/call_fence.hpp"
#include "core/spaces/host_core.hpp"
#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

SpaceDirectory::SpaceDirectory(HostCore& host)
    : host_(host), players_on_(host.env.loops->size()), spaces_on_(host.env.loops->size()) {}

SpaceDirectory::~SpaceDirectory() = default;

SpaceSettings SpaceDirectory::resolve(const std::string& name, std::size_t open_on_demand) {
    if (!host_.env.source) {
        if (!name.empty() && name != host_.options.default_space)
            throw Error(Code::not_found, "there is no space \"" + name + "\" here; the only one is \"" +
                                             host_.options.default_space + "\"")
                .at("d.space");
        SpaceSettings settings;
        settings.id = host_.options.default_space;
        settings.permanent = true;
        return settings;
    }
    SpaceSettings settings;
    const auto outcome = fenced(CallSite{"space_source", nullptr, "resolve"},
                                [&] { settings = host_.env.source->resolve(name, open_on_demand); });
    if (outcome) throw outcome->error;
    if (settings.id.empty()) settings.id = name;
    return settings;
}

std::shared_ptr<HostedSpace> SpaceDirectory::reserve(const std::string& name) {
    std::size_t on_demand = 0;
    {
        const std::lock_guard lock(mutex_);
        if (stopped_)
            throw Error(Code::unavailable, "the server is stopping").retry_after(std::chrono::milliseconds(1000));
        if (const auto found = entries_.find(name); found != entries_.end()) {
            ++found->second.on_the_way;
            return found->second.space;
        }
        for (const auto& [id, entry] : entries_) on_demand += entry.permanent ? 0 : 1;
    }
    const SpaceSettings settings = resolve(name, on_demand);
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Error(Code::unavailable, "the server is stopping").retry_after(std::chrono::milliseconds(1000));
    // Somebody else may have been faster; and the source may know the space under another name.
    const auto found = entries_.find(settings.id);
    Entry& entry = found != entries_.end() ? found->second : create(settings);
    ++entry.on_the_way;
    return entry.space;
}

void SpaceDirectory::arrived(HostedSpace& space) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(space.id());
    if (found != entries_.end() && found->second.space.get() == &space && found->second.on_the_way > 0)
        --found->second.on_the_way;
}

std::shared_ptr<HostedSpace> SpaceDirectory::open(const SpaceSettings& settings) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(settings.id);
    return found != entries_.end() ? found->second.space : create(settings).space;
}

SpaceDirectory::Entry& SpaceDirectory::create(const SpaceSettings& settings) {
    const std::size_t on = least_loaded();
    Loop& loop = host_.env.loops->at(on);
    auto space = std::make_shared<HostedSpace>(host_.shared_from_this(), settings, loop, made_++, last_event_);
    Entry& entry = entries_[settings.id];
    entry.space = space;
    entry.permanent = settings.permanent;
    ++spaces_on_[on];
    host_.metrics.spaces.set(static_cast<double>(entries_.size()));
    // A space of that name may still be on its way out, with last words to the store: the new one begins after it.
    const auto before =
        std::find_if(closing_.begin(), closing_.end(), [&](const auto& one) { return one->id() == settings.id; });
    if (before != closing_.end())
        successors_[before->get()] = space;
    else
        loop.post([space] { space->open(); });
    return entry;
}

std::size_t SpaceDirectory::least_loaded() {
    // Players weigh, and a space counts as much as one more; among equals it goes round.
    std::size_t best = next_loop_ % players_on_.size();
    for (std::size_t step = 1; step < players_on_.size(); ++step) {
        const std::size_t i = (next_loop_ + step) % players_on_.size();
        if (players_on_[i] + spaces_on_[i] < players_on_[best] + spaces_on_[best]) best = i;
    }
    next_loop_ = best + 1;
    return best;
}

void SpaceDirectory::player_moved(const HostedSpace& space, int change) noexcept {
    const std::lock_guard lock(mutex_);
    players_on_[space.loop().index()] += change;
}

std::shared_ptr<HostedSpace> SpaceDirectory::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second.space;
}

std::vector<std::shared_ptr<HostedSpace>> SpaceDirectory::all() const {
    std::vector<std::shared_ptr<HostedSpace>> spaces;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) spaces.push_back(entry.space);
    return spaces;
}

std::size_t SpaceDirectory::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

bool SpaceDirectory::retire(HostedSpace& space) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(space.id());
    if (found == entries_.end() || found->second.space.get() != &space || found->second.on_the_way > 0) return false;
    closing_.push_back(std::move(found->second.space));
    entries_.erase(found);
    host_.metrics.spaces.set(static_cast<double>(entries_.size()));
    return true;
}

void SpaceDirectory::stop_opening() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
}

void SpaceDirectory::closed(HostedSpace& space, std::uint64_t last_event) {
    std::shared_ptr<HostedSpace> keep;  // its end must not come under the lock
    const std::lock_guard lock(mutex_);
    last_event_ = std::max(last_event_, last_event);
    if (const auto next = successors_.find(&space); next != successors_.end()) {
        next->second->loop().post([successor = next->second] { successor->open(); });
        successors_.erase(next);
    }
    --spaces_on_[space.loop().index()];
    const auto retired =
        std::find_if(closing_.begin(), closing_.end(), [&](const auto& one) { return one.get() == &space; });
    if (retired != closing_.end()) {
        keep = std::move(*retired);
        closing_.erase(retired);
    } else if (const auto found = entries_.find(space.id());
               found != entries_.end() && found->second.space.get() == &space) {
        keep = std::move(found->second.space);
        entries_.erase(found);
    }
    host_.metrics.spaces.set(static_cast<double>(entries_.size()));
    changed_.notify_all();
}

bool SpaceDirectory::wait_until_empty(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    while (host_.env.turn && !(entries_.empty() && closing_.empty())) {
        lock.unlock();
        const bool goes_on = host_.env.turn();
        lock.lock();
        if (!goes_on) break;
    }
    return changed_.wait_for(lock, at_most, [this] { return entries_.empty() && closing_.empty(); });
}

void SpaceDirectory::loading(HostedSpace& space, std::string waiting_for, std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(space.id());
    if (found == entries_.end() || found->second.space.get() != &space) return;
    Entry& entry = found->second;
    entry.waiting_for = std::move(waiting_for);
    if (failure) entry.failure = std::move(failure);
    entry.loaded = entry.waiting_for.empty();
    changed_.notify_all();
}

void SpaceDirectory::wait_until_loaded(const std::vector<std::shared_ptr<HostedSpace>>& spaces,
                                       std::chrono::milliseconds period,
                                       const std::function<void(const std::string&)>& waiting) {
    std::unique_lock lock(mutex_);
    auto say_at = std::chrono::steady_clock::now() + period;
    while (true) {
        std::string still;
        for (const auto& space : spaces) {
            const auto found = entries_.find(space->id());
            if (found == entries_.end() || found->second.space != space) continue;
            if (found->second.failure) throw Error(*found->second.failure);
            if (!found->second.loaded)
                still += (still.empty() ? "space " : ", space ") + space->id() + ": " + found->second.waiting_for;
        }
        if (still.empty()) return;
        if (host_.env.turn) {
            lock.unlock();
            if (!host_.env.turn()) throw Error(Code::unavailable, "nothing goes on that " + still + " waits for");
            lock.lock();
            continue;
        }
        if (changed_.wait_until(lock, say_at) != std::cv_status::timeout) continue;
        say_at += period;
        lock.unlock();
        if (waiting) waiting(still);
        lock.lock();
    }
}

}  // namespace cairn::core
