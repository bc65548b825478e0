#include "core/loops/event_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <cairn/error.hpp>

#include "core/loops/host_thread.hpp"
#include "core/plugins/call_fence.hpp"

namespace cairn::core {

namespace {

constexpr std::uint64_t kWakeToken = ~std::uint64_t{0};  // no descriptor is 2^32 - 1
constexpr int kEventsPerTurn = 256;
constexpr Duration kLongestDelay = std::chrono::hours(24 * 365);

thread_local EventLoop* current_loop = nullptr;

/// On whose behalf the calling thread acts.
CallSite site_here() noexcept {
    const Breadcrumb& crumb = thread_breadcrumb();
    return {crumb.plugin.load(std::memory_order_relaxed), crumb.space.load(std::memory_order_relaxed),
            crumb.handler.load(std::memory_order_relaxed)};
}

/// The same plugin and space, but with a handler that says what kind of call it is.
CallSite site_here(const char* handler) noexcept {
    CallSite site = site_here();
    if (site.plugin) site.handler = handler;
    return site;
}

/// There is nobody to answer, so what was thrown goes to the log, be it a refusal or a fault. REQUIRES: in a catch
/// block.
void log_escape(EventLoop::Activity activity, CallSite site) noexcept {
    try {
        std::string what = "an exception that is not a std::exception";
        try {
            throw;
        } catch (const std::exception& error) {
            what = error.what();
        } catch (...) {
        }
        if (!site.handler) site.handler = activity_name(activity);
        std::string trace;
        internal_error(trace);
        log_fault(site, what, trace);
    } catch (...) {
        // Out of memory while saying so: the loop going on matters more than the line.
    }
}

}  // namespace

const char* activity_name(EventLoop::Activity activity) noexcept {
    switch (activity) {
        case EventLoop::Activity::waiting:
            return "waiting";
        case EventLoop::Activity::readiness:
            return "handling a descriptor";
        case EventLoop::Activity::timer:
            return "running a timer";
        case EventLoop::Activity::message:
            return "running a message";
        case EventLoop::Activity::turn_end:
            return "ending a turn";
    }
    return "?";
}

EventLoop::EventLoop(std::size_t index, const std::vector<EventLoop*>& peers)
    : index_(index), peers_(peers), epoll_(epoll_create1(EPOLL_CLOEXEC)), now_(std::chrono::steady_clock::now()) {
    if (epoll_ < 0)
        throw Error(Code::unavailable, "loop " + std::to_string(index) +
                                           " needs an epoll descriptor and the system "
                                           "refuses: " +
                                           std::generic_category().message(errno) +
                                           ". Raise the limit of open files (ulimit -n, LimitNOFILE).");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = kWakeToken;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, inbox_.descriptor(), &event);
}

EventLoop::~EventLoop() {
    stop();
    close(epoll_);
}

void EventLoop::start() {
    batches_.resize(peers_.size());
    thread_ = start_host_thread("cairn-loop-" + std::to_string(index_), [this] { run(); });
}

void EventLoop::stop() {
    stopping_.store(true, std::memory_order_release);
    inbox_.wake();
    if (thread_.joinable()) thread_.join();
}

EventLoop* EventLoop::current() noexcept {
    return current_loop;
}

bool EventLoop::on_loop() const noexcept {
    return current_loop == this;
}

void EventLoop::post(std::function<void()> job) {
    EventLoop* const sender = current_loop;
    Letter letter{std::move(job), site_here()};
    if (!sender || &sender->peers_ != &peers_) {
        outside_.fetch_add(1, std::memory_order_release);
        inbox_.put(std::move(letter));
        return;
    }
    sender->sent_.store(sender->sent_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    if (sender == this) {
        own_.push_back(std::move(letter));
        return;
    }
    Letters& batch = sender->batches_[index_];
    if (batch.empty()) sender->targets_.push_back(index_);
    batch.push_back(std::move(letter));
}

void EventLoop::watch(int fd, IoHandler& handler) {
    if (fd < 0) throw Error(Code::unavailable, "a loop cannot watch descriptor " + std::to_string(fd));
    const auto slot = static_cast<std::size_t>(fd);
    if (slot >= watches_.size()) watches_.resize(std::max(slot + 1, watches_.size() * 2));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = (static_cast<std::uint64_t>(++generation_) << 32) | static_cast<std::uint32_t>(fd);
    // EEXIST: watched before and not taken back; the newest handler wins, and MOD makes the kernel look again.
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0 &&
        (errno != EEXIST || epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0)) {
        const int why = errno;
        throw Error(Code::unavailable, "a loop cannot watch descriptor " + std::to_string(fd) + ": " +
                                           std::generic_category().message(why) +
                                           (why == ENOSPC ? ". Raise fs.epoll.max_user_watches." : ""));
    }
    static const char* const handler_name = intern("on_io");
    watches_[slot] = {&handler, generation_, site_here(handler_name)};
}

