#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/error.hpp>
#include <cairn/json.hpp>
#include <cairn/log.hpp>
#include <cairn/space.hpp>

#include "tests/plugins/support/memory_storage.hpp"

namespace cairn::test {

/// A clock that stands still until it is turned.
class HandClock final : public Clock {
public:
    WallTime wall() const noexcept override { return wall_; }
    std::chrono::steady_clock::time_point steady() const noexcept override { return steady_; }
    void advance(Duration by) {
        wall_ += by.count();
        steady_ += by;
    }
    void set_wall(WallTime wall) { wall_ = wall; }

private:
    WallTime wall_ = 1'800'000'000'000;
    std::chrono::steady_clock::time_point steady_{std::chrono::hours(1)};
};

class KeptLog final : public Log {
public:
    void write(LogLevel level, std::string_view message, const Document& details) override {
        lines.emplace_back(level, std::string(message) + " " + details.to_json());
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::size_t count(LogLevel level) const {
        std::size_t n = 0;
        for (const auto& line : lines) n += line.first == level ? 1 : 0;
        return n;
    }
    std::vector<std::pair<LogLevel, std::string>> lines;
};

/// Runs background work at once, when the strand is cranked.
class InlineBackground final : public Background {
public:
    explicit InlineBackground(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}
    Task run(Lane, std::string, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        post_([work = std::move(work), done = std::move(done)] {
            std::exception_ptr failed;
            try {
                work(Task{});
            } catch (...) {
                failed = std::current_exception();
            }
            done(failed);
        });
        return Task{};
    }

private:
    std::function<void(std::function<void()>)> post_;
};

/// What somebody heard.
struct Heard {
    std::string type;
    Document d;
};

class FakePlayer final : public Player {
public:
    FakePlayer(std::string id, std::uint32_t n, std::string name, std::vector<std::string> roles)
        : id_(std::move(id)), n_(n), name_(std::move(name)), roles_(std::move(roles)) {}
    const std::string& id() const noexcept override { return id_; }
    std::uint32_t n() const noexcept override { return n_; }
    const std::string& name() const noexcept override { return name_; }
    const std::string& avatar() const noexcept override { return avatar_; }
    const std::string& remote() const noexcept override { return remote_; }
    const std::string& user_agent() const noexcept override { return user_agent_; }
    bool has_role(std::string_view role) const noexcept override {
        for (const std::string& mine : roles_) {
            if (mine == role) return true;
        }
        return false;
    }
    void set_name(std::string name) override { name_ = std::move(name); }
    void set_avatar(std::string url) override { avatar_ = std::move(url); }
    void send(std::string_view type, const Document& d, Delivery) override { heard.push_back({std::string(type), d}); }
    void send_json(std::string_view type, std::string_view d, Delivery) override {
        heard.push_back({std::string(type), Document::parse_json(d)});
    }
    void disconnect(std::uint16_t code, std::string_view) override { closed_with = code; }

    /// All events for him, those to everybody included.
    std::vector<Heard> heard;
    std::uint16_t closed_with = 0;

private:
    std::string id_;
    std::uint32_t n_;
    std::string name_;
    std::string avatar_;
    std::string remote_ = "127.0.0.1";
    std::string user_agent_ = "test";
    std::vector<std::string> roles_;
};

/// The answer to one request, filled in when it comes.
struct Answer {
    int times = 0;
    Document d;
    std::optional<Error> refused;
    bool ok() const { return times == 1 && !refused; }
    /// The code of the refusal, "ok", or "none" while there is no answer.
    std::string code() const { return times == 0 ? "none" : refused ? std::string(code_name(refused->code())) : "ok"; }
};

/// A space whose strand a test cranks by hand: jobs run in run(), the store works in work(), time passes in advance(),
/// rows go out in tick(). Everything that the host would enforce around a behaviour (decoding, rules of messages, rows
/// replacing one another) is here; rate limits are only remembered.
class FakeSpace final : public Space {
public:
    explicit FakeSpace(std::string id, Document settings, const std::vector<std::string>& sql)
        : id_(std::move(id)),
          settings_(std::move(settings)),
          background_([this](std::function<void()> job) { post(std::move(job)); }),
          storage_(sql, [this](std::function<void()> job) { post(std::move(job)); }) {}

