#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <sys/resource.h>

/// What all of the durability measurements share: the same 100,000 rows, the same way of picking them, one line of
/// result.
namespace bench {

inline constexpr int kRows = 100000;

inline double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// CPU seconds of this process so far.
inline double cpu_now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// SplitMix64: spreads ids over the key space as random UUIDs would be.
inline std::uint64_t mixed(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

inline std::string id_of(int row) {
    const std::uint64_t a = mixed(static_cast<std::uint64_t>(row));
    const std::uint64_t b = mixed(a);
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%04x-4%03x-a%03x-%012llx", static_cast<unsigned>(a >> 32),
                  static_cast<unsigned>(a >> 16 & 0xffff), static_cast<unsigned>(a & 0xfff),
                  static_cast<unsigned>(b >> 52), static_cast<unsigned long long>(b & 0xffffffffffff));
    return text;
}

/// A place as JSON, about 40 bytes, another one for each `n`.
inline std::string position_of(std::uint64_t n) {
    char text[80];
    std::snprintf(text, sizeof text, R"({"x":%u.%02u,"y":%u.%02u,"z":%u.%02u})", static_cast<unsigned>(n % 1000),
                  static_cast<unsigned>(n % 97), static_cast<unsigned>(n / 7 % 1000), static_cast<unsigned>(n % 89),
                  static_cast<unsigned>(n / 11 % 1000), static_cast<unsigned>(n % 83));
    return text;
}

/// Different rows all over the table: a batch may not name a row twice.
class Picker {
public:
    int row(int k) const { return static_cast<int>((static_cast<std::uint64_t>(start_ + k) * 48271u) % kRows); }
    void again() { start_ = static_cast<int>((state_ = mixed(state_)) % kRows); }

private:
    std::uint64_t state_ = 1;
    int start_ = 0;
};

inline double percentile(std::vector<double>& sorted_or_not, double part) {
    if (sorted_or_not.empty()) return 0;
    std::sort(sorted_or_not.begin(), sorted_or_not.end());
    const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted_or_not.size() - 1));
    return sorted_or_not[at];
}

/// Calls `batch`, which writes `rows` rows, for `seconds` and prints rows/s and its percentiles. Returns rows/s.
inline double measure(const char* what, int rows, double seconds, const std::function<void()>& batch) {
    batch();
    std::vector<double> took;
    const double begun = seconds_now();
    const double cpu = cpu_now();
    while (seconds_now() - begun < seconds) {
        const double at = seconds_now();
        batch();
        took.push_back(seconds_now() - at);
    }
    const double all = seconds_now() - begun;
    const double written = static_cast<double>(took.size()) * rows;
    std::printf("%-58s %5d rows  %9.0f rows/s  p50 %8.3f ms  p99 %8.3f ms  %6.2f us CPU/row\n", what, rows, written / all,
                percentile(took, 0.50) * 1e3, percentile(took, 0.99) * 1e3, (cpu_now() - cpu) / written * 1e6);
    std::fflush(stdout);
    return written / all;
}

}  // namespace bench
