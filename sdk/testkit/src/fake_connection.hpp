#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/session.hpp>

namespace cairn::testkit {

/// A transport that keeps what is written to it. By default the other end reads everything at once; with room(n) it
/// reads n bytes and no more, like a peer whose network hangs.
class FakeConnection final : public Connection {
public:
    void wake() override { woken = true; }
    void close(std::uint16_t code, std::string_view reason) override {
        ++closes;
        close_code = code;
        close_reason = reason;
    }

    /// How many more bytes the other end takes.
    void room(std::size_t bytes) noexcept { room_ = bytes; }
    void unlimited() noexcept { room_ = std::numeric_limits<std::size_t>::max(); }

    /// What a gateway does at the end of a turn: writes what the session has, as far as there is room.
    void flush(Session& session) {
        woken = false;
        while (room_ > 0) {
            std::array<std::string_view, 16> pieces;
            const std::size_t count = session.gather(pieces);
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < count && room_ > 0; ++i) {
                const std::string_view piece = pieces[i].substr(0, room_);
                wire_ += piece;
                bytes += piece.size();
                if (room_ != std::numeric_limits<std::size_t>::max()) room_ -= piece.size();
            }
            if (count == 0 || bytes == 0) break;
            session.written(bytes);
        }
        unframe();
    }

    std::vector<Document> messages;  ///< text frames, in order
    std::vector<std::string> texts;  ///< the same, as they came
    std::size_t controls = 0;        ///< ping and pong frames
    bool woken = false;
    int closes = 0;
    std::uint16_t close_code = 0;
    std::string close_reason;

private:
    /// RFC 6455 section 5.2, from the server: no mask, never fragmented.
    void unframe() {
        while (wire_.size() >= 2) {
            const auto byte = [&](std::size_t i) {
                return static_cast<std::size_t>(static_cast<unsigned char>(wire_[i]));
            };
            std::size_t header = 2;
            std::size_t length = byte(1);
            if (length == 126) {
                header = 4;
                if (wire_.size() < header) return;
                length = byte(2) << 8 | byte(3);
            } else if (length == 127) {
                header = 10;
                if (wire_.size() < header) return;
                length = 0;
                for (std::size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
            }
            if (wire_.size() < header + length) return;
            if ((byte(0) & 0x0f) == 1) {
                texts.push_back(wire_.substr(header, length));
                messages.push_back(Document::parse_json(texts.back()));
            } else {
                ++controls;
            }
            wire_.erase(0, header + length);
        }
    }

    std::string wire_;
    std::size_t room_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace cairn::testkit
