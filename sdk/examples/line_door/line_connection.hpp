#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/loop.hpp>
#include <cairn/session.hpp>

#include "unframe.hpp"

namespace line_door {

/// One TCP connection that speaks one JSON message per line. Lives on one loop. [loop]
class LineConnection final : public cairn::IoHandler, public cairn::Connection {
public:
    static constexpr std::size_t kLongestLine = 65536;  ///< bytes; who sends more is told so and let go

    /// Takes `fd`, a connected, non-blocking socket. `gone` is called, once, when the connection has ended; the object may
    /// be destroyed from then on, but not inside the call.
    LineConnection(int fd, std::string remote, cairn::Loop& loop, cairn::Sessions& sessions,
                   std::function<void(LineConnection&)> gone);
    ~LineConnection() override;
    LineConnection(const LineConnection&) = delete;
    LineConnection& operator=(const LineConnection&) = delete;

    /// Begins to read. Apart from the constructor, for it may end the connection at once.
    void open();
    /// Says `bye` and closes.
    void shut();

    // IoHandler
    void on_io(bool readable, bool writable, bool hangup) override;
    // Connection
    void wake() override;
    void close(std::uint16_t code, std::string_view reason) override;

private:
    void read();
    void write();
    void end();

    const int fd_;
    const std::string remote_;
    cairn::Loop& loop_;
    cairn::Sessions& sessions_;
    std::function<void(LineConnection&)> gone_;
    std::unique_ptr<cairn::Session> session_;
    Unframe unframe_;
    std::string in_;
    std::string out_;
    bool write_due_ = false;
    bool closing_ = false;
    bool ended_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace line_door
