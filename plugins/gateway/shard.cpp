#include <plugins/gateway/shard.hpp>

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <cairn/error.hpp>

#include <plugins/gateway/http_answer.hpp>

namespace cairn::gateway {

namespace {

constexpr std::size_t kReadBuffer = 65536;
// Every connection is looked at about every 400 ms, a part of them each time, so that ten thousand cost no stall.
constexpr Duration kSweepEvery{100};
constexpr std::size_t kSweepParts = 4;

}  // namespace

Shard::Shard(Loop& loop, std::shared_ptr<Common> common)
    : loop_(loop),
      common_(std::move(common)),
      host_(common_->host),
      rules_(common_->rules),
      tallies_(common_->tallies),
      limits_(common_->limits),
      tls_(common_->tls.get()),
      parsers_(rules_.frames.message),
      read_buffer_(kReadBuffer),
      plain_buffer_(tls_ != nullptr ? kReadBuffer : 0) {}

Shard::~Shard() = default;

void Shard::adopt(int fd, const IpAddress& peer, bool counted) {
    if (closing_) {
        ::close(fd);
        if (counted) limits_.leave(peer);
        limits_.leave_total();
        return;
    }
    auto made = std::make_unique<ClientConnection>(*this, fd, peer, counted, tls_);
    ClientConnection& connection = *made;
    connection.slot_ = connections_.size();
    by_id_.emplace(connection.id(), &connection);
    connections_.push_back(std::move(made));
    tallies_.connections.add(1);
    enter_half_open(connection);
    try {
        loop_.watch(fd, connection);
    } catch (const Error&) {
        connection.kill();
        return;
    }
    arm_sweep();
    while (half_open_.size() > rules_.half_open_per_loop) {
        // The oldest goes, not the newest: whoever opens connections and says nothing must not keep others out.
        tallies_.dropped_half_open.add();
        half_open_.front()->kill();
    }
}

void Shard::close_all(std::uint16_t code, std::string_view reason, Duration grace, std::function<void()> gone) {
    closing_ = true;
    gone_ = std::move(gone);
    for (std::size_t i = connections_.size(); i-- > 0;)
        if (i < connections_.size()) connections_[i]->shut(code, reason);
    close_timer_ = loop_.after(grace, [self = shared_from_this()] {
        while (!self->connections_.empty()) self->connections_.back()->kill();
    });
    schedule_turn_end();
}

void Shard::mark_dirty(ClientConnection& connection) {
    if (connection.dirty_ || connection.dead()) return;
    connection.dirty_ = true;
    dirty_.push_back(&connection);
    schedule_turn_end();
}

void Shard::read_later(ClientConnection& connection) {
    if (connection.read_later_) return;
    connection.read_later_ = true;
    read_later_.push_back(connection.id());
    if (std::exchange(read_later_due_, true)) return;
    loop_.post([self = shared_from_this()] {
        self->read_later_due_ = false;
        const std::vector<std::uint64_t> ids = std::exchange(self->read_later_, {});
        for (const std::uint64_t id : ids) {
            const auto place = self->by_id_.find(id);
            if (place == self->by_id_.end()) continue;
            place->second->read_later_ = false;
            place->second->read_all();
        }
    });
}

void Shard::retire(ClientConnection& connection) {
    leave_half_open(connection);
    by_id_.erase(connection.id());
    const std::size_t slot = connection.slot_;
    retired_.push_back(std::move(connections_[slot]));
    if (slot + 1 != connections_.size()) {
        connections_[slot] = std::move(connections_.back());
        connections_[slot]->slot_ = slot;
    }
    connections_.pop_back();
    tallies_.connections.add(-1);
    schedule_turn_end();
}

void Shard::schedule_turn_end() {
    if (std::exchange(turn_end_due_, true)) return;
    loop_.at_turn_end([self = shared_from_this()] { self->end_turn(); });
}

void Shard::end_turn() {
    // A flush may make others dirty (a leaving player is told to the rest of his space): they go in this turn too.
    while (!dirty_.empty()) {
        flushing_.swap(dirty_);
        for (ClientConnection* connection : flushing_) {
            connection->dirty_ = false;
            connection->flush();
        }
        flushing_.clear();
    }
    retired_.clear();
    turn_end_due_ = false;
    if (!closing_ || !connections_.empty() || !gone_) return;
    loop_.cancel(close_timer_);
    loop_.cancel(sweep_timer_);
    std::exchange(gone_, nullptr)();
}

void Shard::arm_sweep() {
    if (sweep_armed_) return;
    sweep_armed_ = true;
    sweep_timer_ = loop_.after(kSweepEvery, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->sweep();
    });
}

void Shard::sweep() {
    sweep_armed_ = false;
    const TimePoint now = loop_.now();
    std::size_t part = std::max<std::size_t>(64, connections_.size() / kSweepParts + 1);
    for (part = std::min(part, connections_.size()); part > 0 && !connections_.empty(); --part) {
        if (cursor_ >= connections_.size()) cursor_ = 0;
        ClientConnection& connection = *connections_[cursor_];
        connection.check_time(now);
        if (!connection.dead()) ++cursor_;  // else another one has taken its place
    }
    if (!connections_.empty()) arm_sweep();
}

void Shard::enter_half_open(ClientConnection& connection) {
    if (connection.is_half_open_) return;
    connection.is_half_open_ = true;
    connection.half_open_ = half_open_.insert(half_open_.end(), &connection);
}

void Shard::leave_half_open(ClientConnection& connection) {
    if (!connection.is_half_open_) return;
    connection.is_half_open_ = false;
    half_open_.erase(connection.half_open_);
}

void Shard::run(Lane lane, std::string what, std::uint64_t id, std::function<FileAnswer()> work, bool chunk) {
    auto slot = std::make_shared<FileAnswer>();
    in_flight_.fetch_add(1, std::memory_order_acq_rel);
    host_.background.run(
        lane, std::move(what), [slot, work = std::move(work)](const Task&) { *slot = work(); },
        [slot, self = shared_from_this(), id, chunk](const std::exception_ptr& error) {
            bool failed = false;
            if (error) {
                failed = true;
                HttpResponse refusal = error_answer(503, "the server is busy; try again");
                slot->length = refusal.body.size();
                slot->response = std::move(refusal);
                slot->response.headers.emplace_back("Retry-After", "1");
            }
            self->loop_.post([slot, self, id, failed, chunk] {
                self->in_flight_.fetch_sub(1, std::memory_order_acq_rel);
                self->deliver(id, std::move(*slot), failed, chunk);
            });
        });
}

void Shard::deliver(std::uint64_t id, FileAnswer answer, bool failed, bool chunk) {
    const auto place = by_id_.find(id);
    if (place == by_id_.end()) return;
    ClientConnection& connection = *place->second;
    if (chunk)
        connection.more(std::move(answer.response.body), failed);
    else
        connection.answered(std::move(answer));
}

}  // namespace cairn::gateway
