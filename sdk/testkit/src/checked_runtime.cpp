#include "sdk/testkit/src/checked_runtime.hpp"

#include <set>
#include <utility>

namespace cairn::testkit {

class CheckedRuntime::CheckedLoop final : public Loop {
public:
    CheckedLoop(Ledger& ledger, const std::string& plugin, ManualLoop& inner)
        : ledger_(ledger), plugin_(plugin), inner_(inner) {}

    std::size_t index() const noexcept override { return inner_.index(); }
    bool on_loop() const noexcept override { return inner_.on_loop(); }
    void post(std::function<void()> job) override { inner_.post(wrap("posted job", std::move(job))); }
    void watch(int fd, IoHandler& handler) override {
        need("Loop::watch");
        inner_.watch(fd, handler);
        watched_.insert(fd);
    }
    void unwatch(int fd) override {
        need("Loop::unwatch");
        inner_.unwatch(fd);
        watched_.erase(fd);
    }
    TimerId after(Duration delay, std::function<void()> job) override {
        need("Loop::after");
        auto id = std::make_shared<TimerId>(0);
        *id = inner_.after(delay, [running = running_, id, job = wrap("timer", std::move(job))] {
            running->erase(*id);
            job();
        });
        running_->insert(*id);
        return *id;
    }
    void cancel(TimerId timer) noexcept override {
        need("Loop::cancel");
        inner_.cancel(timer);
        running_->erase(timer);
    }
    void at_turn_end(std::function<void()> job) override {
        need("Loop::at_turn_end");
        inner_.at_turn_end(wrap("end of turn", std::move(job)));
    }
    std::chrono::steady_clock::time_point now() const noexcept override { return inner_.now(); }

    std::size_t timers() const noexcept { return running_->size(); }
    std::size_t watches() const noexcept { return watched_.size(); }

private:
    void need(const char* call) const { ledger_.need_loop(plugin_, call, inner_.on_loop()); }
    std::function<void()> wrap(const char* handler, std::function<void()> job) {
        return [&ledger = ledger_, plugin = plugin_, loop = &inner_, handler, job = std::move(job)] {
            call_plugin(ledger, {Place::Kind::loop, loop, plugin, {}, handler}, false, job);
        };
    }

    Ledger& ledger_;
    const std::string plugin_;
    ManualLoop& inner_;
    std::shared_ptr<std::set<TimerId>> running_ = std::make_shared<std::set<TimerId>>();
    std::set<int> watched_;
};

class CheckedRuntime::CheckedLoops final : public Loops {
public:
    CheckedLoops(Ledger& ledger, const std::string& plugin, ManualLoops& inner) : inner_(inner) {
        for (std::size_t i = 0; i < inner.size(); ++i)
            loops_.push_back(std::make_unique<CheckedLoop>(ledger, plugin, inner.at(i)));
    }
    std::size_t size() const noexcept override { return loops_.size(); }
    CheckedLoop& at(std::size_t index) noexcept override { return *loops_[index]; }
    Loop* current() noexcept override {
        const Loop* const now = inner_.current();
        return now ? loops_[now->index()].get() : nullptr;
    }
    const std::vector<std::unique_ptr<CheckedLoop>>& all() const noexcept { return loops_; }

private:
    ManualLoops& inner_;
    std::vector<std::unique_ptr<CheckedLoop>> loops_;
};

class CheckedRuntime::CheckedBackground final : public Background {
public:
    CheckedBackground(Ledger& ledger, const std::string& plugin, Background& inner)
        : ledger_(ledger), plugin_(plugin), inner_(inner) {}
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        auto inside = [&ledger = ledger_, plugin = plugin_, what, work = std::move(work)](const Task& task) {
            const Inside in(ledger, {Place::Kind::worker, nullptr, plugin, {}, what});
            work(task);
        };
        std::function<void(std::exception_ptr)> back;
        if (done) {
            back = [&ledger = ledger_, plugin = plugin_, done = std::move(done)](std::exception_ptr failed) {
                call_plugin(ledger, {Place::Kind::worker, nullptr, plugin, {}, "a background completion"}, false,
                            [&] { done(failed); });
            };
        }
        return inner_.run(lane, std::move(what), std::move(inside), std::move(back));
    }

private:
    Ledger& ledger_;
    const std::string plugin_;
    Background& inner_;
};

