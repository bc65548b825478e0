#include "sdk/testkit/src/checked_space.hpp"

#include <utility>

namespace cairn::testkit {
namespace {

/// The erased registrations are protected; a pointer to member reaches them through any Space.
struct Erased : Space {
    static auto on() noexcept { return &Erased::on_message; }
    static auto stream() noexcept { return &Erased::row_stream; }
};

/// The behaviour and the space that was made for it.
class Dressed final : public Behaviour {
public:
    Dressed(Ledger& ledger, Place place, std::shared_ptr<CheckedSpace> space, std::unique_ptr<Behaviour> inner)
        : ledger_(ledger), place_(place), space_(std::move(space)), inner_(std::move(inner)) {}
    ~Dressed() override {
        const Inside inside(ledger_, place_);
        inner_.reset();
    }

private:
    Ledger& ledger_;
    const Place place_;
    const std::shared_ptr<CheckedSpace> space_;
    std::unique_ptr<Behaviour> inner_;
};

}  // namespace

class CheckedSpace::CheckedStorage final : public Storage {
public:
    explicit CheckedStorage(CheckedSpace& space) noexcept : space_(space) {}
    void commit(Commit commit, Then<Committed> then) override {
        space_.need("Storage::commit");
        space_.inner_.storage().commit(std::move(commit), space_.wrap_then<Committed>("a commit's completion", std::move(then)));
    }
    void query(Query query, Then<Rows> then) override {
        space_.need("Storage::query");
        space_.inner_.storage().query(std::move(query), space_.wrap_then<Rows>("a query's completion", std::move(then)));
    }
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override {
        space_.need("Storage::load");
        space_.inner_.storage().load_erased(std::move(query), row, std::move(append),
                                            space_.wrap_then<Done>("a load's completion", std::move(then)));
    }
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override {
        space_.need("Select::load");
        space_.inner_.storage().select_erased(std::move(selection), std::move(append),
                                              space_.wrap_then<Done>("a selection's completion", std::move(then)));
    }
    void count(Selection selection, Then<std::int64_t> then) override {
        space_.need("Select::count");
        space_.inner_.storage().count(std::move(selection),
                                      space_.wrap_then<std::int64_t>("a count's completion", std::move(then)));
    }

private:
    CheckedSpace& space_;
};

class CheckedSpace::CheckedBackground final : public Background {
public:
    explicit CheckedBackground(CheckedSpace& space) noexcept : space_(space) {}
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        space_.need("Background::run");
        const auto self = space_.shared_from_this();
        auto inside = [self, what, work = std::move(work)](const Task& task) {
            Place place{Place::Kind::worker, nullptr, self->plugin_, {}, what};
            const Inside in(self->ledger_, place);
            work(task);
        };
        std::function<void(std::exception_ptr)> back;
        if (done) {
            back = [self, done = std::move(done)](std::exception_ptr failed) {
                self->run("a background completion", [&] { done(failed); });
            };
        }
        return space_.inner_.background().run(lane, std::move(what), std::move(inside), std::move(back));
    }

private:
    CheckedSpace& space_;
};

class CheckedSpace::CheckedStream final : public RowStream {
public:
    CheckedStream(CheckedSpace& space, RowStream& inner) noexcept : space_(space), inner_(inner) {}
    void set(std::uint64_t key, const Vec3& at, const void* row) override {
        space_.need("Stream::set");
        inner_.set(key, at, row);
    }
    void forget(std::uint64_t key) override {
        space_.need("Stream::forget");
        inner_.forget(key);
    }

private:
    CheckedSpace& space_;
    RowStream& inner_;
};

/// An answer that may be given from the strand only.
class CheckedSpace::CheckedReply final : public Reply::Target {
public:
    CheckedReply(std::shared_ptr<CheckedSpace> space, Reply inner) noexcept
        : space_(std::move(space)), inner_(std::move(inner)) {}
    void ok(std::string_view d_json) override {
        space_->need("Reply::ok");
        inner_.ok_json(d_json);
    }
    void refuse(const Error& error) override { inner_.refuse(error); }

private:
    const std::shared_ptr<CheckedSpace> space_;
    Reply inner_;
};

