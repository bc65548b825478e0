#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <cairn/testkit/host.hpp>

namespace cairn::testkit {

/// Where the code that runs now has been called from.
struct Place {
    enum class Kind : std::uint8_t { test, setup, control, loop, space, worker };
    Kind kind = Kind::test;
    const void* owner = nullptr;  ///< the space or the loop
    std::string_view plugin;
    std::string_view space;
    std::string_view handler;
};

/// What a host of a test writes down about its plugins: forbidden calls, faults, what is left, how long handlers took.
class Ledger {
public:
    explicit Ledger(Duration blocks) : blocks_(blocks), thread_(std::this_thread::get_id()) {}

    /// Where the calling thread is; Kind::test when no plugin has been called on it.
    static const Place& here() noexcept;

    // ---- judging calls [any]

    /// The call is allowed on the strand of `space` only.
    void need_space(std::string_view plugin, const char* call, const void* space, std::string_view name);
    /// On the loop only; `on_it` says whether it runs there.
    void need_loop(std::string_view plugin, const char* call, bool on_it);
    void need_setup(std::string_view plugin, const char* call);
    void need_control(std::string_view plugin, const char* call);
    void violation(std::string sentence);
    void fault(Fault fault);
    void leak(std::string sentence);

    // ---- what came up

    std::vector<std::string> violations;
    std::size_t violations_seen = 0;
    std::vector<Fault> faults;
    std::size_t faults_seen = 0;
    std::vector<std::string> leaks;
    std::size_t leaks_seen = 0;
    std::vector<Timing> timings() const;

    /// Counts a call into a handler. [the thread of the test]
    void took(const Place& place, double cpu_ms, double blocked_ms);
    Duration blocks() const noexcept { return blocks_; }
    bool on_test_thread() const noexcept { return std::this_thread::get_id() == thread_; }

private:
    std::string where_from(std::string_view plugin) const;

    const Duration blocks_;
    const std::thread::id thread_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Timing> timings_;
};

/// Marks that code of a plugin runs, and where; measures it.
class Inside {
public:
    Inside(Ledger& ledger, const Place& place) noexcept;
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    Ledger& ledger_;
    const Place place_;
    const Place* const before_;
    std::uint64_t cpu_ = 0;
    std::uint64_t wall_ = 0;
    long waits_ = 0;
    long major_faults_ = 0;
    double inner_ms_ = 0;
    Inside* outer_ = nullptr;
};

/// Calls code of a plugin at `place`. What it throws is written down unless it is an Error and somebody can be refused.
template <class F>
auto call_plugin(Ledger& ledger, const Place& place, bool refusable, F&& f) -> decltype(f()) {
    const auto note = [&](const char* what) {
        ledger.fault({std::string(place.plugin), std::string(place.space), std::string(place.handler), what});
    };
    const Inside inside(ledger, place);
    try {
        return std::forward<F>(f)();
    } catch (const Error& error) {
        if (!refusable) note(error.what());
        throw;
    } catch (const std::exception& error) {
        note(error.what());
        throw;
    } catch (...) {
        note("an exception that is not a std::exception");
        throw;
    }
}

}  // namespace cairn::testkit
