#include "core/torture/workload.hpp"

#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include <cairn/fields.hpp>

namespace cairn::core::torture {
namespace {

struct ItemRow {
    std::string id;
    std::int64_t lane = 0;
    std::int64_t owner = 0;
};
void describe(Fields<ItemRow>& f) {
    f(&ItemRow::id, "id", "the operation that created it");
    f(&ItemRow::lane, "lane", "of which pair of players");
    f(&ItemRow::owner, "owner", "which of the two has it");
}

struct PurseRow {
    std::string id;
    std::int64_t lane = 0;
    std::int64_t side = 0;
    std::int64_t gold = 0;
};
void describe(Fields<PurseRow>& f) {
    f(&PurseRow::id, "id", "lane and side");
    f(&PurseRow::lane, "lane", "of which pair of players");
    f(&PurseRow::side, "side", "which of the two");
    f(&PurseRow::gold, "gold", "never below zero");
}

struct LedgerRow {
    std::int64_t operation = 0;
    std::int64_t lane = 0;
    std::int64_t gold = 0;
};
void describe(Fields<LedgerRow>& f) {
    f(&LedgerRow::operation, "operation", "the trade");
    f(&LedgerRow::lane, "lane", "of which pair of players");
    f(&LedgerRow::gold, "gold", "what was paid");
}

struct MessageRow {
    std::int64_t lane = 0;
    std::int64_t number = 0;
    std::int64_t operation = 0;
};
void describe(Fields<MessageRow>& f) {
    f(&MessageRow::lane, "lane", "where it was said");
    f(&MessageRow::number, "number", "without gaps");
    f(&MessageRow::operation, "operation", "by which operation");
}

struct PlaceRow {
    std::int64_t lane = 0;
    std::int64_t value = 0;
};
void describe(Fields<PlaceRow>& f) {
    f(&PlaceRow::lane, "lane", "whose place");
    f(&PlaceRow::value, "value", "only grows");
}

const TableSpec& items() {
    static const TableSpec spec{"torture_items", {"id"}, &struct_type<ItemRow>(), "torture"};
    return spec;
}
const TableSpec& purses() {
    static const TableSpec spec{"torture_purses", {"id"}, &struct_type<PurseRow>(), "torture"};
    return spec;
}
const TableSpec& ledger() {
    static const TableSpec spec{"torture_ledger", {"operation"}, &struct_type<LedgerRow>(), "torture"};
    return spec;
}
const TableSpec& messages() {
    static const TableSpec spec{"torture_messages", {"lane", "number"}, &struct_type<MessageRow>(), "torture"};
    return spec;
}
const TableSpec& places() {
    static const TableSpec spec{"torture_places", {"lane"}, &struct_type<PlaceRow>(), "torture"};
    return spec;
}

constexpr std::int64_t kNeverSaid = 1000000000;  // the number of a message that a repeated operation must not write

void put_purse(Commit& commit, int lane, int side, std::int64_t gold) {
    const std::string id = std::to_string(lane) + "-" + std::to_string(side);
    Table<PurseRow>(purses()).put(commit, {id, lane, side, gold});
}

std::int64_t whole(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

Commit named(std::uint64_t number) {
    Commit commit;
    commit.by("torture").operation(std::to_string(number)).answer(std::to_string(number));
    return commit;
}

}  // namespace

std::vector<const TableSpec*> torture_tables() {
    return {&items(), &purses(), &ledger(), &messages(), &places()};
}

Workload::Workload(Options options, Storage& storage, std::map<int, Lane> lanes, Write write)
    : options_(options),
      storage_(storage),
      lanes_(std::move(lanes)),
      write_(std::move(write)),
      random_(options.seed),
      number_(options.first) {
    for (int lane = 0; lane < options_.lanes; ++lane) {
        ready_.push_back(lane);
        const Lane& known = lanes_[lane];
        if (!known.messages.empty()) last_[lane] = known.messages.rbegin()->second;
    }
}

Operation Workload::next_operation(int number) {
    const Lane& lane = lanes_[number];
    Operation operation;
    operation.number = number_++;
    operation.lane = number;
    if (!lane.open) {
        operation.kind = Operation::Kind::open;
        return operation;
    }
    const std::uint64_t dice = random_() % 1000;
    operation.side = static_cast<int>(random_() % 2);
    if (dice < 2) {
        operation.kind = Operation::Kind::poison;
    } else if (dice < 100) {
        operation.kind = Operation::Kind::place;
    } else if (dice < 400 || lane.items.empty()) {
        operation.kind = Operation::Kind::say;
        operation.count = lane.messages.empty() ? 1 : lane.messages.rbegin()->first + 1;
    } else {
        auto item = lane.items.begin();
        std::advance(item, static_cast<std::ptrdiff_t>(random_() % lane.items.size()));
        operation.item = item->first;
        operation.side = item->second;
        operation.gold = static_cast<std::int64_t>(random_() % 20) + 1;
        const bool affordable = lane.gold[static_cast<std::size_t>(1 - operation.side)] >= operation.gold;
        operation.kind = dice < 750 && affordable ? Operation::Kind::trade : Operation::Kind::destroy;
    }
    // Items come about as fast as they go.
    if (operation.kind == Operation::Kind::say && (lane.items.size() < 3 || (lane.items.size() < 20 && dice % 2 == 0))) {
        operation.kind = Operation::Kind::create;
    }
    return operation;
}

Commit Workload::commit_of(const Operation& operation) const {
    const Lane& lane = lanes_.at(operation.lane);
    Commit commit = named(operation.number);
    switch (operation.kind) {
        case Operation::Kind::open:
            put_purse(commit, operation.lane, 0, kGold);
            put_purse(commit, operation.lane, 1, kGold);
            break;
        case Operation::Kind::create:
            Table<ItemRow>(items()).put(commit, {std::to_string(operation.number), operation.lane, operation.side});
            break;
        case Operation::Kind::trade: {
            const int buyer = 1 - operation.side;
            Table<ItemRow>(items()).put(commit, {std::to_string(operation.item), operation.lane, buyer});
            put_purse(commit, operation.lane, operation.side,
                      lane.gold[static_cast<std::size_t>(operation.side)] + operation.gold);
            put_purse(commit, operation.lane, buyer, lane.gold[static_cast<std::size_t>(buyer)] - operation.gold);
            Table<LedgerRow>(ledger()).put(commit, {whole(operation.number), operation.lane, operation.gold});
            break;
        }
        case Operation::Kind::destroy:
            Table<ItemRow>(items()).erase(commit, {std::to_string(operation.item), operation.lane, 0});
            break;
        case Operation::Kind::say:
            Table<MessageRow>(messages()).put(commit, {operation.lane, operation.count, whole(operation.number)});
            break;
        case Operation::Kind::place:
            Table<PlaceRow>(places()).put(commit, {operation.lane, whole(operation.number)});
            break;
        case Operation::Kind::poison:
            Table<PurseRow>(purses()).put(commit, {"poison-" + std::to_string(operation.number), operation.lane, 0, -1});
            break;
    }
    return commit;
}

void Workload::prepare(Turn& turn) {
    const std::uint64_t dice = random_() % 100;
    const auto last = last_.find(turn.lane);
    turn.repeated = dice < 4 && last != last_.end();
    turn.place = !turn.repeated && dice < 30 && lanes_[turn.lane].open;
    if (turn.repeated) {
        turn.operation = Operation{last->second, turn.lane, Operation::Kind::say, 0, 0, 0, kNeverSaid};
    } else {
        turn.operation = next_operation(turn.lane);
    }
}

void Workload::submit(const Turn& turn) {
    if (turn.place) {  // on top of the operation: where somebody drags something, which nobody waits for
        const std::uint64_t value = turn.operation.number;
        Commit commit;
        commit.coalesced();
        Table<PlaceRow>(places()).put(commit, {turn.lane, whole(value)});
        storage_.commit(std::move(commit), [this, lane = turn.lane, value](Result<Committed> result) {
            if (!result) return;
            const std::lock_guard lock(mutex_);
            lines_ += "held " + std::to_string(lane) + " " + std::to_string(value) + "\n";
        });
    }
    storage_.commit(commit_of(turn.operation), [this, turn](Result<Committed> result) { answer(turn, result); });
}

void Workload::answer(const Turn& turn, const Result<Committed>& result) {
    const std::lock_guard lock(mutex_);
    const std::string number = std::to_string(turn.operation.number);
    if (turn.repeated) {
        // Refused, as the disk is full or the like, is no proof of anything.
        const bool recognised = !result || (result.value().repeated && result.value().answer == number);
        if (!recognised) lines_ += "again " + number + "\n";
    } else if (result) {
        lines_ += "done " + number + "\n";
        lanes_[turn.lane].apply(turn.operation);
        if (turn.operation.kind != Operation::Kind::poison) last_[turn.lane] = turn.operation.number;
    } else {
        lines_ += (result.error().code() == Code::conflict ? "refused " : "no-room ") + number + "\n";
    }
    ready_.push_back(turn.lane);
    answered_.notify_one();
}

void Workload::run(const std::function<bool()>& end) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begun = Clock::now();
    std::uint64_t made = 0;
    std::vector<Turn> turns;
    while (!end()) {
        std::string lines;
        turns.clear();
        {
            std::unique_lock lock(mutex_);
            answered_.wait_for(lock, std::chrono::milliseconds(2), [&] { return !ready_.empty(); });
            lines.swap(lines_);
            const double allowed = options_.rate * std::chrono::duration<double>(Clock::now() - begun).count();
            while (!ready_.empty() && static_cast<double>(made) < allowed) {
                Turn& turn = turns.emplace_back();
                turn.lane = ready_.back();
                ready_.pop_back();
                prepare(turn);
                ++made;
                if (turn.place) {
                    lines += "went " + std::to_string(turn.lane) + " " + std::to_string(turn.operation.number) + "\n";
                }
                if (!turn.repeated) lines += "sent " + turn.operation.text() + "\n";
            }
        }
        // Before the commit: else something could be in the database that nobody had heard of.
        if (!lines.empty()) write_(lines);
        for (const Turn& turn : turns) submit(turn);
        if (turns.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace cairn::core::torture
