#include "core/spaces/player_book.hpp"

#include <algorithm>
#include <utility>

#include "core/spaces/host_session.hpp"

namespace cairn::core {

PlayerBook::Entry PlayerBook::enter(const std::string& id, const std::shared_ptr<HostSession>& session, Time now) {
    const std::lock_guard lock(mutex_);
    if (records_.size() >= sweep_at_) sweep(now);
    const auto known = records_.find(id);
    const bool here = known != records_.end() && !known->second->sessions_.empty();
    if (!here && online_ >= limits_.online) return {};
    Entry entry;
    entry.record = known != records_.end() ? known->second
                                           : records_.emplace(id, std::make_shared<PlayerRecord>(id)).first->second;
    if (!here) ++online_;
    auto& sessions = entry.record->sessions_;
    sessions.push_back(session);
    while (sessions.size() > std::max<std::size_t>(1, limits_.sessions)) {
        entry.oldest.push_back(std::move(sessions.front()));
        sessions.erase(sessions.begin());
    }
    return entry;
}

void PlayerBook::leave(PlayerRecord& record, const HostSession& session, Time now) {
    std::shared_ptr<HostSession> keep;  // its end must not come under the lock
    const std::lock_guard lock(mutex_);
    auto& sessions = record.sessions_;
    const auto place =
        std::find_if(sessions.begin(), sessions.end(), [&](const auto& one) { return one.get() == &session; });
    if (place == sessions.end()) return;
    keep = std::move(*place);
    sessions.erase(place);
    record.last_seen_ = now;
    if (sessions.empty()) --online_;
}

void PlayerBook::sweep(Time now) {
    const auto idle = [&](const PlayerRecord& record, bool names_too) {
        if (!record.sessions_.empty() || !record.buckets.full(now)) return false;
        return names_too || (!record.name_ && !record.avatar_) || now - record.last_seen_ > kRememberName;
    };
    std::erase_if(records_, [&](const auto& item) { return idle(*item.second, false); });
    // Names are a courtesy; they do not make the book grow without end.
    if (records_.size() > 4 * limits_.online)
        std::erase_if(records_, [&](const auto& item) { return idle(*item.second, true); });
    sweep_at_ = std::max<std::size_t>(1024, records_.size() * 2);
}

void PlayerBook::set_name(PlayerRecord& record, const std::string& name) {
    const std::lock_guard lock(mutex_);
    record.name_ = name;
}

void PlayerBook::set_avatar(PlayerRecord& record, const std::string& avatar) {
    const std::lock_guard lock(mutex_);
    record.avatar_ = avatar;
}

void PlayerBook::apply_names(const PlayerRecord& record, std::string& name, std::string& avatar) const {
    const std::lock_guard lock(mutex_);
    if (record.name_) name = *record.name_;
    if (record.avatar_) avatar = *record.avatar_;
}

std::vector<std::shared_ptr<HostSession>> PlayerBook::sessions_of(const PlayerRecord& record) const {
    const std::lock_guard lock(mutex_);
    return record.sessions_;
}

std::size_t PlayerBook::online() const {
    const std::lock_guard lock(mutex_);
    return online_;
}

std::size_t PlayerBook::records() const {
    const std::lock_guard lock(mutex_);
    return records_.size();
}

}  // namespace cairn::core