    // ---- for the test --------------------------------------------------------------------------------------------

    /// Runs what is on the strand. Returns how many jobs ran.
    std::size_t run() {
        std::size_t ran = 0;
        while (!strand_.empty()) {
            const auto job = std::move(strand_.front());
            strand_.pop_front();
            job();
            ++ran;
        }
        return ran;
    }
    /// Runs the strand and the store until nothing is left to do.
    void settle() {
        do run();
        while (storage_.work_one());
    }
    /// Lets time pass and runs the timers that are due, one after the other.
    void advance(Duration by) {
        const auto until = clock_.steady() + by;
        for (;;) {
            auto next = timers_.end();
            for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
                if (timer->second.due <= until && (next == timers_.end() || timer->second.due < next->second.due))
                    next = timer;
            }
            if (next == timers_.end()) break;
            clock_.advance(std::chrono::duration_cast<Duration>(next->second.due - clock_.steady()));
            const auto job = next->second.job;
            if (next->second.period.count() > 0)
                next->second.due += next->second.period;
            else
                timers_.erase(next);
            job();
            run();
        }
        clock_.advance(std::chrono::duration_cast<Duration>(until - clock_.steady()));
    }
    /// One tick: the handlers, then one event per stream with the rows that were set since the last.
    void tick() {
        for (const auto& handler : on_tick_) handler(Duration(50));
        for (auto& [type, stream] : streams_) {
            std::string json = "[";
            for (const std::uint64_t key : stream->order) {
                const auto row = stream->rows.find(key);
                if (row == stream->rows.end() || !row->second.fresh) continue;
                if (json.size() > 1) json += ',';
                write_json_row(json, *stream->type, row->second.object.get());
                row->second.fresh = false;
            }
            stream->order.clear();
            json += ']';
            if (json != "[]") tell_all(nullptr, type, Document::parse_json(json));
        }
        run();
    }

    /// Joins as the host does: on_join of everybody, and on_leave only if all of them returned. Throws what on_join
    /// throws.
    FakePlayer& join(const std::string& id, const std::string& name = "Ada", std::vector<std::string> roles = {}) {
        if (holds() != 0 || failure_) throw Error(Code::not_ready, "still loading");
        std::uint32_t n = 1;
        while (players_.contains(n)) ++n;
        auto player = std::make_unique<FakePlayer>(id, n, name, std::move(roles));
        FakePlayer& joined = *player;
        players_.emplace(n, std::move(player));
        try {
            for (const auto& handler : on_join_) handler(joined);
        } catch (...) {
            players_.erase(n);
            throw;
        }
        run();
        return joined;
    }
    void leave(FakePlayer& player, LeaveReason reason = LeaveReason::left) {
        for (const auto& handler : on_leave_) handler(player, reason);
        players_.erase(player.n());
        run();
    }

    /// Sends a message as JSON; decoding and its rules are the real ones.
    std::shared_ptr<Answer> ask(FakePlayer& from, const std::string& type, const Document& d) {
        auto answer = std::make_shared<Answer>();
        const auto found = messages_.find(type);
        if (found == messages_.end()) throw std::runtime_error("nobody handles " + type);
        const MessageHandler& handler = found->second.handler;
        struct Target final : Reply::Target {
            explicit Target(std::shared_ptr<Answer> to) : answer(std::move(to)) {}
            void ok(std::string_view json) override {
                ++answer->times;
                answer->d = Document::parse_json(json);
            }
            void refuse(const Error& error) override {
                ++answer->times;
                answer->refused = error;
            }
            std::shared_ptr<Answer> answer;
        };
        auto target = std::make_unique<Target>(answer);
        Target* open = target.get();
        try {
            auto message = make(*handler.type);
            decode_json(*handler.type, message.get(), d.to_json());
            handler.call(from, message.get(), Reply(std::move(target)));
        } catch (const Error& error) {
            // As the host does it: what the handler throws is the answer, in the place of "was not answered".
            if (target)
                open->refuse(error);
            else {
                answer->times = 1;
                answer->refused = error;
            }
        }
        run();
        return answer;
    }
    /// The same, with everything settled afterwards.
    std::shared_ptr<Answer> ask_settled(FakePlayer& from, const std::string& type, const Document& d) {
        auto answer = ask(from, type, d);
        settle();
        return answer;
    }
    const MessageHandler& handler(const std::string& type) const { return messages_.at(type).handler; }
    Rate limit_of(const std::string& type) const { return messages_.at(type).options->rate; }