void EventLoop::unwatch(int fd) {
    if (fd < 0 || static_cast<std::size_t>(fd) >= watches_.size()) return;
    Watch& watch = watches_[static_cast<std::size_t>(fd)];
    if (!watch.handler) return;
    watch = {};
    // A descriptor that was closed first is gone from the set already (epoll(7), Q6): EBADF and ENOENT are no errors.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

TimerId EventLoop::after(Duration delay, std::function<void()> job) {
    static const char* const handler_name = intern("timer");
    // Not the time of the turn, which may be long ago: "at least" counts from the call.
    return timers_.add(std::chrono::steady_clock::now() + std::clamp(delay, Duration(0), kLongestDelay), std::move(job),
                       site_here(handler_name));
}

void EventLoop::cancel(TimerId timer) noexcept {
    // The job's captures die here, after the table is whole again: their destructors may come back to this loop.
    const auto cancelled = timers_.cancel(timer);
}

void EventLoop::at_turn_end(std::function<void()> job) {
    turn_end_.push_back({std::move(job), site_here()});
}

template <class F>
void EventLoop::step(Activity activity, const CallSite& site, F&& call) noexcept {
    const auto count = [this] { steps_.store(steps_.load(std::memory_order_relaxed) + 1, std::memory_order_release); };
    activity_.store(activity, std::memory_order_relaxed);
    count();
    try {
        if (site.plugin) {
            const BreadcrumbScope crumb(site);
            std::forward<F>(call)();
        } else {
            std::forward<F>(call)();
        }
    } catch (...) {
        log_escape(activity, site);
    }
    activity_.store(Activity::waiting, std::memory_order_relaxed);
    count();
}

void EventLoop::run() {
    current_loop = this;
    Breadcrumb& crumb = thread_breadcrumb();
    if (crumb.usage) crumb.usage->count_passing_time(true);
    breadcrumb_.store(&crumb, std::memory_order_release);
    while (!stopping_.load(std::memory_order_acquire)) turn();
    send_batches();
    if (crumb.usage) crumb.usage->count_passing_time(false);
    current_loop = nullptr;
}

int EventLoop::wait_time() const {
    if (!own_.empty() || !turn_end_.empty()) return 0;
    const auto next = timers_.next();
    if (!next) return -1;
    // Rounded up, else the last fraction of a millisecond would be spent spinning.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

void EventLoop::turn() {
    std::array<epoll_event, kEventsPerTurn> events;
    const int ready = epoll_wait(epoll_, events.data(), kEventsPerTurn, wait_time());
    now_ = std::chrono::steady_clock::now();
    for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.u64 != kWakeToken) deliver_readiness(event.data.u64, event.events);
    }
    run_timers();
    run_letters();
    run_turn_end();
    send_batches();
}

void EventLoop::deliver_readiness(std::uint64_t token, std::uint32_t events) {
    const auto slot = static_cast<std::size_t>(static_cast<std::uint32_t>(token));
    // The table may be moved by the handler (watch), so nothing of it is held by reference during the call.
    if (slot >= watches_.size()) return;
    const Watch watch = watches_[slot];
    // Of another generation: the event is about a descriptor that was closed earlier in this very batch.
    if (!watch.handler || watch.generation != token >> 32) return;
    step(Activity::readiness, watch.site, [&] {
        watch.handler->on_io((events & (EPOLLIN | EPOLLPRI)) != 0, (events & EPOLLOUT) != 0,
                             (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0);
    });
}

void EventLoop::run_timers() {
    const std::uint64_t limit = timers_.mark();
    while (auto due = timers_.take_due(now_, limit)) {
        step(Activity::timer, due->site, [&] {
            const auto job = std::move(due->job);  // dies inside the step: captures may do work when they die
            job();
        });
    }
}

void EventLoop::run_letters() {
    // First what came from outside, then what this loop posted to itself; only what is there now, so that loops which
    // keep posting cannot starve the descriptors.
    for (Letters* box : {&running_, &own_}) {
        if (box == &running_) {
            inbox_.take(running_);
        } else {
            running_.swap(own_);
        }
        for (Letter& letter : running_) {
            step(Activity::message, letter.site, [&] {
                const auto job = std::move(letter.job);
                job();
            });
            run_.store(run_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        }
        running_.clear();
    }
}

void EventLoop::run_turn_end() {
    if (turn_end_.empty()) return;
    // What these jobs ask for at the turn's end belongs to the next turn, which then does not wait.
    turn_end_running_.swap(turn_end_);
    for (Letter& letter : turn_end_running_) {
        step(Activity::turn_end, letter.site, [&] {
            const auto job = std::move(letter.job);
            job();
        });
    }
    turn_end_running_.clear();
}

void EventLoop::send_batches() {
    for (const std::size_t target : targets_) peers_[target]->inbox_.put(batches_[target]);
    targets_.clear();
}

}  // namespace cairn::core
