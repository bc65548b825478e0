#include "sdk/testkit/src/wire.hpp"

#include <utility>

#include "sdk/testkit/src/host_impl.hpp"

namespace cairn::testkit {
namespace {

Error error_of(const Document& err) {
    Code code = Code::internal;
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
        if (code_name(static_cast<Code>(i)) == err["code"].text()) code = static_cast<Code>(i);
    Error error(code, std::string(err["message"].text()));
    if (err.find("field") != nullptr) error.at(std::string(err["field"].text()));
    error.retry_after(std::chrono::milliseconds(err["retry_after_ms"].integer_or(0)));
    return error;
}

}  // namespace

/// The connection beneath a player; another one after resume().
struct Player::State::Wire final : Connection, std::enable_shared_from_this<Player::State::Wire> {
    Wire(std::weak_ptr<State> of, ManualLoop& on) : player(std::move(of)), loop(on) {}
    void wake() override { flush_soon(); }
    void close(std::uint16_t code, std::string_view reason) override {
        taken.close(code, reason);
        flush_soon();
    }
    void flush_soon() {
        if (std::exchange(asked, true)) return;
        loop.at_turn_end([weak = weak_from_this()] {
            const auto wire = weak.lock();
            if (!wire) return;
            wire->asked = false;
            if (const auto self = wire->player.lock(); self && self->wire == wire) self->flush();
        });
    }

    const std::weak_ptr<State> player;
    ManualLoop& loop;
    FakeConnection taken;
    std::unique_ptr<Session> session;
    std::size_t read = 0;  ///< of taken.messages
    bool asked = false;
};

Player::State::~State() = default;

std::string Player::State::who() const {
    return !name.empty() ? name : !wished.empty() ? wished : "a guest";
}

void Player::State::connect(JoinOptions how) {
    options = std::move(how);
    Life& life = *host->life;
    const std::size_t index = host->random ? host->pick(life.loops->size()) : host->next_loop++ % life.loops->size();
    ManualLoop& loop = life.loops->at(index);
    wire = std::make_shared<Wire>(weak_from_this(), loop);
    if (room) wire->taken.room(*room);
    close_code = 0;
    close_reason.clear();
    ConnectionInfo info;
    info.remote = options.remote;
    info.user_agent = options.user_agent;
    info.codec = "cairn.v1+json";
    info.local = true;
    loop.enter([&] {
        try {
            wire->session = life.spaces->open(loop, *wire, info);
        } catch (const Error& error) {
            wire.reset();
            throw Failure(who() + " could not connect: " + error.what());
        }
    });
}

Request Player::State::hello() {
    Document d{{"client", "cairn-testkit"}, {"name", wished}};
    std::string token = options.token;
    if (!options.roles.empty()) {
        if (!host->life->easy_identity)
            throw Failure("JoinOptions::roles is for the built-in identity; here a plugin decides who " + who() + " is");
        token = EasyIdentity::kRoles;
        for (const std::string& role : options.roles) token += role + ",";
    }
    if (!token.empty()) d.set("token", token);
    if (!resume.empty()) d.set("resume", {{"token", resume}});
    return send("hello", d);
}

Request Player::State::send(std::string_view type, const Document& d) {
    return send_json(type, d.is_null() ? std::string("{}") : d.to_json());
}

Request Player::State::send_json(std::string_view type, std::string_view d_json) {
    Request request;
    request.state_ = std::make_shared<Request::State>();
    const std::int64_t number = next_id_++;
    waiting_[number] = request.state_;
    std::string text = Document{{"t", type}, {"id", number}}.to_json();
    text.pop_back();
    text.append(",\"d\":").append(d_json).append("}");
    raw(text);
    return request;
}

void Player::State::raw(std::string_view message) {
    if (!wire || !wire->session) {
        throw Failure(who() + " is not connected" +
                      (close_code == 0 ? std::string()
                                       : ": the host closed with " + std::to_string(close_code) + ", " + close_reason));
    }
    wire->loop.enter([&] { wire->session->receive(message); });
}

void Player::State::drop() {
    if (!wire) return;
    const std::shared_ptr<Wire> old = std::exchange(wire, nullptr);
    n = 0;
    space.clear();
    old->loop.enter([&] { old->session.reset(); });
}

void Player::State::read_at_most(std::optional<std::size_t> bytes) {
    room = bytes;
    if (!wire) return;
    if (bytes)
        wire->taken.room(*bytes);
    else
        wire->taken.unlimited();
    wire->loop.enter([this] { flush(); });
}

void Player::State::flush() {
    const std::shared_ptr<Wire> mine = wire;
    if (!mine || !mine->session) return;
    mine->taken.flush(*mine->session);
    for (; mine->read < mine->taken.messages.size(); ++mine->read) heard(mine->taken.messages[mine->read]);
    if (mine->taken.closes == 0) return;
    close_code = mine->taken.close_code;
    close_reason = mine->taken.close_reason;
    drop();
}

void Player::State::heard(const Document& message) {
    if (const Document* re = message.find("re")) {
        const auto found = waiting_.find(re->integer_or(0));
        if (found == waiting_.end()) return;
        const auto request = found->second;
        waiting_.erase(found);
        if (const Document* err = message.find("err"))
            request->result.emplace(error_of(*err));
        else
            request->result.emplace(message["d"]);
        const Document& d = message["d"];
        if (d.find("space") != nullptr && d.find("n") != nullptr && d.size() == 2) {
            space = last_space = d["space"].text();
            n = static_cast<std::uint32_t>(d["n"].integer_or(0));
        }
        return;
    }
    const std::string type(message["t"].text());
    const Document& d = message["d"];
    if (type == "welcome") {
        id = d["player"].text();
        name = d["name"].text();
        resume = d["resume"].text();
    } else if (type == "space.state") {
        if (d["chunk"].integer_or(0) == 0) sections.clear();
        for (const Document::Member& member : d.members()) {
            if (!member.value.is_list()) continue;
            auto& section = sections[member.key];
            for (const Document& item : member.value.items()) section.push_back(item);
        }
    }
    events.push_back({type, d, message["s"].integer_or(0)});
}

}  // namespace cairn::testkit
