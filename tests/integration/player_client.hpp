#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cairn/document.hpp>

#include <Poco/Net/WebSocket.h>

namespace cairn::test {

/// A player's program over Poco::Net::WebSocket, blocking, for one thread. Everything received is kept in order.
class PlayerClient {
public:
    /// Connects to ws://127.0.0.1:port/ws; throws Poco::Exception when refused.
    explicit PlayerClient(std::uint16_t port, const std::string& origin = {});
    ~PlayerClient();

    /// Sends `{"t": type, "id"?: …, "d": d}`. Returns the id.
    std::int64_t request(const std::string& type, const Document& d);
    void tell(const std::string& type, const Document& d);
    void send_text(const std::string& text);

    /// Says hello into `space` and waits for `welcome` and the last chunk of `space.state`. Returns welcome's `d`.
    Document enter(const std::string& space, const std::string& name, const std::string& resume = {});

    /// The next message that fulfils `wanted`, looking at those already received first (each is given out once);
    /// nullopt after `within` or when the connection has ended.
    std::optional<Document> wait(const std::function<bool(const Document&)>& wanted,
                                 std::chrono::milliseconds within = std::chrono::seconds(10));
    std::optional<Document> wait_event(const std::string& type, std::chrono::milliseconds within = std::chrono::seconds(10));
    std::optional<Document> wait_reply(std::int64_t id, std::chrono::milliseconds within = std::chrono::seconds(10));
    /// Sends a request and waits for its reply. Null Document when none came.
    Document ask(const std::string& type, const Document& d);

    bool ended() const noexcept { return ended_; }
    std::uint16_t close_code() const noexcept { return close_code_; }  ///< once ended; 0: no close frame came
    /// The parts of `space.state` seen so far, joined by section.
    const std::vector<Document>& state(const std::string& section) const;
    Poco::Net::WebSocket& socket() noexcept { return *socket_; }

private:
    bool receive(std::chrono::milliseconds within);
    std::unique_ptr<Poco::Net::WebSocket> socket_;
    std::vector<Document> waiting_;
    std::vector<std::pair<std::string, std::vector<Document>>> state_;
    std::string buffer_;
    std::int64_t next_id_ = 1;
    std::uint16_t close_code_ = 0;
    bool ended_ = false;
};

}  // namespace cairn::test
