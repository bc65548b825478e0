#include <cairn/failpoint.hpp>

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <cairn/error.hpp>

namespace cairn {

#ifdef CAIRN_FAILPOINTS

namespace {

struct Armed {
    std::string name;
    std::string action;
    unsigned long nth = 1;
    bool percent = false;
    unsigned long hits = 0;
};

Armed read_one(std::string_view text) {
    Armed armed;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) throw Error(Code::internal, "CAIRN_FAILPOINTS: write name:action");
    armed.name = text.substr(0, colon);
    std::string_view rest = text.substr(colon + 1);
    const std::size_t at = rest.find('@');
    armed.action = rest.substr(0, at);
    if (armed.action != "kill" && armed.action != "error" && armed.action != "wait") {
        throw Error(Code::internal, "CAIRN_FAILPOINTS: the action of " + armed.name + " is kill, error or wait");
    }
    if (at != std::string_view::npos) {
        rest.remove_prefix(at + 1);
        const char* const end = rest.data() + rest.size();
        const auto [stop, failed] = std::from_chars(rest.data(), end, armed.nth);
        armed.percent = stop != end && *stop == '%';
        if (failed != std::errc() || stop + (armed.percent ? 1 : 0) != end) {
            throw Error(Code::internal, "CAIRN_FAILPOINTS: after @ comes a number, or a number and %");
        }
    }
    return armed;
}

std::vector<Armed> read_all() {
    std::vector<Armed> all;
    const char* text = std::getenv("CAIRN_FAILPOINTS");
    for (std::string_view rest = text ? text : ""; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        all.push_back(read_one(rest.substr(0, comma)));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return all;
}

}  // namespace

bool failpoints_built() noexcept {
    return true;
}

void hit_failpoint(std::string_view name) {
    static std::mutex mutex;
    static std::vector<Armed> all = read_all();
    static std::minstd_rand random{static_cast<unsigned>(::getpid())};
    if (all.empty()) return;
    std::string action;
    {
        const std::lock_guard lock(mutex);
        for (Armed& armed : all) {
            if (armed.name != name) continue;
            ++armed.hits;
            if (armed.percent ? random() % 100 < armed.nth : armed.hits == armed.nth) action = armed.action;
        }
    }
    if (action == "kill") ::kill(::getpid(), SIGKILL);
    if (action == "wait") std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (action == "error") throw Error(Code::unavailable, "failpoint " + std::string(name));
}

#else

bool failpoints_built() noexcept {
    return false;
}

void hit_failpoint(std::string_view) {}

#endif

}  // namespace cairn
