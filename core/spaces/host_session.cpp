#include "core/spaces/host_session.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <utility>

#include <cairn/json.hpp>

#include "core/spaces/core_messages.hpp"
#include "core/spaces/host_core.hpp"
#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

namespace {

std::chrono::milliseconds round_up(TokenBucket::Wait wait) {
    return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

/// For a player, who reads it.
std::string limit_words(const Rate& limit) {
    const std::int64_t ms = limit.per.count();
    return "too often: no more than " + std::to_string(limit.count) + " in " +
           (ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms");
}

/// When a client should come back, in ms; 0: not said.
std::int64_t reconnect_after(std::uint16_t code) noexcept {
    switch (code) {
        case close_code::kShutdown:
            return 1000;
        case close_code::kSlow:
            return 1000;
        case close_code::kOverload:
            return 5000;
        case close_code::kDegraded:
            return 5000;
        case close_code::kFlood:
            return 10000;
        default:
            return 0;
    }
}

LeaveReason leave_reason(std::uint16_t code) noexcept {
    switch (code) {
        case close_code::kReplaced:
            return LeaveReason::replaced;
        case close_code::kShutdown:
            return LeaveReason::closing;
        case close_code::kNormal:
            return LeaveReason::left;
        case close_code::kProtocol:
        case close_code::kUnsupported:
        case close_code::kBadData:
        case close_code::kTooBig:
        case close_code::kSlow:
            return LeaveReason::disconnected;
        default:
            return LeaveReason::kicked;
    }
}

}  // namespace

void Asker::ok(std::string_view d_json) const {
    if (session && !id.empty()) session->deliver(Frame::make(reply_json(id, d_json)), Delivery::must, 0);
}

void Asker::refuse(const Error& error, std::string_view trace) const {
    if (!session) return;
    session->count_refusal(error.code());
    Frame frame = Frame::make(refusal_json(id, type, error, trace));
    // Who sends too much without asking for replies is told so once per type, not once per message.
    if (id.empty() && error.code() == Code::rate_limited)
        session->deliver(std::move(frame), Delivery::latest, std::hash<std::string>{}(type) ^ 0x9e3779b97f4a7c15u);
    else
        session->deliver(std::move(frame), Delivery::must, 0);
}

HostSession::HostSession(std::shared_ptr<HostCore> host, Loop& loop, Connection& connection, ConnectionInfo info)
    : host_(std::move(host)),
      loop_(loop),
      connection_(&connection),
      info_(std::move(info)),
      outbox_({host_->options.outbox_bytes, host_->options.outbox_messages}),
      flood_(host_->options.any_message) {}

HostSession::~HostSession() = default;

void HostSession::begin() {
    host_->sessions_open.fetch_add(1, std::memory_order_relaxed);
    host_->metrics.sessions.add(1);
    host_->cell(loop_).sessions.push_back(this);
    hello_timer_ = loop_.after(host_->options.hello_within, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->stage_ != Stage::connected) return;
        self->hello_timer_ = 0;
        self->end(close_code::kAuth,
                  "no hello came within " + std::to_string(self->host_->options.hello_within.count()) + " ms");
    });
}

void HostSession::gone() {
    if (gone_) return;
    gone_ = true;
    leave_space(LeaveReason::disconnected);
    stage_ = Stage::ended;
    connection_ = nullptr;
    release_player();
    for (TimerId* timer : {&hello_timer_, &grace_timer_})
        if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
    std::erase(host_->cell(loop_).sessions, this);
    host_->sessions_open.fetch_sub(1, std::memory_order_relaxed);
    host_->metrics.sessions.add(-1);
}

void HostSession::end(std::uint16_t code, std::string_view reason) {
    if (stage_ == Stage::ended) return;
    leave_space(leave_reason(code));
    stage_ = Stage::ended;
    release_player();
    if (hello_timer_ != 0) loop_.cancel(std::exchange(hello_timer_, 0));
    if (grace_timer_ != 0) loop_.cancel(std::exchange(grace_timer_, 0));
    std::string text;
    begin_event(text, "bye", 0);
    JsonWriter json(text);
    json.begin_object().key("code").integer(code).key("reason").text(reason);
    if (const std::int64_t after = reconnect_after(code); after > 0) json.key("reconnect_after_ms").integer(after);
    json.end_object();
    text += '}';
    outbox_.finish(Frame::make(text), code == close_code::kSlow || outbox_.over_limits());
    connection_->wake();
    connection_->close(code, reason);
}

