#include "tests/plugins/gateway/support.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace cairn::gateway::testing {

HandLoop::HandLoop(std::size_t index) : index_(index), epoll_(epoll_create1(EPOLL_CLOEXEC)), now_(Steady::now()) {}

HandLoop::~HandLoop() {
    ::close(epoll_);
}

void HandLoop::post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(job));
}

void HandLoop::watch(int fd, IoHandler& handler) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) throw Error(Code::unavailable, "epoll refuses");
    handlers_[fd] = &handler;
}

void HandLoop::unwatch(int fd) {
    if (handlers_.erase(fd) > 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

TimerId HandLoop::after(Duration delay, std::function<void()> job) {
    timers_[next_timer_] = {now_ + delay, std::move(job)};
    return next_timer_++;
}

void HandLoop::cancel(TimerId timer) noexcept {
    timers_.erase(timer);
}

void HandLoop::at_turn_end(std::function<void()> job) {
    turn_end_.push_back(std::move(job));
}

void HandLoop::turn(std::chrono::milliseconds wait) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_, events, 64, static_cast<int>(wait.count()));
    for (int i = 0; i < count; ++i) {
        const auto place = handlers_.find(events[i].data.fd);
        if (place == handlers_.end()) continue;
        const unsigned what = events[i].events;
        place->second->on_io((what & EPOLLIN) != 0, (what & EPOLLOUT) != 0,
                             (what & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0);
    }
    for (;;) {
        std::function<void()> due;
        for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
            if (timer->second.first > now_) continue;
            due = std::move(timer->second.second);
            timers_.erase(timer);
            break;
        }
        if (!due) break;
        due();
    }
    std::deque<std::function<void()>> posted;
    {
        const std::lock_guard lock(mutex_);
        posted.swap(posted_);
    }
    for (auto& job : posted) job();
    for (auto& job : std::exchange(turn_end_, {})) job();
}

HandLoops::HandLoops(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<HandLoop>(i));
}

FakeSession::FakeSession(Connection& connection, std::shared_ptr<Record> record)
    : connection_(connection), record_(std::move(record)) {
    record_->session = this;
}

FakeSession::~FakeSession() {
    record_->destroyed = true;
    record_->session = nullptr;
}

void FakeSession::receive(std::string_view message) {
    record_->messages.emplace_back(message);
    if (message.starts_with("echo ")) push(Frame::make(message.substr(5)));
    if (message.starts_with("end ")) {
        std::uint16_t code = 0;
        std::from_chars(message.data() + 4, message.data() + message.size(), code);
        end(code, "as you wish");
    }
    if (message.starts_with("flood ")) {
        std::size_t bytes = 0;
        std::from_chars(message.data() + 6, message.data() + message.size(), bytes);
        for (std::size_t sent = 0; sent < bytes; sent += 1000) push(Frame::make(std::string(1000, 'x')));
    }
}

void FakeSession::control(const Frame& frame) {
    queue_.push_back(frame);
    connection_.wake();
}

void FakeSession::push(Frame frame) {
    queue_.push_back(std::move(frame));
    connection_.wake();
}

std::size_t FakeSession::gather(std::span<std::string_view> out) {
    std::size_t count = 0;
    for (const Frame& frame : queue_) {
        if (count == out.size()) break;
        out[count] = frame.wire().substr(count == 0 ? sent_ : 0);
        ++count;
    }
    return count;
}

void FakeSession::written(std::size_t bytes) {
    sent_ += bytes;
    while (!queue_.empty() && sent_ >= queue_.front().size()) {
        sent_ -= queue_.front().size();
        queue_.pop_front();
    }
}

std::size_t FakeSession::backlog() const noexcept {
    std::size_t bytes = 0;
    for (const Frame& frame : queue_) bytes += frame.size();
    return bytes - sent_;
}

void FakeSession::end(std::uint16_t code, std::string_view reason) {
    if (record_->ended) return;
    record_->ended = {code, std::string(reason)};
    push(Frame::make("bye " + std::to_string(code)));
    connection_.close(code, reason);
}

std::unique_ptr<Session> FakeSessions::open(Loop&, Connection& connection, ConnectionInfo info) {
    const std::lock_guard lock(mutex);
    if (refusal) throw Error(*refusal);
    auto record = std::make_shared<FakeSession::Record>();
    record->info = std::move(info);
    records.push_back(record);
    return std::make_unique<FakeSession>(connection, record);
}

HttpRoutes::Match FakeRoutes::match(std::string_view method, std::string_view path, const HttpRoute*& route,
                                    std::vector<std::pair<std::string, std::string>>&, std::string& allowed) const {
    Match best = Match::none;
    for (const HttpRoute& one : routes) {
        if (one.pattern != path) continue;
        if (one.method == method) {
            route = &one;
            return Match::found;
        }
        best = Match::wrong_method;
        allowed += (allowed.empty() ? "" : ", ") + one.method;
    }
    return best;
}

const HttpFiles* FakeRoutes::files(std::string_view path) const {
    const HttpFiles* best = nullptr;
    for (const HttpFiles& one : folders)
        if (path.starts_with(one.prefix) && (best == nullptr || one.prefix.size() > best->prefix.size())) best = &one;
    return best;
}

HttpResponse FakeRoutes::call(const HttpRoute& route, const HttpRequest& request) const noexcept {
    try {
        return route.handler(request);
    } catch (...) {
        return HttpResponse::text(500, "fault");
    }
}