    /// What `name` of space.state says to somebody who joins now.
    std::vector<Document> state(const std::string& name, FakePlayer& joining) {
        StateSection section = on_state_.at(name)(joining);
        std::vector<Document> items;
        for (;;) {
            std::string json;
            JsonWriter out(json);
            if (!section.next(out)) return items;
            items.push_back(Document::parse_json(json));
        }
    }
    StateSection section(const std::string& name, FakePlayer& joining) { return on_state_.at(name)(joining); }

    /// Everything that went to everybody (or everybody but one), in order.
    std::vector<Heard> events;
    std::vector<Document> events_of(std::string_view type) const {
        std::vector<Document> found;
        for (const Heard& event : events) {
            if (event.type == type) found.push_back(event.d);
        }
        return found;
    }

    std::size_t holds() const noexcept { return static_cast<std::size_t>(holds_.use_count()) - 1; }
    const std::optional<Error>& failure() const noexcept { return failure_; }
    MemoryStorage& store() noexcept { return storage_; }
    HandClock& hands() noexcept { return clock_; }
    KeptLog& kept_log() noexcept { return log_; }

    // ---- Space -----------------------------------------------------------------------------------------------------

    const std::string& id() const noexcept override { return id_; }
    const Document& settings() const noexcept override { return settings_; }
    std::size_t max_players() const noexcept override { return 100; }
    std::size_t player_count() const noexcept override { return players_.size(); }
    Player* player(std::uint32_t n) noexcept override {
        const auto found = players_.find(n);
        return found == players_.end() ? nullptr : found->second.get();
    }
    Player* player(std::string_view id) noexcept override {
        for (auto& [n, player] : players_) {
            if (player->id() == id) return player.get();
        }
        return nullptr;
    }
    void each_player(const std::function<void(Player&)>& visit) override {
        for (auto& [n, player] : players_) visit(*player);
    }
    void on_join(std::function<void(Player&)> handler) override { on_join_.push_back(std::move(handler)); }
    void on_leave(std::function<void(Player&, LeaveReason)> handler) override {
        on_leave_.push_back(std::move(handler));
    }
    void on_tick(std::function<void(Duration)> handler) override { on_tick_.push_back(std::move(handler)); }
    void on_state(std::string name, std::function<StateSection(Player&)> section) override {
        on_state_[std::move(name)] = std::move(section);
    }
    void broadcast(std::string_view type, const Document& d) override { tell_all(nullptr, type, d); }
    void broadcast_json(std::string_view type, std::string_view d) override {
        tell_all(nullptr, type, Document::parse_json(d));
    }
    void broadcast_except(const Player& left_out, std::string_view type, const Document& d) override {
        tell_all(&left_out, type, d);
    }
    TimerId after(Duration delay, std::function<void()> job) override {
        return add_timer(delay, Duration(0), std::move(job));
    }
    TimerId every(Duration period, std::function<void()> job) override {
        return add_timer(period, period, std::move(job));
    }
    void cancel(TimerId timer) noexcept override { timers_.erase(timer); }
    std::shared_ptr<Hold> hold(std::string_view) override {
        struct Held final : Hold {
            Held(std::shared_ptr<int> c, std::optional<Error>& f) : count(std::move(c)), failure(f) {}
            void fail(const Error& why) override { failure = why; }
            std::shared_ptr<int> count;
            std::optional<Error>& failure;
        };
        return std::make_shared<Held>(holds_, failure_);
    }
    void post(std::function<void()> job) override { strand_.push_back(std::move(job)); }
    void tell(std::string_view space, std::string_view topic, Document message) override {
        if (space != id_) return;
        for (const auto& [known, handler] : on_tell_) {
            if (known == topic) post([handler = handler, message] { handler(message); });
        }
    }
    void on_tell(std::string topic, std::function<void(const Document&)> handler) override {
        on_tell_.emplace_back(std::move(topic), std::move(handler));
    }
    Storage& storage() noexcept override { return storage_; }
    Background& background() noexcept override { return background_; }
    Log& log() noexcept override { return log_; }
    const Clock& clock() const noexcept override { return clock_; }

protected:
    MessageOptions& on_message(std::string type, MessageHandler handler) override {
        Message& message = messages_[std::move(type)];
        message.handler = std::move(handler);
        message.options = std::make_unique<Options>();
        return *message.options;
    }
    RowStream& row_stream(std::string type, const StructType& row) override {
        auto& stream = streams_[std::move(type)];
        if (!stream) stream = std::make_unique<Rows>();
        stream->type = &row;
        stream->order.reserve(256);
        return *stream;
    }

private:
    using Any = std::unique_ptr<void, std::function<void(void*)>>;
    static Any make(const StructType& type) {
        void* place = ::operator new(type.size, std::align_val_t(type.alignment));
        type.construct(place);
        return Any(place, [&type](void* object) {
            type.destroy(object);
            ::operator delete(object, std::align_val_t(type.alignment));
        });
    }
    struct Options final : MessageOptions {
        MessageOptions& limit(Rate wanted) override {
            rate = wanted;
            return *this;
        }
        MessageOptions& meaning(std::string) override { return *this; }
        Rate rate;
    };
    struct Message {
        MessageHandler handler;
        std::unique_ptr<Options> options;
    };
    /// Keeps the newest row per key, as the host does: copied, not yet encoded.
    struct Rows final : RowStream {
        struct Row {
            Any object;
            bool fresh = false;
        };
        void set(std::uint64_t key, const Vec3&, const void* row) override {
            auto found = rows.find(key);
            if (found == rows.end()) found = rows.emplace(key, Row{make(*type), false}).first;
            type->destroy(found->second.object.get());
            type->copy(found->second.object.get(), row);
            if (!found->second.fresh) order.push_back(key);
            found->second.fresh = true;
        }
        void forget(std::uint64_t key) override { rows.erase(key); }
        const StructType* type = nullptr;
        std::map<std::uint64_t, Row> rows;
        std::vector<std::uint64_t> order;
    };
    struct Timer {
        std::chrono::steady_clock::time_point due;
        Duration period;
        std::function<void()> job;
    };

