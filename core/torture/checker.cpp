#include "core/torture/checker.hpp"

#include <algorithm>
#include <sstream>

namespace cairn::core::torture {

bool Dump::take(std::string_view line) {
    std::istringstream in{std::string(line)};
    std::string what;
    in >> what;
    if (what == "integrity") {
        std::getline(in >> std::ws, integrity);
        return true;
    }
    if (what == "letter") {
        std::uint64_t operation = 0;
        in >> operation;
        ++dead_letters[operation];
        return !in.fail();
    }
    int number = 0;
    std::int64_t a = 0;
    std::int64_t b = 0;
    if (what != "item" && what != "purse" && what != "ledger" && what != "message" && what != "place") return false;
    if (!(in >> number >> a >> b)) return false;
    Lane& lane = lanes[number];
    bool fresh = true;
    if (what == "item") {
        fresh = lane.items.emplace(static_cast<std::uint64_t>(a), static_cast<int>(b)).second;
    } else if (what == "purse") {
        lane.open = true;
        lane.gold[static_cast<std::size_t>(a != 0)] = b;
    } else if (what == "ledger") {
        fresh = lane.ledger.emplace(static_cast<std::uint64_t>(a), b).second;
    } else if (what == "message") {
        fresh = lane.messages.emplace(a, static_cast<std::uint64_t>(b)).second;
    } else {
        lane.place = static_cast<std::uint64_t>(b);
    }
    if (!fresh) doubles.emplace_back(line);
    return true;
}

void Checker::sent(const Operation& operation) {
    if (operation.kind == Operation::Kind::poison) poison_[operation.number] = false;
    Known& known = lanes_[operation.lane];
    known.pending[operation.number] = operation;
    if (operation.kind == Operation::Kind::place) known.place_sent = std::max(known.place_sent, operation.number);
    lane_of_[operation.number] = operation.lane;
}

void Checker::answered(std::uint64_t number, bool accepted, bool decided) {
    const auto at = lane_of_.find(number);
    if (at == lane_of_.end()) return;
    Known& known = lanes_[at->second];
    const Operation operation = known.pending[number];
    known.pending.erase(number);
    lane_of_.erase(at);
    if (operation.kind == Operation::Kind::poison) {
        poison_[number] = decided;
        return;
    }
    if (!accepted) return;
    ++acknowledged_;
    known.lane.apply(operation);
    if (operation.kind == Operation::Kind::place) known.place_answered = std::max(known.place_answered, number);
}

void Checker::place_sent(int lane, std::uint64_t value) {
    lanes_[lane].place_sent = std::max(lanes_[lane].place_sent, value);
}

void Checker::place_answered(int lane, std::uint64_t value) {
    lanes_[lane].place_answered = std::max(lanes_[lane].place_answered, value);
}

void Checker::note_not_recognised(std::uint64_t number) {
    notes_.push_back("operation " + std::to_string(number) + " was sent again and taken for a new one");
    ++doubled_;
}

void Checker::say_differences(int number, const Lane& expected, const Lane& found, std::vector<std::string>& faults) {
    const std::string lane = "lane " + std::to_string(number) + ": ";
    const auto compare = [&](const auto& want, const auto& have, const char* what) {
        for (const auto& [key, value] : want) {
            const auto at = have.find(key);
            if (at != have.end() && at->second == value) continue;
            ++lost_;
            faults.push_back(lane + what + " " + std::to_string(key) +
                             (at == have.end() ? " is lost" : " is not as it was acknowledged"));
        }
        for (const auto& [key, value] : have) {
            if (want.count(key) != 0) continue;
            ++doubled_;
            faults.push_back(lane + what + " " + std::to_string(key) + " is there, although it should not be");
        }
    };
    compare(expected.items, found.items, "item");
    compare(expected.ledger, found.ledger, "ledger entry");
    compare(expected.messages, found.messages, "message");
    if (expected.open != found.open || expected.gold != found.gold) {
        ++lost_;
        faults.push_back(lane + "the purses hold " + std::to_string(found.gold[0]) + " and " +
                         std::to_string(found.gold[1]) + " instead of " + std::to_string(expected.gold[0]) + " and " +
                         std::to_string(expected.gold[1]));
    }
}

void Checker::judge_lane(int number, Known& known, const Lane& found, std::vector<std::string>& faults) {
    Lane expected = known.lane;
    // Places may be newer than what was answered, so they are judged by their bounds.
    expected.place = found.place;
    if (found.place < known.place_answered || found.place > known.place_sent) {
        ++lost_;
        faults.push_back("lane " + std::to_string(number) + ": its place is " + std::to_string(found.place) +
                         ", acknowledged was " + std::to_string(known.place_answered) + ", the last one sent was " +
                         std::to_string(known.place_sent));
    }
    bool good = expected == found;
    for (const auto& [id, operation] : known.pending) {
        if (good) break;
        Lane with = expected;
        with.apply(operation);
        with.place = found.place;
        if (with == found) {
            good = true;
            ++unknown_found_;
        }
    }
    if (!good) say_differences(number, expected, found, faults);
    if (found.open && found.gold[0] + found.gold[1] != 2 * kGold) {
        faults.push_back("lane " + std::to_string(number) + ": the gold of both sides is " +
                         std::to_string(found.gold[0] + found.gold[1]) + " instead of " + std::to_string(2 * kGold));
        ++doubled_;
    }
    for (const auto& [id, operation] : known.pending) lane_of_.erase(id);
    known.pending.clear();
    known.lane = found;
    known.place_answered = std::max(known.place_answered, found.place);
    known.place_sent = std::max(known.place_sent, found.place);
}

std::vector<std::string> Checker::judge(const Dump& dump) {
    std::vector<std::string> faults;
    faults.swap(notes_);
    if (!dump.integrity.empty()) faults.push_back("the database is damaged: " + dump.integrity);
    for (const std::string& row : dump.doubles) {
        ++doubled_;
        faults.push_back("there twice: " + row);
    }
    for (const auto& [number, lane] : dump.lanes) lanes_[number];
    for (auto& [number, known] : lanes_) {
        const auto found = dump.lanes.find(number);
        judge_lane(number, known, found == dump.lanes.end() ? Lane() : found->second, faults);
    }
    for (const auto& [operation, was_answered] : poison_) {
        const auto at = dump.dead_letters.find(operation);
        const int times = at == dump.dead_letters.end() ? 0 : at->second;
        if (times > 1 || (was_answered && times == 0)) {
            faults.push_back("the refused operation " + std::to_string(operation) + " is " + std::to_string(times) +
                             " times among the dead letters instead of once");
            ++(times > 1 ? doubled_ : lost_);
        }
    }
    for (const auto& [operation, times] : dump.dead_letters) {
        if (poison_.count(operation) == 0) {
            ++lost_;
            faults.push_back("operation " + std::to_string(operation) + " is among the dead letters without a fault of its own");
        }
    }
    return faults;
}

}  // namespace cairn::core::torture
