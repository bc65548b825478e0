#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/torture/torture_operation.hpp"

namespace cairn::core::torture {

/// What a database said about itself after a restart.
struct Dump {
    std::map<int, Lane> lanes;
    std::map<std::uint64_t, int> dead_letters;  ///< operation → how often
    std::vector<std::string> doubles;           ///< rows that were there twice
    std::string integrity;                      ///< empty: sound

    /// Takes one line of the worker's dump; false when it is not one.
    bool take(std::string_view line);
};

/// Keeps what was asked and what was answered, and judges a database by it. A lane has one operation on its way at most,
/// so each is either as its answers say, or that and the whole of the one that was not answered: nothing else.
class Checker {
public:
    void sent(const Operation& operation);
    /// `decided`: yes or no for good; false: there was no room for it just now.
    void answered(std::uint64_t number, bool accepted, bool decided = true);
    /// The place of a lane, given up to the writer without waiting; `answered`: it was said to be on disk.
    void place_sent(int lane, std::uint64_t value);
    void place_answered(int lane, std::uint64_t value);
    /// A repeated operation that was not recognised as one.
    void note_not_recognised(std::uint64_t number);

    /// Compares; what was found to be there is what the next round goes on from. Returns one sentence per fault.
    std::vector<std::string> judge(const Dump& dump);

    std::uint64_t acknowledged() const noexcept { return acknowledged_; }
    std::uint64_t unknown_found() const noexcept { return unknown_found_; }
    std::size_t lost() const noexcept { return lost_; }        ///< acknowledged, and not there
    std::size_t doubled() const noexcept { return doubled_; }  ///< there twice, or there and never acknowledged

private:
    struct Known {
        Lane lane;
        std::map<std::uint64_t, Operation> pending;
        std::uint64_t place_answered = 0;
        std::uint64_t place_sent = 0;
    };
    void judge_lane(int number, Known& known, const Lane& found, std::vector<std::string>& faults);
    void say_differences(int number, const Lane& expected, const Lane& found, std::vector<std::string>& faults);

    std::map<int, Known> lanes_;
    std::map<std::uint64_t, bool> poison_;  ///< operation → answered
    std::map<std::uint64_t, int> lane_of_;  ///< operations on their way
    std::vector<std::string> notes_;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t unknown_found_ = 0;
    std::size_t lost_ = 0;
    std::size_t doubled_ = 0;
};

}  // namespace cairn::core::torture