void HostSession::end_soon(std::uint16_t code, std::string reason) {
    // Posted even from this very loop: the caller may be deep in a handler of this session.
    loop_.post([self = shared_from_this(), code, reason = std::move(reason)] { self->end(code, reason); });
}

// ---- in
// --------------------------------------------------------------------------------------------------------------

void HostSession::receive(std::string_view message) {
    if (stage_ == Stage::ended) return;
    const auto self = shared_from_this();  // a handler may end this session
    host_->metrics.messages_in.add();
    if (flood_.count(loop_.now())) {
        host_->metrics.floods.add();
        return end(close_code::kFlood, "three times more messages than allowed, for ten seconds");
    }
    Envelope envelope;
    const std::size_t longest = who_ ? host_->options.max_message : std::min(host_->options.max_message, kMaxHello);
    if (message.size() > longest)
        return refuse(envelope, Error(Code::too_large, "a message may have " + std::to_string(longest) + " bytes" +
                                                           (who_ ? "" : " before the player is known")));
    std::optional<Error> wrong = host_->cell(loop_).envelopes.read(message, envelope);
    if (!within_rates(envelope)) return;
    if (wrong) return refuse(envelope, *wrong);
    route(envelope);
}

bool HostSession::within_rates(const Envelope& envelope) {
    const Rate& rate = host_->options.any_message;
    TokenBucket& bucket = who_ ? who_->record->buckets.any() : first_messages_;
    const auto wait = bucket.take(host_->env.clock->steady(), rate, 2 * rate.count);
    if (wait.count() == 0) return true;
    refuse(envelope, Error(Code::rate_limited, "too many messages: " + std::to_string(rate.count) + " per " +
                                                   std::to_string(rate.per.count()) + " ms are allowed")
                         .retry_after(round_up(wait)));
    return false;
}

Asker HostSession::asker(const Envelope& envelope) {
    return {shared_from_this(), std::string(envelope.id), std::string(envelope.type)};
}

void HostSession::count_refusal(Code code) noexcept {
    host_->metrics.refused(code);
}

void HostSession::refuse(const Envelope& envelope, const Error& error) {
    asker(envelope).refuse(error);
}

void HostSession::route(const Envelope& envelope) {
    const std::string_view type = envelope.type;
    if (type == "hello") return on_hello(envelope);
    if (!who_) {
        return refuse(envelope, stage_ == Stage::admitting
                                    ? Error(Code::not_ready, "wait for `welcome` before the next message")
                                    : Error(Code::unauthenticated, "the first message must be `hello`"));
    }
    if (type == "ping") return on_ping(envelope);
    if (type == "space.join") return on_join(envelope);
    if (type == "space.leave") return on_leave(envelope);
    to_space(envelope);
}

void HostSession::on_ping(const Envelope& envelope) {
    PingMessage ping;
    try {
        decode_message(struct_type<PingMessage>(), &ping, envelope.d);
    } catch (const Error& error) {
        return refuse(envelope, error);
    }
    std::string d;
    JsonWriter json(d);
    json.begin_object().key("ts").document(ping.ts).key("server_time").integer(host_->env.clock->wall()).end_object();
    asker(envelope).ok(d);
}

void HostSession::to_space(const Envelope& envelope) {
    if (stage_ != Stage::in_space) {
        return refuse(envelope, Error(Code::not_ready, stage_ == Stage::joining ? "the join is not through yet"
                                                                                : "join a space first (space.join)"));
    }
    const MessageTable& table = *joined_->table;
    const std::size_t index = table.find(envelope.type);
    if (index == MessageTable::npos) {
        return refuse(envelope, Error(Code::unsupported, "no plugin here understands \"" + std::string(envelope.type) +
                                                             "\"" + did_you_mean_type(envelope.type, &table)));
    }
    const MessageSpec& spec = table.at(index);
    if (spec.limit) {
        const auto wait = who_->record->buckets.of_type(spec.limit_number)
                              .take(host_->env.clock->steady(), *spec.limit, spec.limit->count);
        if (wait.count() != 0) {
            return refuse(envelope, Error(Code::rate_limited, limit_words(*spec.limit)).retry_after(round_up(wait)));
        }
    }
    HostedSpace& space = *joined_->space;
    const bool here = &space.loop() == &loop_;
    try {
        // On the space's own loop: decoded on the stack and called at once.
        constexpr std::size_t kOnStack = 1024;
        if (here && spec.shape->size <= kOnStack && spec.shape->alignment <= alignof(std::max_align_t)) {
            alignas(std::max_align_t) std::array<std::byte, kOnStack> place;
            const MessageObject message(*spec.shape, place.data());
            decode_message(*spec.shape, message.get(), envelope.d);
            return space.receive(joined_->n, joined_->seat, index, message.get(), asker(envelope));
        }
        HeapMessage message = new_message(*spec.shape);
        decode_message(*spec.shape, message.get(), envelope.d);
        if (here) return space.receive(joined_->n, joined_->seat, index, message.get(), asker(envelope));

        if (in_flight_.fetch_add(1, std::memory_order_relaxed) >= kMaxInFlight) {
            delivered_one();
            host_->metrics.inputs_dropped.add();
            return refuse(envelope, Error(Code::rate_limited, "the space is behind with your messages")
                                        .retry_after(std::chrono::milliseconds(100)));
        }
        struct Parcel {
            std::shared_ptr<HostedSpace> space;
            HeapMessage message;
            Asker asker;
            std::uint64_t seat;
            std::size_t index;
            std::uint32_t n;
        };
        space.loop().post([parcel = std::make_shared<Parcel>(Parcel{joined_->space, std::move(message), asker(envelope),
                                                                    joined_->seat, index, joined_->n})] {
            parcel->asker.session->delivered_one();
            parcel->space->receive(parcel->n, parcel->seat, parcel->index, parcel->message.get(),
                                   std::move(parcel->asker));
        });
    } catch (const Error& error) {
        refuse(envelope, error);
    }
}