CheckedSpace::CheckedSpace(Ledger& ledger, std::string plugin, Space& inner)
    : ledger_(ledger),
      plugin_(std::move(plugin)),
      inner_(inner),
      storage_(std::make_unique<CheckedStorage>(*this)),
      background_(std::make_unique<CheckedBackground>(*this)) {}

CheckedSpace::~CheckedSpace() = default;

std::unique_ptr<Behaviour> CheckedSpace::dress(Ledger& ledger, const std::string& plugin, Space& inner,
                                               const std::function<std::unique_ptr<Behaviour>(Space&)>& make) {
    auto space = std::make_shared<CheckedSpace>(ledger, plugin, inner);
    std::unique_ptr<Behaviour> made;
    space->run("opening", [&] { made = make(*space); });
    if (!made) return nullptr;
    const Place end = space->place("closing");
    return std::make_unique<Dressed>(ledger, end, std::move(space), std::move(made));
}

void CheckedSpace::need(const char* call) const {
    ledger_.need_space(plugin_, call, &inner_, inner_.id());
}

Place CheckedSpace::place(std::string_view handler) const noexcept {
    return {Place::Kind::space, &inner_, plugin_, inner_.id(), handler};
}

CheckedPlayer& CheckedSpace::checked(cairn::Player& player) {
    std::unique_ptr<CheckedPlayer>& mine = players_[player.n()];
    if (!mine || !mine->is(player)) {
        if (mine) gone_.push_back(std::move(mine));
        mine = std::make_unique<CheckedPlayer>(ledger_, plugin_, inner_, player);
    }
    return *mine;
}

std::function<void()> CheckedSpace::wrap(const char* handler, std::function<void()> job) {
    return [self = shared_from_this(), handler, job = std::move(job)] { self->run(handler, job); };
}

template <class T>
Then<T> CheckedSpace::wrap_then(const char* handler, Then<T> then) {
    if (!then) return then;
    return [self = shared_from_this(), handler, then = std::move(then)](Result<T> result) {
        self->run(handler, [&] { then(std::move(result)); });
    };
}

// ---- what behaviours ask

std::size_t CheckedSpace::player_count() const noexcept {
    need("Space::player_count");
    return inner_.player_count();
}

cairn::Player* CheckedSpace::player(std::uint32_t n) noexcept {
    need("Space::player");
    cairn::Player* const found = inner_.player(n);
    return found ? &checked(*found) : nullptr;
}

cairn::Player* CheckedSpace::player(std::string_view id) noexcept {
    need("Space::player");
    cairn::Player* const found = inner_.player(id);
    return found ? &checked(*found) : nullptr;
}

void CheckedSpace::each_player(const std::function<void(cairn::Player&)>& visit) {
    need("Space::each_player");
    inner_.each_player([&](cairn::Player& player) { visit(checked(player)); });
}

void CheckedSpace::on_join(std::function<void(cairn::Player&)> handler) {
    need("Space::on_join");
    inner_.on_join([this, handler = std::move(handler)](cairn::Player& who) {
        CheckedPlayer& player = checked(who);
        const CheckedPlayer::Handed handed(player);
        call_plugin(ledger_, place("on_join"), true, [&] { handler(player); });
    });
}

void CheckedSpace::on_leave(std::function<void(cairn::Player&, LeaveReason)> handler) {
    need("Space::on_leave");
    inner_.on_leave([this, handler = std::move(handler)](cairn::Player& who, LeaveReason reason) {
        CheckedPlayer& player = checked(who);
        const CheckedPlayer::Handed handed(player);
        run("on_leave", [&] { handler(player, reason); });
    });
}

