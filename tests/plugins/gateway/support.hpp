#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/plugin.hpp>

#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/settings.hpp>

/// A host small enough for tests: a loop that is turned by hand, sessions that write down what they hear.
namespace cairn::gateway::testing {

using Steady = std::chrono::steady_clock;

/// A real epoll loop with a clock that tests move. Turned by the test, so nothing happens behind its back.
class HandLoop final : public Loop {
public:
    explicit HandLoop(std::size_t index = 0);
    ~HandLoop() override;
    std::size_t index() const noexcept override { return index_; }
    bool on_loop() const noexcept override { return true; }
    void post(std::function<void()> job) override;
    void watch(int fd, IoHandler& handler) override;
    void unwatch(int fd) override;
    TimerId after(Duration delay, std::function<void()> job) override;
    void cancel(TimerId timer) noexcept override;
    void at_turn_end(std::function<void()> job) override;
    Steady::time_point now() const noexcept override { return now_; }

    /// One turn; waits at most `wait` for readiness.
    void turn(std::chrono::milliseconds wait = std::chrono::milliseconds(1));
    /// Moves the clock; timers run in the next turn.
    void advance(Duration by) { now_ += by; }
    std::size_t watched() const noexcept { return handlers_.size(); }
    std::size_t timers() const noexcept { return timers_.size(); }

private:
    std::size_t index_;
    int epoll_;
    Steady::time_point now_;
    std::map<int, IoHandler*> handlers_;
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    std::vector<std::function<void()>> turn_end_;
    std::map<TimerId, std::pair<Steady::time_point, std::function<void()>>> timers_;
    TimerId next_timer_ = 1;
};

class HandLoops final : public Loops {
public:
    explicit HandLoops(std::size_t count);
    std::size_t size() const noexcept override { return loops_.size(); }
    Loop& at(std::size_t index) noexcept override { return *loops_[index]; }
    Loop* current() noexcept override { return nullptr; }
    HandLoop& hand(std::size_t index) { return *loops_[index]; }

private:
    std::vector<std::unique_ptr<HandLoop>> loops_;
};

/// Queues frames and remembers what it heard. Answers `echo …` and obeys `end CODE`.
class FakeSession final : public Session {
public:
    struct Record {
        std::vector<std::string> messages;
        std::optional<std::pair<std::uint16_t, std::string>> ended;
        bool destroyed = false;
        ConnectionInfo info;
        FakeSession* session = nullptr;
    };
    FakeSession(Connection& connection, std::shared_ptr<Record> record);
    ~FakeSession() override;
    void receive(std::string_view message) override;
    void control(const Frame& frame) override;
    std::size_t gather(std::span<std::string_view> out) override;
    void written(std::size_t bytes) override;
    std::size_t backlog() const noexcept override;
    void end(std::uint16_t code, std::string_view reason) override;
    void push(Frame frame);

private:
    Connection& connection_;
    std::shared_ptr<Record> record_;
    std::deque<Frame> queue_;
    std::size_t sent_ = 0;
};

class FakeSessions final : public Sessions {
public:
    std::unique_ptr<Session> open(Loop& loop, Connection& connection, ConnectionInfo info) override;
    std::size_t sessions_open() const noexcept override { return open_; }

    std::vector<std::shared_ptr<FakeSession::Record>> records;
    std::optional<Error> refusal;
    std::mutex mutex;
    std::atomic<std::size_t> open_{0};
};

/// Exact patterns only; `call` runs the handler as it is.
class FakeRoutes final : public HttpRoutes {
public:
    Match match(std::string_view method, std::string_view path, const HttpRoute*& route,
                std::vector<std::pair<std::string, std::string>>& captures, std::string& allowed) const override;
    const HttpFiles* files(std::string_view path) const override;
    HttpResponse call(const HttpRoute& route, const HttpRequest& request) const noexcept override;

    std::deque<HttpRoute> routes;
    std::deque<HttpFiles> folders;
};

/// Keeps jobs until run_all(), unless `eager`.
class HandBackground final : public Background {
public:
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override;
    void run_all();
    bool eager = true;
    bool refuse = false;
    std::size_t waiting() const { return jobs_.size(); }

private:
    std::deque<std::function<void()>> jobs_;
};

class FakeMetrics final : public Metrics {
public:
    class Number final : public Counter, public Gauge {
    public:
        void add(double amount) noexcept override;
        void set(double value) noexcept override { value_ = value; }
        double value() const noexcept { return value_; }

    private:
        std::atomic<double> value_{0};
    };
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels) override;
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) override;
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels) override;
    /// By "name" or "name{label}".
    double value(const std::string& key);

private:
    Number& number(const std::string& name, const Labels& labels);
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Number>> numbers_;
};

class FakeLog final : public Log {
public:
    void write(LogLevel level, std::string_view message, const Document& details) override;
    bool enabled(LogLevel) const noexcept override { return true; }
    std::vector<std::string> lines;
    std::mutex mutex;
};

class FakeClock final : public Clock {
public:
    WallTime wall() const noexcept override { return 784111777000; }  // Sun, 06 Nov 1994 08:49:37 GMT
    Steady::time_point steady() const noexcept override { return Steady::now(); }
};

/// All of them together.
struct SmallHost {
    explicit SmallHost(std::size_t loops_wanted = 1) : loops(loops_wanted) {}
    HandLoops loops;
    FakeSessions sessions;
    FakeRoutes routes;
    HandBackground background;
    FakeMetrics metrics;
    FakeLog log;
    FakeClock clock;
    HostServices services() { return {loops, sessions, routes, background, metrics, log, clock}; }
    void turn(int times = 1, std::chrono::milliseconds wait = std::chrono::milliseconds(0));
};

/// Frames as a client writes them. `mask` off makes them wrong on purpose.
std::string client_frame(std::string_view payload, unsigned opcode = 1, bool fin = true, bool mask = true,
                         unsigned rsv = 0);
std::string close_payload(std::uint16_t code, std::string_view reason = {});

struct ServerFrame {
    unsigned opcode = 0;
    std::string payload;
    std::uint16_t close_code() const;
};
/// Takes whole frames off the front of `bytes`.
std::vector<ServerFrame> take_frames(std::string& bytes);

/// A client's socket, never blocking.
class TestSocket {
public:
    explicit TestSocket(int fd) : fd_(fd) {}
    static TestSocket connect(std::uint16_t port, const std::string& from = {});
    TestSocket(TestSocket&& other) noexcept;
    TestSocket& operator=(TestSocket&& other) noexcept;
    ~TestSocket();
    /// Bytes taken by the system.
    std::size_t send(std::string_view bytes);
    /// Appends what has come to `received`; sets `ended` at the end, `reset` when the peer broke off.
    void receive();
    void shut_sending();
    void close();
    int fd() const { return fd_; }
    std::string received;
    bool ended = false;
    bool reset = false;

private:
    int fd_ = -1;
};

/// An upgrade request that is in order.
std::string upgrade_request(const std::string& more = {}, const std::string& host = "127.0.0.1");

/// A folder that goes away with the test.
class TempFolder {
public:
    TempFolder();
    ~TempFolder();
    const std::string& path() const { return path_; }
    void write(const std::string& name, std::string_view content) const;

private:
    std::string path_;
};

}  // namespace cairn::gateway::testing