class CheckedRuntime::CheckedStorage final : public Storage {
public:
    CheckedStorage(Ledger& ledger, const std::string& plugin, Storage& inner)
        : ledger_(ledger), plugin_(plugin), inner_(inner) {}
    void commit(Commit commit, Then<Committed> then) override {
        inner_.commit(std::move(commit), wrap<Committed>(std::move(then)));
    }
    void query(Query query, Then<Rows> then) override { inner_.query(std::move(query), wrap<Rows>(std::move(then))); }
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override {
        inner_.load_erased(std::move(query), row, std::move(append), wrap<Done>(std::move(then)));
    }
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override {
        inner_.select_erased(std::move(selection), std::move(append), wrap<Done>(std::move(then)));
    }
    void count(Selection selection, Then<std::int64_t> then) override {
        inner_.count(std::move(selection), wrap<std::int64_t>(std::move(then)));
    }

private:
    template <class T>
    Then<T> wrap(Then<T> then) {
        if (!then) return then;
        return [&ledger = ledger_, plugin = plugin_, then = std::move(then)](Result<T> result) {
            call_plugin(ledger, {Place::Kind::worker, nullptr, plugin, {}, "storage completion"}, false,
                        [&] { then(std::move(result)); });
        };
    }
    Ledger& ledger_;
    const std::string plugin_;
    Storage& inner_;
};

class CheckedRuntime::CheckedSessions final : public Sessions {
public:
    CheckedSessions(Ledger& ledger, const std::string& plugin, Sessions& inner, ManualLoops& loops)
        : ledger_(ledger), plugin_(plugin), inner_(inner), loops_(loops) {}
    std::unique_ptr<Session> open(Loop& loop, Connection& connection, ConnectionInfo info) override {
        ledger_.need_loop(plugin_, "Sessions::open", loop.on_loop());
        ManualLoop& real = loops_.at(loop.index());
        return std::make_unique<CheckedSession>(ledger_, plugin_, real, inner_.open(real, connection, std::move(info)));
    }
    std::size_t sessions_open() const noexcept override { return inner_.sessions_open(); }

private:
    class CheckedSession final : public Session {
    public:
        CheckedSession(Ledger& ledger, std::string plugin, ManualLoop& loop, std::unique_ptr<Session> inner)
            : ledger_(ledger), plugin_(std::move(plugin)), loop_(loop), inner_(std::move(inner)) {}
        ~CheckedSession() override { need("Session's destructor"); }
        void receive(std::string_view message) override {
            need("Session::receive");
            inner_->receive(message);
        }
        void control(const Frame& frame) override {
            need("Session::control");
            inner_->control(frame);
        }
        std::size_t gather(std::span<std::string_view> out) override {
            need("Session::gather");
            return inner_->gather(out);
        }
        void written(std::size_t bytes) override {
            need("Session::written");
            inner_->written(bytes);
        }
        std::size_t backlog() const noexcept override {
            need("Session::backlog");
            return inner_->backlog();
        }
        void end(std::uint16_t code, std::string_view reason) override {
            need("Session::end");
            inner_->end(code, reason);
        }

    private:
        void need(const char* call) const { ledger_.need_loop(plugin_, call, loop_.on_loop()); }
        Ledger& ledger_;
        const std::string plugin_;
        ManualLoop& loop_;
        const std::unique_ptr<Session> inner_;
    };

    Ledger& ledger_;
    const std::string plugin_;
    Sessions& inner_;
    ManualLoops& loops_;
};

CheckedRuntime::CheckedRuntime(Ledger& ledger, std::string plugin, Runtime& inner, ManualLoops& loops)
    : ledger_(ledger),
      plugin_(std::move(plugin)),
      inner_(inner),
      loops_(std::make_unique<CheckedLoops>(ledger, plugin_, loops)),
      background_(std::make_unique<CheckedBackground>(ledger, plugin_, inner.background())),
      storage_(std::make_unique<CheckedStorage>(ledger, plugin_, inner.storage())),
      sessions_(std::make_unique<CheckedSessions>(ledger, plugin_, inner.sessions(), loops)) {}

CheckedRuntime::~CheckedRuntime() = default;

std::size_t CheckedRuntime::timers() const noexcept {
    std::size_t sum = 0;
    for (const auto& loop : loops_->all()) sum += loop->timers();
    return sum;
}

std::size_t CheckedRuntime::watches() const noexcept {
    std::size_t sum = 0;
    for (const auto& loop : loops_->all()) sum += loop->watches();
    return sum;
}

Loops& CheckedRuntime::loops() noexcept {
    return *loops_;
}

Background& CheckedRuntime::background() noexcept {
    return *background_;
}

Storage& CheckedRuntime::storage() noexcept {
    return *storage_;
}

Sessions& CheckedRuntime::sessions() noexcept {
    return *sessions_;
}

void CheckedRuntime::announce(std::string_view label, std::string_view text) {
    ledger_.need_control(plugin_, "Runtime::announce");
    inner_.announce(label, text);
}

void CheckedRuntime::schedule(std::string cron, std::string what, std::function<void(const Task&)> work) {
    ledger_.need_control(plugin_, "Runtime::schedule");
    auto inside = [&ledger = ledger_, plugin = plugin_, what, work = std::move(work)](const Task& task) {
        call_plugin(ledger, {Place::Kind::worker, nullptr, plugin, {}, what}, false, [&] { work(task); });
    };
    inner_.schedule(std::move(cron), std::move(what), std::move(inside));
}

}  // namespace cairn::testkit