void CheckedSpace::on_tick(std::function<void(Duration)> handler) {
    need("Space::on_tick");
    inner_.on_tick([this, handler = std::move(handler)](Duration since) { run("on_tick", [&] { handler(since); }); });
}

void CheckedSpace::on_state(std::string name, std::function<StateSection(cairn::Player&)> section) {
    need("Space::on_state");
    inner_.on_state(std::move(name), [self = this, section = std::move(section)](cairn::Player& who) {
        CheckedPlayer& player = self->checked(who);
        const CheckedPlayer::Handed handed(player);
        StateSection made;
        self->run("on_state", [&] { made = section(player); });
        if (made.next) {
            made.next = [self, next = std::move(made.next)](JsonWriter& out) {
                bool more = false;
                self->run("on_state", [&] { more = next(out); });
                return more;
            };
        }
        return made;
    });
}

void CheckedSpace::broadcast(std::string_view type, const Document& d) {
    need("Space::broadcast");
    inner_.broadcast(type, d);
}

void CheckedSpace::broadcast_json(std::string_view type, std::string_view d_json) {
    need("Space::broadcast_json");
    inner_.broadcast_json(type, d_json);
}

void CheckedSpace::broadcast_except(const cairn::Player& left_out, std::string_view type, const Document& d) {
    need("Space::broadcast_except");
    const auto& player = static_cast<const CheckedPlayer&>(left_out);
    if (player.there("Space::broadcast_except"))
        inner_.broadcast_except(player.inner(), type, d);
    else
        inner_.broadcast(type, d);
}

TimerId CheckedSpace::after(Duration delay, std::function<void()> job) {
    need("Space::after");
    return inner_.after(delay, wrap("timer", std::move(job)));
}

TimerId CheckedSpace::every(Duration period, std::function<void()> job) {
    need("Space::every");
    return inner_.every(period, wrap("timer", std::move(job)));
}

void CheckedSpace::cancel(TimerId timer) noexcept {
    need("Space::cancel");
    inner_.cancel(timer);
}

std::shared_ptr<Space::Hold> CheckedSpace::hold(std::string_view what) {
    need("Space::hold");
    return inner_.hold(what);
}

void CheckedSpace::post(std::function<void()> job) {
    inner_.post(wrap("posted job", std::move(job)));
}

void CheckedSpace::tell(std::string_view space, std::string_view topic, Document message) {
    need("Space::tell");
    inner_.tell(space, topic, std::move(message));
}

void CheckedSpace::on_tell(std::string topic, std::function<void(const Document&)> handler) {
    need("Space::on_tell");
    inner_.on_tell(std::move(topic), [this, handler = std::move(handler)](const Document& message) {
        run("on_tell", [&] { handler(message); });
    });
}

Storage& CheckedSpace::storage() noexcept {
    return *storage_;
}

Background& CheckedSpace::background() noexcept {
    return *background_;
}

Log& CheckedSpace::log() noexcept {
    return inner_.log();
}

MessageOptions& CheckedSpace::on_message(std::string type, MessageHandler handler) {
    need("Space::on");
    MessageHandler mine;
    mine.type = handler.type;
    mine.call = [this, type, call = std::move(handler.call)](cairn::Player& from, void* message, Reply reply) {
        CheckedPlayer& player = checked(from);
        const CheckedPlayer::Handed handed(player);
        Reply checked_reply(std::make_unique<CheckedReply>(shared_from_this(), std::move(reply)));
        call_plugin(ledger_, place(type), true, [&] { call(player, message, std::move(checked_reply)); });
    };
    return (inner_.*Erased::on())(std::move(type), std::move(mine));
}

RowStream& CheckedSpace::row_stream(std::string type, const StructType& row) {
    need("Space::stream");
    streams_.push_back(std::make_unique<CheckedStream>(*this, (inner_.*Erased::stream())(std::move(type), row)));
    return *streams_.back();
}

}  // namespace cairn::testkit