// ---- out
// -------------------------------------------------------------------------------------------------------------

void HostSession::wake() {
    if (woken_ || !connection_) return;
    woken_ = true;
    connection_->wake();
}

void HostSession::took(Outbox::Verdict verdict) {
    if (verdict == Outbox::Verdict::queued || verdict == Outbox::Verdict::left_out) return wake();
    if (const std::uint64_t evicted = outbox_.take_evicted(); evicted != 0 && joined_)
        joined_->audience->missed(audience_place_, evicted);
    if (verdict == Outbox::Verdict::full) {
        wake();
        if (grace_timer_ != 0) return;
        grace_timer_ = loop_.after(host_->options.slow_grace, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->grace_timer_ = 0;
            if (!self->outbox_.over_limits()) return;
            self->host_->metrics.slow_readers.add();
            self->end(close_code::kSlow, "the connection takes its messages too slowly");
        });
        return;
    }
    // Not now: an audience may be handing out a frame to everybody.
    if (std::exchange(letting_go_, true)) return;
    host_->metrics.slow_readers.add();
    end_soon(close_code::kSlow, "the connection takes its messages too slowly");
}

void HostSession::push(const Frame& frame, Delivery delivery, std::uint64_t key) {
    if (stage_ == Stage::ended) return;
    took(outbox_.push(frame, delivery, key));
}

bool HostSession::push_stream(const Frame& frame, unsigned stream) {
    if (stage_ == Stage::ended || outbox_.push_stream(frame, stream) != Outbox::Verdict::queued) return false;
    wake();
    return true;
}

void HostSession::control(const Frame& frame) {
    outbox_.push_control(frame);
    wake();
}

std::size_t HostSession::gather(std::span<std::string_view> out) {
    woken_ = false;
    return outbox_.gather(out);
}

void HostSession::written(std::size_t bytes) {
    outbox_.written(bytes);
    if (grace_timer_ != 0 && !outbox_.over_limits()) loop_.cancel(std::exchange(grace_timer_, 0));
    if (more_state_) ask_for_state();
}

void HostSession::deliver(Frame frame, Delivery delivery, std::uint64_t key) {
    host_->metrics.messages_out.add();
    on_loop([frame = std::move(frame), delivery, key](HostSession& self) { self.push(frame, delivery, key); });
}

void HostSession::deliver_state(std::uint64_t seat, Frame frame, bool more) {
    host_->metrics.messages_out.add();
    on_loop([seat, frame = std::move(frame), more](HostSession& self) {
        if (!self.joined_ || self.joined_->seat != seat) return;
        self.push(frame, Delivery::must, 0);
        self.more_state_ = more;
        if (more) self.ask_for_state();
    });
}

void HostSession::ask_for_state() {
    // A chunk at a time: the next one is made when this one is (nearly) written.
    if (!joined_ || outbox_.bytes() > host_->options.outbox_bytes / 16) return;
    more_state_ = false;
    const std::shared_ptr<HostedSpace>& space = joined_->space;
    space->loop().post([space, n = joined_->n, seat = joined_->seat] { space->continue_state(n, seat); });
}

}  // namespace cairn::core
