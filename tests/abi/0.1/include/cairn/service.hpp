#pragma once

#include <concepts>
#include <memory>
#include <string_view>

namespace cairn {

/// A service is an interface with a name and a major version, found by those two and cast statically.
///
///     struct Weather {
///         static constexpr cairn::ServiceId kService{"example.weather", 1};
///         virtual ~Weather() = default;
///         virtual double temperature(const Vec3& at) = 0;   // say the thread tag of each call
///     };
struct ServiceId {
    std::string_view name;
    int major = 1;
};

template <class S>
concept ServiceInterface = requires {
    { S::kService } -> std::convertible_to<ServiceId>;
};

/// A service that this plugin asked for. Empty until the host has started the provider, that is before `start`;
/// stays valid until this plugin's `stop` has returned.
template <class S>
class Service {
public:
    Service() : slot_(std::make_shared<void*>(nullptr)) {}
    explicit Service(std::shared_ptr<void*> slot) noexcept : slot_(std::move(slot)) {}

    explicit operator bool() const noexcept { return *slot_ != nullptr; }
    S& operator*() const noexcept { return *static_cast<S*>(*slot_); }
    S* operator->() const noexcept { return static_cast<S*>(*slot_); }

private:
    std::shared_ptr<void*> slot_;
};

}  // namespace cairn
