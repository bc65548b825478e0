#include "core/spaces/hosted_space.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/observe/log_sink.hpp"
#include "core/spaces/host_core.hpp"
#include "core/spaces/state_stream.hpp"

namespace cairn::core {

namespace {

/// MessageOptions of one message type while its table is being made.
class TableOptions final : public MessageOptions {
public:
    TableOptions(MessageSpec& spec, LimitNumbers& numbers) noexcept : spec_(spec), numbers_(numbers) {}
    MessageOptions& limit(Rate rate) override {
        spec_.limit_number = numbers_.number(spec_.type);
        spec_.limit = rate;
        return *this;
    }
    MessageOptions& meaning(std::string text) override {
        spec_.meaning = std::move(text);
        return *this;
    }

private:
    MessageSpec& spec_;
    LimitNumbers& numbers_;
};

Error closed_error() {
    return Error(Code::unavailable, "the space is closing").retry_after(std::chrono::milliseconds(1000));
}

}  // namespace

/// One reason to wait, let go on whatever thread its last owner dies.
class HostedSpace::HoldTicket final : public Space::Hold {
public:
    HoldTicket(std::shared_ptr<Gate> gate, std::uint64_t id) : gate_(std::move(gate)), id_(id) {}
    ~HoldTicket() override {
        Gate::post(gate_, [id = id_](HostedSpace& space) { space.hold_released(id); });
    }
    void fail(const Error& why) override {
        Gate::post(gate_, [id = id_, why](HostedSpace& space) { space.hold_failed(id, why); });
    }

private:
    const std::shared_ptr<Gate> gate_;
    const std::uint64_t id_;
};

HostedSpace::HostedSpace(std::shared_ptr<HostCore> host, SpaceSettings settings, Loop& loop, std::size_t index,
                         std::uint64_t last_event)
    : host_(std::move(host)),
      spec_(std::move(settings)),
      loop_(loop),
      index_(index),
      crumb_(host_->crumb_name(spec_.id)),
      gate_(std::make_shared<Gate>(loop, *this)),
      storage_(*this, host_->env.storage),
      background_(*this, host_->env.background),
      timers_(*this),
      table_(std::make_shared<MessageTable>()),
      listeners_(host_->env.loops->size()),
      last_event_(last_event) {}

HostedSpace::~HostedSpace() {
    gate_->close();
}

void HostedSpace::open() {
    if (life_ != Life::opening) return;
    slots_.reserve(host_->behaviours.size());
    for (const BehaviourFactory& factory : host_->behaviours) slots_.emplace_back(factory, spec_.id);
    for (BehaviourSlot& slot : slots_) {
        const auto outcome = call(slot, "opening", [&] { slot.behaviour = slot.factory->make(*this); });
        if (outcome) {
            slot.off = true;
            // What call() has not counted: a refusal in a place where nobody can be refused.
            if (!outcome->fault) host_->metrics.faults(slot.factory->plugin, spec_.id).add();
            core_log().error("a behaviour could not be made and is off in this space; the others go on",
                             {{"plugin", slot.factory->plugin},
                              {"behaviour", slot.factory->name},
                              {"space", spec_.id},
                              {"what", outcome->what}});
        } else if (!slot.behaviour) {
            slot.off = true;
        }
    }
    for (std::size_t i = 0; i < table_->size(); ++i) host_->catalog.add(std::as_const(*table_).at(i));
    life_ = Life::loading;
    host_->directory.loading(*this, awaited(), std::nullopt);
    loaded_if_free();
    watch_emptiness(host_->options.close_empty_after);
}

BehaviourSlot& HostedSpace::owner(const char* what) const {
    if (!current_) throw Error(Code::internal, std::string("Space::") + what + " is for the code of a behaviour");
    return *current_;
}

void HostedSpace::note_fault(BehaviourSlot& slot, const char* handler, const std::string& what) {
    host_->metrics.faults(slot.factory->plugin, spec_.id).add();
    if (!slot.fault(host_->env.clock->steady()) || slot.off) return;
    slot.off = true;
    core_log().error(
        "switched off a behaviour after three faults in ten seconds: its messages answer `unavailable` in this "
        "space until it is opened anew; the rest goes on",
        {{"plugin", slot.factory->plugin},
         {"behaviour", slot.factory->name},
         {"space", spec_.id},
         {"handler", handler},
         {"what", what}});
}

void HostedSpace::note_unheard(BehaviourSlot& slot, const char* handler, const Error& error) {
    std::string trace;
    internal_error(trace);
    log_fault(CallSite{slot.plugin, crumb_, handler},
              std::string(error.what()) + " (thrown where nobody can be refused)", trace);
    note_fault(slot, handler, error.what());
}

// ---- loading
// ---------------------------------------------------------------------------------------------------------

std::shared_ptr<Space::Hold> HostedSpace::hold(std::string_view what) {
    const std::uint64_t id = next_hold_++;
    holds_.emplace(id, (current_ ? current_->factory->plugin + ": " : std::string()) + std::string(what));
    if (life_ == Life::open) life_ = Life::loading;
    if (life_ == Life::loading) host_->directory.loading(*this, awaited(), std::nullopt);
    return std::make_shared<HoldTicket>(gate_, id);
}

std::string HostedSpace::awaited() const {
    std::string text;
    for (const auto& [id, what] : holds_) text += (text.empty() ? "" : ", ") + what;
    return text;
}

void HostedSpace::hold_released(std::uint64_t hold) {
    if (holds_.erase(hold) == 0) return;
    loaded_if_free();
}

void HostedSpace::hold_failed(std::uint64_t hold, const Error& why) {
    const auto found = holds_.find(hold);
    if (found == holds_.end() || life_ == Life::failed) return;
    failure_ = why;
    life_ = Life::failed;
    core_log().error("a space could not be loaded and takes nobody in; it is opened anew when somebody comes later",
                     {{"space", spec_.id}, {"loading", found->second}, {"why", why.what()}});
    host_->directory.loading(*this, {},
                             Error(why.code(), "space \"" + spec_.id + "\" (" + found->second + "): " + why.what()));
    holds_.clear();
    while (!waiting_.empty()) {
        JoinRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        answer_join(request, {*failure_, false, {}, {}});
    }
    watch_emptiness(kFailedFor);
}

void HostedSpace::loaded_if_free() {
    if (life_ != Life::loading || !holds_.empty()) return;
    life_ = Life::open;
    host_->directory.loading(*this, {}, std::nullopt);
    while (!waiting_.empty() && life_ == Life::open) {
        JoinRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        let_in(std::move(request));
    }
}

// ---- closing
// ---------------------------------------------------------------------------------------------------------

void HostedSpace::watch_emptiness(Duration delay) {
    if (life_ == Life::closed || (spec_.permanent && life_ != Life::failed)) return;
    if (empty_timer_ != 0) loop_.cancel(empty_timer_);
    empty_timer_ = loop_.after(delay, [this, gate = gate_] {
        if (!gate->space()) return;
        empty_timer_ = 0;
        if (!by_id_.empty()) return;
        if (!waiting_.empty() || storage_.has_commits_under_way() || !host_->directory.retire(*this))
            return watch_emptiness(life_ == Life::failed ? kFailedFor : host_->options.close_empty_after);
        close();
    });
}

void HostedSpace::close() {
    if (life_ == Life::closed) return;
    const std::shared_ptr<HostedSpace> self = shared_from_this();
    life_ = Life::closed;
    while (!waiting_.empty()) {
        JoinRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        answer_join(request, {closed_error(), false, {}, {}});
    }
    for (const auto& seat : std::exchange(seats_, {})) {
        if (!seat) continue;
        seat->mute();
        by_id_.erase(seat->id());
        seat->session()->seat_ended(seat->seat());
        run_leaves(*seat, LeaveReason::closing);
        count_players(-1);
    }
    // From here on nothing comes back: no completion, no timer, no post (style M14).
    gate_->close();
    timers_.cancel_all();
    if (tick_timer_ != 0) loop_.cancel(std::exchange(tick_timer_, 0));
    if (empty_timer_ != 0) loop_.cancel(std::exchange(empty_timer_, 0));
    for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot)
        call(*slot, "closing", [&] { slot->behaviour.reset(); });
    join_hooks_.clear();
    leave_hooks_.clear();
    tick_hooks_.clear();
    state_hooks_.clear();
    tell_hooks_.clear();
    handlers_.clear();
    streams_.clear();
    host_->directory.closed(*this, last_event_);
}

