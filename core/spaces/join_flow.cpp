// HostSession: hello, join and leave. The order of things between a session and a space on another loop is kept by
// posting: a leave never overtakes a join, and an answer to a wish that has been overtaken is recognised by its ticket.
#include <utility>

#include <cairn/json.hpp>

#include "core/observe/log_sink.hpp"
#include "core/spaces/core_messages.hpp"
#include "core/spaces/host_core.hpp"
#include "core/spaces/host_session.hpp"
#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

namespace {

/// Joining may open a space, which reads from the store: a visitor who hops from room to room is fine, a storm is not.
constexpr Rate kJoins{60, Duration{60000}};

std::uint16_t close_code_for(Code code) noexcept {
    switch (code) {
        case Code::unauthenticated:
            return close_code::kAuth;
        case Code::forbidden:
            return close_code::kForbidden;
        case Code::bad_request:
        case Code::invalid_field:
            return close_code::kAuth;
        default:
            return close_code::kOverload;
    }
}

}  // namespace

// ---- hello
// -----------------------------------------------------------------------------------------------------------

void HostSession::on_hello(const Envelope& envelope) {
    if (stage_ != Stage::connected) return refuse(envelope, Error(Code::conflict, "`hello` has been said already"));
    HelloMessage hello;
    try {
        decode_message(struct_type<HelloMessage>(), &hello, envelope.d);
    } catch (const Error& error) {
        return refuse(envelope, error);
    }
    stage_ = Stage::admitting;
    if (hello_timer_ != 0) loop_.cancel(std::exchange(hello_timer_, 0));
    hello_asker_ = asker(envelope);
    hello_space_ = std::move(hello.space);

    services::Claim claim;
    claim.name = std::move(hello.name);
    claim.token = std::move(hello.token);
    claim.resume = hello.resume ? std::move(hello.resume->token) : std::string();
    claim.remote = info_.remote;
    claim.user_agent = info_.user_agent;
    const auto failed = fenced(CallSite{"identity", nullptr, "admit"}, [&] {
        host_->identity().admit(claim, [weak = weak_from_this(), &loop = loop_](Result<services::Admission> result) {
            loop.post([weak, result = std::move(result)]() mutable {
                if (const auto self = weak.lock()) self->admitted(std::move(result));
            });
        });
    });
    if (failed) admitted(failed->error);
}

void HostSession::admitted(Result<services::Admission> result) {
    if (stage_ != Stage::admitting) return;
    const Asker asker = *std::exchange(hello_asker_, std::nullopt);
    if (!result) {
        asker.refuse(result.error());
        return end(close_code_for(result.error().code()), result.error().what());
    }
    services::Admission& admission = result.value();
    PlayerBook::Entry entry = host_->players.enter(admission.id, shared_from_this(), host_->env.clock->steady());
    if (!entry.record) {
        const Error full = Error(Code::full, "the server is full").retry_after(std::chrono::milliseconds(5000));
        asker.refuse(full);
        return end(close_code::kOverload, full.what());
    }
    for (const auto& session : entry.oldest)
        session->end_soon(close_code::kReplaced, "too many connections of the same player; the oldest one goes");
    auto who = std::make_shared<PlayerIdentity>();
    who->id = std::move(admission.id);
    who->name = std::move(admission.name);
    who->avatar = std::move(admission.avatar);
    who->resume = std::move(admission.resume);
    who->roles = std::move(admission.roles);
    who->remote = info_.remote;
    who->user_agent = info_.user_agent;
    who->record = entry.record;
    host_->players.apply_names(*who->record, who->name, who->avatar);
    who_ = std::move(who);
    stage_ = Stage::admitted;
    if (!hello_space_.empty()) return start_join(std::move(hello_space_), asker, true);
    welcome(nullptr, {});
    asker.ok("{}");
}

void HostSession::welcome(const Joined* joined, std::string_view space) {
    const SpaceHost::Options& options = host_->options;
    std::string text;
    begin_event(text, "welcome", 0);
    JsonWriter json(text);
    json.begin_object().key("player").text(who_->id).key("name").text(who_->name);
    if (!who_->avatar.empty()) json.key("avatar").text(who_->avatar);
    if (joined) json.key("n").integer(joined->n).key("space").text(space);
    json.key("resume").text(who_->resume);
    json.key("heartbeat_ms").integer(options.heartbeat.count());
    json.key("limits").begin_object().key("message_bytes").integer(static_cast<std::int64_t>(options.max_message));
    json.key("messages").begin_object().key("count").integer(options.any_message.count);
    json.key("per_ms")
        .integer(options.any_message.per.count())
        .key("burst")
        .integer(2 * options.any_message.count)
        .end_object();
    json.end_object();
    json.key("features").begin_array();
    for (const BehaviourFactory& behaviour : host_->behaviours) json.text(behaviour.name);
    json.end_array();
    json.key("server_time")
        .integer(host_->env.clock->wall())
        .key("resumed")
        .boolean(false)
        .key("missed")
        .integer(0)
        .end_object();
    text += '}';
    push(Frame::make(text), Delivery::must, 0);
}

void HostSession::rename(std::shared_ptr<const PlayerIdentity> who) {
    on_loop([who = std::move(who)](HostSession& self) {
        if (self.who_) self.who_ = who;
    });
}

void HostSession::release_player() {
    hello_asker_.reset();  // it holds this very session
    if (who_) host_->players.leave(*who_->record, *this, host_->env.clock->steady());
}

