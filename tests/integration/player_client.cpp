#include "tests/integration/player_client.hpp"

#include <algorithm>
#include <stdexcept>

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>

namespace cairn::test {

using Poco::Net::WebSocket;
using Clock = std::chrono::steady_clock;

PlayerClient::PlayerClient(std::uint16_t port, const std::string& origin) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port);
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, "/ws", Poco::Net::HTTPMessage::HTTP_1_1);
    if (!origin.empty()) request.set("Origin", origin);
    Poco::Net::HTTPResponse response;
    socket_ = std::make_unique<WebSocket>(session, request, response);
    socket_->setMaxPayloadSize(4 << 20);
}

PlayerClient::~PlayerClient() = default;

void PlayerClient::send_text(const std::string& text) {
    try {
        socket_->sendFrame(text.data(), static_cast<int>(text.size()), WebSocket::FRAME_TEXT);
    } catch (const Poco::Exception&) {
        ended_ = true;
    }
}

std::int64_t PlayerClient::request(const std::string& type, const Document& d) {
    const std::int64_t id = next_id_++;
    send_text(Document{{"t", type}, {"id", id}, {"d", d}}.to_json());
    return id;
}

void PlayerClient::tell(const std::string& type, const Document& d) { send_text(Document{{"t", type}, {"d", d}}.to_json()); }

bool PlayerClient::receive(std::chrono::milliseconds within) {
    if (ended_) return false;
    try {
        if (!socket_->poll(Poco::Timespan(within.count() * 1000), Poco::Net::Socket::SELECT_READ)) return false;
        Poco::Buffer<char> frame(0);
        int flags = 0;
        const int size = socket_->receiveFrame(frame, flags);
        const int opcode = flags & WebSocket::FRAME_OP_BITMASK;
        if (opcode == WebSocket::FRAME_OP_PING) {
            socket_->sendFrame(frame.begin(), size, WebSocket::FRAME_FLAG_FIN | int{WebSocket::FRAME_OP_PONG});
            return true;
        }
        if (opcode == WebSocket::FRAME_OP_PONG) return true;
        if (opcode == WebSocket::FRAME_OP_CLOSE || (size == 0 && flags == 0)) {
            if (size >= 2) {
                const auto* bytes = reinterpret_cast<const unsigned char*>(frame.begin());
                close_code_ = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
            }
            ended_ = true;
            return false;
        }
        Document message = Document::parse_json(std::string_view(frame.begin(), static_cast<std::size_t>(size)));
        if (message["t"].text() == "space.state") {
            for (const auto& member : message["d"].members()) {
                if (!member.value.is_list()) continue;
                auto found = std::find_if(state_.begin(), state_.end(), [&](const auto& s) { return s.first == member.key; });
                if (found == state_.end()) found = state_.insert(state_.end(), {member.key, {}});
                found->second.insert(found->second.end(), member.value.items().begin(), member.value.items().end());
            }
        }
        waiting_.push_back(std::move(message));
        return true;
    } catch (const Poco::Exception&) {
        ended_ = true;
        return false;
    }
}

const std::vector<Document>& PlayerClient::state(const std::string& section) const {
    static const std::vector<Document> none;
    for (const auto& [name, items] : state_) {
        if (name == section) return items;
    }
    return none;
}

std::optional<Document> PlayerClient::wait(const std::function<bool(const Document&)>& wanted,
                                           std::chrono::milliseconds within) {
    const auto deadline = Clock::now() + within;
    for (std::size_t next = 0;;) {
        for (; next < waiting_.size(); ++next) {
            if (!wanted(waiting_[next])) continue;
            Document found = waiting_[next];
            waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(next));
            return found;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || ended_) return std::nullopt;
        receive(left);
    }
}

std::optional<Document> PlayerClient::wait_event(const std::string& type, std::chrono::milliseconds within) {
    return wait([&](const Document& message) { return message["t"].text() == type; }, within);
}

std::optional<Document> PlayerClient::wait_reply(std::int64_t id, std::chrono::milliseconds within) {
    return wait([&](const Document& message) { return message["re"].integer_or(-1) == id; }, within);
}

Document PlayerClient::ask(const std::string& type, const Document& d) {
    return wait_reply(request(type, d)).value_or(Document());
}

Document PlayerClient::enter(const std::string& space, const std::string& name, const std::string& resume) {
    Document hello{{"client", "test"}, {"name", name}, {"space", space}};
    if (!resume.empty()) hello.set("resume", Document{{"token", resume}, {"last", 0}});
    tell("hello", hello);
    const auto welcome = wait_event("welcome");
    if (!welcome) throw std::runtime_error("no welcome came");
    const auto last = wait([](const Document& message) {
        return message["t"].text() == "space.state" &&
               message["d"]["chunk"].integer_or(-1) + 1 == message["d"]["chunks"].integer_or(-2);
    });
    if (!last) throw std::runtime_error("no complete space.state came after " + welcome->to_json());
    return (*welcome)["d"];
}

}  // namespace cairn::test