// ---- what behaviours register
// ----------------------------------------------------------------------------------------

MessageOptions& HostedSpace::on_message(std::string type, MessageHandler handler) {
    BehaviourSlot& slot = owner("on");
    if (life_ != Life::opening)
        throw Error(
            Code::internal,
            "Space::on(\"" + type + "\") is for a behaviour's constructor: messages are fixed once a space is open");
    if (type.empty() || type.size() > kMaxTypeName)
        throw Error(Code::internal,
                    "message type \"" + type + "\": a type has 1 to " + std::to_string(kMaxTypeName) + " bytes");
    if (std::find(std::begin(kCoreMessages), std::end(kCoreMessages), type) != std::end(kCoreMessages))
        throw Error(Code::internal, "message type \"" + type + "\" is the host's own");
    MessageSpec spec;
    spec.type = type;
    spec.shape = handler.type;
    spec.plugin = slot.factory->plugin;
    if (!table_->add(spec))
        throw Error(Code::internal, "message type \"" + type + "\" is already handled by plugin \"" +
                                        table_->at(table_->find(type)).plugin +
                                        "\"; begin yours with the name of your own plugin: \"" + spec.plugin + "." +
                                        type.substr(type.find('.') + 1) + "\"");
    Handler made;
    made.slot = &slot;
    made.handler = std::move(handler);
    made.crumb = intern(type);
    made.options = std::make_unique<TableOptions>(table_->at(table_->size() - 1), host_->limits);
    handlers_.push_back(std::move(made));
    return *handlers_.back().options;
}

