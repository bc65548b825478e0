#include <plugins/gateway/ip_limits.hpp>

#include <algorithm>
#include <iterator>

#include <plugins/gateway/settings.hpp>

namespace cairn::gateway {

bool IpLimits::enter_total() noexcept {
    const std::lock_guard lock(mutex_);
    if (open_ >= options_.total) return false;
    ++open_;
    return true;
}

void IpLimits::leave_total() noexcept {
    const std::lock_guard lock(mutex_);
    --open_;
}

IpLimits::Verdict IpLimits::enter(const IpAddress& address, std::chrono::steady_clock::time_point now) {
    if (options_.exempt.contains(address)) return Verdict::admitted;
    const std::lock_guard lock(mutex_);
    if (visitors_.size() >= forget_at_) forget_quiet(now);
    auto [place, fresh] = visitors_.try_emplace(address.household());
    Visitor& visitor = place->second;
    if (fresh) {
        visitor.tokens = static_cast<double>(options_.burst);
        visitor.refilled = now;
    }
    refill(visitor, now);
    if (visitor.open >= options_.per_address) return Verdict::too_many;
    if (visitor.tokens < 1) return Verdict::too_fast;
    visitor.tokens -= 1;
    ++visitor.open;
    return Verdict::admitted;
}

void IpLimits::leave(const IpAddress& address) noexcept {
    if (options_.exempt.contains(address)) return;
    const std::lock_guard lock(mutex_);
    const auto place = visitors_.find(address.household());
    if (place != visitors_.end() && place->second.open > 0) --place->second.open;
}

std::size_t IpLimits::open() const noexcept {
    const std::lock_guard lock(mutex_);
    return open_;
}

std::size_t IpLimits::remembered() const {
    const std::lock_guard lock(mutex_);
    return visitors_.size();
}

void IpLimits::refill(Visitor& visitor, std::chrono::steady_clock::time_point now) const noexcept {
    const std::chrono::duration<double> passed = now - visitor.refilled;
    const std::chrono::duration<double> per = options_.rate.per;
    visitor.refilled = now;
    visitor.tokens = std::min(static_cast<double>(options_.burst),
                              visitor.tokens + passed.count() / per.count() * static_cast<double>(options_.rate.count));
}

void IpLimits::forget_quiet(std::chrono::steady_clock::time_point now) {
    // Somebody with nothing open and a full bucket is treated like a stranger anyway.
    for (auto place = visitors_.begin(); place != visitors_.end();) {
        refill(place->second, now);
        const bool quiet = place->second.open == 0 && place->second.tokens >= static_cast<double>(options_.burst);
        place = quiet ? visitors_.erase(place) : std::next(place);
    }
    forget_at_ = std::max<std::size_t>(1024, visitors_.size() * 2);
}

IpLimits::Options limit_options(const Settings& settings) {
    IpLimits::Options options;
    options.total = static_cast<std::size_t>(settings.limits.max_connections);
    options.per_address = static_cast<std::size_t>(settings.limits.per_ip);
    options.rate = settings.limits.connect_rate;
    options.burst = static_cast<std::size_t>(settings.limits.connect_burst);
    options.exempt = NetworkSet(settings.limits.per_ip_exempt);
    return options;
}

}  // namespace cairn::gateway