// ---- join
// ------------------------------------------------------------------------------------------------------------

void HostSession::on_join(const Envelope& envelope) {
    JoinMessage join;
    try {
        decode_message(struct_type<JoinMessage>(), &join, envelope.d);
    } catch (const Error& error) {
        return refuse(envelope, error);
    }
    const auto wait = who_->record->buckets.joins().take(host_->env.clock->steady(), kJoins, kJoins.count);
    if (wait.count() != 0) {
        return refuse(envelope, Error(Code::rate_limited,
                                      "too many joins; " + std::to_string(kJoins.count) + " a minute are allowed")
                                    .retry_after(std::chrono::ceil<std::chrono::milliseconds>(wait)));
    }
    start_join(std::move(join.space), asker(envelope), false);
}

void HostSession::start_join(std::string space, Asker asker, bool by_hello) {
    // Where there is no such space, he stays where he is.
    std::shared_ptr<HostedSpace> there;
    std::optional<Error> nowhere;
    try {
        there = host_->directory.reserve(space);
    } catch (const Error& error) {
        if (!by_hello) return asker.refuse(error, {});
        nowhere = error;
    }
    cancel_join("another join came after it");
    leave_space(LeaveReason::left);
    const std::uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acq_rel) + 1;
    stage_ = Stage::joining;
    pending_ = PendingJoin{std::move(asker), space, by_hello};
    if (nowhere) return join_refused(*nowhere, {});
    // Posted even on the same loop: the leave of the space before is on its way there too.
    there->loop().post(
        [there, request = JoinRequest{shared_from_this(), who_, ticket}] { there->request_join(request); });
}

void HostSession::join_answered(JoinAnswer answer) {
    on_loop([answer = std::move(answer)](HostSession& self) mutable {
        if (self.stage_ == Stage::joining && self.wants(answer.ticket)) {
            if (answer.refused)
                self.join_refused(*answer.refused, answer.trace);
            else
                self.joined(answer);
        } else if (!answer.refused) {
            // He went on in the meantime: give the seat back.
            answer.space->loop().post([space = answer.space, n = answer.n, seat = answer.seat,
                                       reason = self.gone_ ? LeaveReason::disconnected : LeaveReason::left] {
                space->leave(n, seat, reason);
            });
        }
    });
}

void HostSession::joined(JoinAnswer& answer) {
    const PendingJoin pending = *std::exchange(pending_, std::nullopt);
    stage_ = Stage::in_space;
    joined_ =
        Joined{std::move(answer.space), std::move(answer.table), std::move(answer.audience), answer.seat, answer.n};
    joined_->audience->add(*this, answer.seat);
    const std::string& space = joined_->space->id();
    if (pending.by_hello) welcome(&*joined_, space);
    std::string d;
    JsonWriter(d).begin_object().key("space").text(space).key("n").integer(answer.n).end_object();
    pending.asker.ok(d);
    host_->metrics.messages_out.add(static_cast<double>(1 + answer.held.size()));
    push(answer.state, Delivery::must, 0);
    for (const Frame& frame : answer.held) push(frame, Delivery::must, 0);
    more_state_ = answer.more_state;
    if (more_state_) ask_for_state();
}

void HostSession::join_refused(const Error& error, std::string_view trace) {
    PendingJoin pending = *std::exchange(pending_, std::nullopt);
    stage_ = Stage::admitted;
    if (!pending.by_hello) return pending.asker.refuse(error, trace);
    // He is welcome, only not there: the refusal is an event about the join, and the reply to hello, if wanted, is yes.
    welcome(nullptr, {});
    pending.asker.ok("{}");
    Asker{pending.asker.session, {}, "space.join"}.refuse(error, trace);
}

void HostSession::cancel_join(std::string_view why) {
    if (!pending_) return;
    ticket_.fetch_add(1, std::memory_order_acq_rel);
    join_refused(Error(Code::conflict, "the join was given up: " + std::string(why)), {});
}

// ---- leave
// -----------------------------------------------------------------------------------------------------------

void HostSession::on_leave(const Envelope& envelope) {
    LeaveMessage none;
    try {
        decode_message(struct_type<LeaveMessage>(), &none, envelope.d);
    } catch (const Error& error) {
        return refuse(envelope, error);
    }
    if (!joined_ && !pending_) return refuse(envelope, Error(Code::not_ready, "you are in no space"));
    cancel_join("the player left");
    leave_space(LeaveReason::left);
    asker(envelope).ok("{}");
}

void HostSession::detach() {
    joined_->audience->remove(audience_place_);
    outbox_.forget_streams();
    joined_.reset();
    more_state_ = false;
}

void HostSession::leave_space(LeaveReason reason) {
    ticket_.fetch_add(1, std::memory_order_acq_rel);
    pending_.reset();
    if (joined_) {
        const std::shared_ptr<HostedSpace> space = joined_->space;
        const std::uint32_t n = joined_->n;
        const std::uint64_t seat = joined_->seat;
        detach();
        space->loop().post([space, n, seat, reason] { space->leave(n, seat, reason); });
    }
    if (stage_ == Stage::in_space || stage_ == Stage::joining) stage_ = Stage::admitted;
}

void HostSession::seat_ended(std::uint64_t seat) {
    on_loop([seat](HostSession& self) {
        if (!self.joined_ || self.joined_->seat != seat) return;
        self.detach();
        if (self.stage_ == Stage::in_space) self.stage_ = Stage::admitted;
    });
}

}  // namespace cairn::core