void HostedSpace::on_join(std::function<void(Player&)> handler) {
    join_hooks_.push_back({&owner("on_join"), std::move(handler)});
}

void HostedSpace::on_leave(std::function<void(Player&, LeaveReason)> handler) {
    leave_hooks_.push_back({&owner("on_leave"), std::move(handler)});
}

void HostedSpace::on_tick(std::function<void(Duration)> handler) {
    tick_hooks_.push_back({&owner("on_tick"), std::move(handler)});
    start_ticks();
}

void HostedSpace::on_state(std::string name, std::function<StateSection(Player&)> section) {
    BehaviourSlot& slot = owner("on_state");
    for (const StateHook& hook : state_hooks_)
        if (hook.name == name)
            throw Error(Code::internal, "space.state already has a section \"" + name + "\", of plugin \"" +
                                            hook.slot->factory->plugin + "\"");
    state_hooks_.push_back({&slot, std::move(name), std::move(section)});
}

void HostedSpace::on_tell(std::string topic, std::function<void(const Document&)> handler) {
    tell_hooks_.push_back({std::move(topic), {&owner("on_tell"), std::move(handler)}});
}

RowStream& HostedSpace::row_stream(std::string type, const StructType& row) {
    const BehaviourSlot& slot = owner("stream");
    for (const auto& stream : streams_)
        if (stream->type() == type)
            throw Error(Code::internal, "there is already a stream \"" + type + "\" in this space");
    if (streams_.size() == Outbox::kMaxStreams)
        throw Error(Code::internal, "a space has at most " + std::to_string(Outbox::kMaxStreams) + " streams");
    streams_.push_back(std::make_unique<RowTable>(std::move(type), row));
    host_->catalog.add_stream(streams_.back()->type(), slot.factory->plugin, row);
    return *streams_.back();
}

TimerId HostedSpace::after(Duration delay, std::function<void()> job) {
    return timers_.add(delay, Duration(0), std::move(job));
}

TimerId HostedSpace::every(Duration period, std::function<void()> job) {
    period = std::max(period, Duration(1));
    return timers_.add(period, period, std::move(job));
}

void HostedSpace::cancel(TimerId timer) noexcept {
    timers_.cancel(timer);
}

Log& HostedSpace::log() noexcept {
    return current_ ? *current_->log : core_log();
}

const Clock& HostedSpace::clock() const noexcept {
    return *host_->env.clock;
}

// ---- from elsewhere
// --------------------------------------------------------------------------------------------------

void HostedSpace::post(std::function<void()> job) {
    // current_ belongs to the strand: a thread from elsewhere posts under no behaviour's name.
    BehaviourSlot* const slot = loop_.on_loop() ? current_ : nullptr;
    Gate::post(gate_, [slot, job = std::move(job)](HostedSpace& space) {
        if (slot) return space.run(*slot, "posted job", job);
        const auto outcome = fenced(CallSite{"core", space.crumb_, "posted job"}, job);
        if (outcome && !outcome->fault)
            core_log().error("a posted job threw", {{"space", space.id()}, {"what", outcome->what}});
    });
}

void HostedSpace::tell(std::string_view space, std::string_view topic, Document message) {
    const std::shared_ptr<HostedSpace> other = host_->directory.find(space);
    if (!other) return;
    Gate::post(other->gate_, [topic = std::string(topic), message = std::move(message)](HostedSpace& there) {
        there.told(topic, message);
    });
}

void HostedSpace::told(const std::string& topic, const Document& message) {
    for (std::size_t i = 0; i < tell_hooks_.size(); ++i) {
        auto& hook = tell_hooks_[i].second;
        if (tell_hooks_[i].first == topic) run(*hook.slot, "tell", [&] { hook.call(message); });
    }
}

}  // namespace cairn::core
