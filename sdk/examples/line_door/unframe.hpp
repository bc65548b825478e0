#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace line_door {

/// Turns the bytes of a session, which are WebSocket frames (RFC 6455 section 5.2, unmasked as servers send them), into
/// lines. Takes them in any pieces.
class Unframe {
public:
    /// Appends the payloads in `wire` to `out`, a line feed after each message.
    void feed(std::string_view wire, std::string& out) {
        for (std::size_t at = 0; at < wire.size();) {
            if (left_ > 0) {
                const std::string_view some = wire.substr(at, left_);
                if (!control_) out += some;
                at += some.size();
                left_ -= some.size();
                if (left_ == 0) end(out);
                continue;
            }
            head_ += wire[at++];
            if (head_.size() < 2) continue;
            const auto length = static_cast<unsigned char>(head_[1]) & 0x7fu;
            const std::size_t more = length == 127 ? 8 : length == 126 ? 2 : 0;
            if (head_.size() < 2 + more) continue;
            left_ = more == 0 ? length : 0;
            for (std::size_t i = 2; i < head_.size(); ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[i]);
            control_ = (static_cast<unsigned char>(head_[0]) & 0x08u) != 0;  // ping, pong, close: not for line readers
            head_.clear();
            if (left_ == 0) end(out);
        }
    }

private:
    void end(std::string& out) {
        if (!control_) out += '\n';
    }

    std::string head_;
    std::uint64_t left_ = 0;
    bool control_ = false;
};

}  // namespace line_door