    TimerId add_timer(Duration delay, Duration period, std::function<void()> job) {
        timers_[++last_timer_] = {clock_.steady() + delay, period, std::move(job)};
        return last_timer_;
    }
    void tell_all(const Player* left_out, std::string_view type, const Document& d) {
        events.push_back({std::string(type), d});
        for (auto& [n, player] : players_) {
            if (player.get() != left_out) player->heard.push_back({std::string(type), d});
        }
    }

    std::string id_;
    Document settings_;
    std::deque<std::function<void()>> strand_;
    HandClock clock_;
    KeptLog log_;
    InlineBackground background_;
    MemoryStorage storage_;
    std::map<std::uint32_t, std::unique_ptr<FakePlayer>> players_;
    std::map<std::string, Message> messages_;
    std::map<std::string, std::unique_ptr<Rows>> streams_;
    std::vector<std::function<void(Player&)>> on_join_;
    std::vector<std::function<void(Player&, LeaveReason)>> on_leave_;
    std::vector<std::function<void(Duration)>> on_tick_;
    std::map<std::string, std::function<StateSection(Player&)>> on_state_;
    std::vector<std::pair<std::string, std::function<void(const Document&)>>> on_tell_;
    std::map<TimerId, Timer> timers_;
    TimerId last_timer_ = 0;
    std::shared_ptr<int> holds_ = std::make_shared<int>(0);
    std::optional<Error> failure_;
};

}  // namespace cairn::test
