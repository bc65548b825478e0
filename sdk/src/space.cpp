#include <array>

#include <cairn/space.hpp>

namespace cairn {

std::string_view leave_reason_name(LeaveReason reason) noexcept {
    static constexpr std::array<std::string_view, 5> kNames{"left", "disconnected", "replaced", "kicked", "closing"};
    const auto index = static_cast<std::size_t>(reason);
    return index < kNames.size() ? kNames[index] : kNames.front();
}

Reply::Target::~Target() = default;

Reply::~Reply() {
    if (!target_) return;
    // A destructor may run while another exception is on its way; nothing may leave it.
    try {
        target_->refuse(Error(Code::internal, "the request was not answered; this is a fault of the server"));
    } catch (...) {
    }
}

// Each answer first takes the target away: should answering throw, the destructor must not answer a second time.

void Reply::ok(const Document& d) {
    if (!target_) return;
    const auto target = std::move(target_);
    target->ok(d.is_null() ? std::string("{}") : d.to_json());
}

void Reply::ok_json(std::string_view d_json) {
    if (!target_) return;
    const auto target = std::move(target_);
    target->ok(d_json);
}

void Reply::refuse(const Error& error) {
    if (!target_) return;
    const auto target = std::move(target_);
    target->refuse(error);
}

}  // namespace cairn
