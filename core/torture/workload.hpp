#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <cairn/storage.hpp>

#include "core/torture/torture_operation.hpp"

namespace cairn::core::torture {

/// The tables of sql/torture/. One set for the process, made at its first use.
std::vector<const TableSpec*> torture_tables();

/// Many lanes, each with one operation on its way, on one thread; and now and then an operation id that comes again, rows
/// that the tables forbid, places that nobody waits for. Writes what it does as lines: `sent <operation>` before the
/// commit, `done <number>`, `refused <number>` (for good) or `no-room <number>` after its answer, `went <lane> <place>` and `held <lane> <place>` for places,
/// `again <number>` for an id that was not recognised.
class Workload {
public:
    struct Options {
        int lanes = 64;
        double rate = 4000;            ///< operations a second at most
        std::uint64_t first = 1;       ///< the number of the first operation
        std::uint64_t seed = 1;
    };
    using Write = std::function<void(const std::string& lines)>;  ///< must not return before the reader could have them

    Workload(Options options, Storage& storage, std::map<int, Lane> lanes, Write write);
    /// Goes on until the process is killed or `end` says so.
    void run(const std::function<bool()>& end);

private:
    struct Turn {
        int lane = 0;
        Operation operation;
        bool repeated = false;  ///< an earlier operation id with another content
        bool place = false;
    };
    void prepare(Turn& turn);
    Operation next_operation(int lane);
    Commit commit_of(const Operation& operation) const;
    void submit(const Turn& turn);
    void answer(const Turn& turn, const Result<Committed>& result);

    const Options options_;
    Storage& storage_;
    std::map<int, Lane> lanes_;
    std::map<int, std::uint64_t> last_;  ///< of each lane: a number that was answered with success
    Write write_;
    std::mt19937_64 random_;
    std::uint64_t number_;

    std::mutex mutex_;
    std::condition_variable answered_;
    std::vector<int> ready_;
    std::string lines_;
};

}  // namespace cairn::core::torture
