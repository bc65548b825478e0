#include <cairn/testkit/player.hpp>

#include <utility>

#include "sdk/testkit/src/host_impl.hpp"

namespace cairn::testkit {
namespace {

std::string in_words(const Error& error) {
    return std::string(code_name(error.code())) + (error.field().empty() ? "" : " at " + error.field()) + " (" +
           error.what() + ")";
}

}  // namespace

// ---- Request

bool Request::answered() const noexcept {
    return state_ && state_->result;
}

std::string Request::code() const {
    if (!answered()) return "none";
    return state_->result->ok() ? "ok" : std::string(code_name(state_->result->error().code()));
}

Result<Document> Request::result() const {
    if (!answered()) {
        throw Failure("the request has not been answered yet. Host::run() does what is due, Host::advance() lets time "
                      "pass; a store that is held answers after release().");
    }
    return *state_->result;
}

// ---- Player

Player::State& Player::state() const {
    if (!state_) throw Failure("this player has joined no host");
    if (state_->host == nullptr) throw Failure("the host of " + state_->who() + " has ended");
    state_->host->need_running();
    return *state_;
}

std::string Player::id() const {
    return state().id;
}
std::string Player::name() const {
    return state().name;
}
std::uint32_t Player::n() const {
    return state().n;
}
std::string Player::space() const {
    return state().space;
}

void Player::say(std::string_view type, const Document& d) const {
    const Result<Document> answer = ask(type, d);
    if (answer) return;
    throw Failure(state().who() + "'s " + std::string(type) + " " + d.to_json() + " was refused: " + in_words(answer.error()) +
                  ". Where a refusal is what you expect, use ask().");
}

Result<Document> Player::ask(std::string_view type, const Document& d) const {
    const Request request = begin(type, d);
    state().host->settle();
    state().host->surface();
    if (!request.answered())
        throw Failure(state().who() + "'s " + std::string(type) +
                      " was not answered although everything that is due has been done. If its answer takes time or the "
                      "store is held, use begin().");
    return request.result();
}

Request Player::begin(std::string_view type, const Document& d) const {
    return state().send(type, d);
}

Request Player::begin_json(std::string_view type, std::string_view d_json) const {
    return state().send_json(type, d_json);
}

void Player::raw(std::string_view message) const {
    State& self = state();
    self.raw(message);
    self.host->settle();
    self.host->surface();
}

Document Player::received(std::string_view type) const {
    const std::vector<Document> found = all(type);
    if (!found.empty()) return found.back();
    const State& self = state();
    std::string heard;
    for (const Event& event : self.events) heard += (heard.empty() ? "" : ", ") + event.type;
    throw Failure(self.who() + " never received " + std::string(type) + "; he received " +
                  (heard.empty() ? "nothing" : heard) + ".");
}

std::vector<Document> Player::all(std::string_view type) const {
    std::vector<Document> found;
    for (const Event& event : events())
        if (event.type == type) found.push_back(event.d);
    return found;
}

std::vector<Event> Player::events() const {
    State& self = state();
    self.host->settle();
    self.host->surface();
    return self.events;
}

void Player::forget() const {
    state().events.clear();
}

std::vector<Document> Player::state(std::string_view name) const {
    State& self = state();
    self.host->settle();
    const auto found = self.sections.find(std::string(name));
    return found == self.sections.end() ? std::vector<Document>() : found->second;
}

void Player::enter(std::string_view space) const {
    const Result<Document> answer = try_enter(space);
    if (!answer)
        throw Failure(state().who() + " could not enter " + std::string(space) + ": " + in_words(answer.error()));
}

Result<Document> Player::try_enter(std::string_view space) const {
    State& self = state();
    self.sections.clear();
    return ask("space.join", {{"space", space}});
}

void Player::leave() const {
    say("space.leave");
    State& self = state();
    self.space.clear();
    self.n = 0;
}

void Player::drop() const {
    State& self = state();
    self.drop();
    self.host->settle();
    self.host->surface();
}

void Player::resume() const {
    State& self = state();
    self.drop();
    self.connect(self.options);
    const Request hello = self.hello();
    self.host->settle();
    if (!hello.answered() || !hello.result()) {
        throw Failure(self.who() + " could not come back: " +
                      (hello.answered() ? in_words(hello.result().error()) : std::string("no answer to hello")));
    }
    if (!self.last_space.empty()) enter(self.last_space);
}

bool Player::connected() const {
    State& self = state();
    self.host->settle();
    return self.wire != nullptr;
}
std::uint16_t Player::close_code() const {
    State& self = state();
    self.host->settle();
    return self.close_code;
}
std::string Player::close_reason() const {
    State& self = state();
    self.host->settle();
    return self.close_reason;
}

void Player::read_only(std::size_t bytes) const {
    state().read_at_most(bytes);
}

void Player::read_all() const {
    state().read_at_most(std::nullopt);
}

}  // namespace cairn::testkit