Task HandBackground::run(Lane, std::string, std::function<void(const Task&)> work,
                         std::function<void(std::exception_ptr)> done) {
    Task task;
    if (refuse) {
        done(std::make_exception_ptr(Error(Code::unavailable, "full")));
        return task;
    }
    auto job = [task, work = std::move(work), done = std::move(done)] {
        std::exception_ptr failed;
        try {
            work(task);
        } catch (...) {
            failed = std::current_exception();
        }
        done(failed);
    };
    if (eager)
        job();
    else
        jobs_.push_back(std::move(job));
    return task;
}

void HandBackground::run_all() {
    while (!jobs_.empty()) {
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        job();
    }
}

void FakeMetrics::Number::add(double amount) noexcept {
    double before = value_.load();
    while (!value_.compare_exchange_weak(before, before + amount)) {
    }
}

FakeMetrics::Number& FakeMetrics::number(const std::string& name, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    auto& place = numbers_[labels.empty() ? name : name + "{" + labels.front().second + "}"];
    if (!place) place = std::make_unique<Number>();
    return *place;
}

Counter& FakeMetrics::counter(const std::string& name, const std::string&, const Labels& labels) {
    return number(name, labels);
}
Gauge& FakeMetrics::gauge(const std::string& name, const std::string&, const Labels& labels) {
    return number(name, labels);
}
Histogram& FakeMetrics::histogram(const std::string&, const std::string&, const std::vector<double>&, const Labels&) {
    class Ignored final : public Histogram {
    public:
        void observe(double) noexcept override {}
    };
    static Ignored ignored;
    return ignored;
}

double FakeMetrics::value(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto place = numbers_.find(key);
    return place == numbers_.end() ? -1 : place->second->value();
}

void FakeLog::write(LogLevel, std::string_view message, const Document&) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(message);
}

void SmallHost::turn(int times, std::chrono::milliseconds wait) {
    for (int i = 0; i < times; ++i)
        for (std::size_t loop = 0; loop < loops.size(); ++loop) loops.hand(loop).turn(wait);
}

std::string client_frame(std::string_view payload, unsigned opcode, bool fin, bool mask, unsigned rsv) {
    std::string frame;
    frame.push_back(static_cast<char>((fin ? 0x80u : 0u) | (rsv << 4) | opcode));
    const unsigned masked = mask ? 0x80u : 0u;
    const std::uint64_t length = payload.size();
    if (length < 126) {
        frame.push_back(static_cast<char>(masked | length));
    } else if (length <= 0xffff) {
        frame.push_back(static_cast<char>(masked | 126u));
        frame.push_back(static_cast<char>(length >> 8));
        frame.push_back(static_cast<char>(length & 0xff));
    } else {
        frame.push_back(static_cast<char>(masked | 127u));
        for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>((length >> shift) & 0xff));
    }
    const char key[4] = {'\x37', '\xfa', '\x21', '\x3d'};
    if (mask) frame.append(key, 4);
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame.push_back(mask ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i]);
    return frame;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
    std::string payload;
    payload.push_back(static_cast<char>(code >> 8));
    payload.push_back(static_cast<char>(code & 0xff));
    payload += reason;
    return payload;
}

std::uint16_t ServerFrame::close_code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<std::uint16_t>((static_cast<unsigned char>(payload[0]) << 8) |
                                      static_cast<unsigned char>(payload[1]));
}

std::vector<ServerFrame> take_frames(std::string& bytes) {
    std::vector<ServerFrame> frames;
    std::size_t taken = 0;
    for (;;) {
        const std::string_view rest = std::string_view(bytes).substr(taken);
        if (rest.size() < 2) break;
        std::uint64_t length = static_cast<unsigned char>(rest[1]) & 0x7fu;
        std::size_t header = 2;
        const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (rest.size() < header + extended) break;
        if (extended > 0) {
            length = 0;
            for (std::size_t i = 0; i < extended; ++i)
                length = (length << 8) | static_cast<unsigned char>(rest[header + i]);
            header += extended;
        }
        if (rest.size() < header + length) break;
        frames.push_back({static_cast<unsigned>(rest[0]) & 0x0fu, std::string(rest.substr(header, length))});
        taken += header + length;
    }
    bytes.erase(0, taken);
    return frames;
}

TestSocket TestSocket::connect(std::uint16_t port, const std::string& from) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (!from.empty()) {
        inet_pton(AF_INET, from.c_str(), &address.sin_addr);
        if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("bind " + from);
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("connect: " + std::to_string(errno));
    }
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return TestSocket(fd);
}

TestSocket::TestSocket(TestSocket&& other) noexcept {
    *this = std::move(other);
}

TestSocket& TestSocket::operator=(TestSocket&& other) noexcept {
    if (this == &other) return *this;
    close();
    received = std::move(other.received);
    ended = other.ended;
    reset = other.reset;
    fd_ = std::exchange(other.fd_, -1);
    return *this;
}

TestSocket::~TestSocket() {
    close();
}

void TestSocket::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

std::size_t TestSocket::send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void TestSocket::receive() {
    char buffer[65536];
    while (fd_ >= 0 && !ended) {
        const ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            ended = true;
            reset = got < 0;
            return;
        }
        received.append(buffer, static_cast<std::size_t>(got));
    }
}

void TestSocket::shut_sending() {
    ::shutdown(fd_, SHUT_WR);
}

std::string upgrade_request(const std::string& more, const std::string& host) {
    return "GET /ws HTTP/1.1\r\nHost: " + host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\n" +
           more + "\r\n";
}

TempFolder::TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn-gateway-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void TempFolder::write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
}

}  // namespace cairn::gateway::testing
