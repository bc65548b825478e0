// Arbitrary text as a schedule, a time and the name of a zone: nothing crashes, only Error is thrown, and the times of
// what is accepted follow one another. The first two bytes choose what is read, the zone, and where the clock begins.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <cairn/error.hpp>

#include "core/schedule/cron.hpp"

namespace {

using namespace cairn;
using namespace cairn::core;

void must_hold(bool condition) {
    if (!condition) std::abort();
}

const TimeZone& zone(unsigned which) {
    static const TimeZone zones[] = {TimeZone("UTC"), TimeZone("Europe/Berlin"), TimeZone("America/New_York"),
                                     TimeZone("Australia/Lord_Howe")};
    return zones[which % 4];
}

void read_cron(const std::string& text, const TimeZone& where, WallTime at) {
    const Cron cron(text);
    for (int i = 0; i < 3; ++i) {
        const WallTime next = cron.next(at, where);
        must_hold(next > at && next % 60000 == 0);
        at = next;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 200) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
    try {
        switch (data[0] % 4) {
            case 0:
                must_hold(read_time(text, zone(data[1])) >= -24ll * 3600 * 1000000);
                break;
            case 1:
                TimeZone{text};
                break;
            default:
                read_cron(text, zone(data[1]), 1774740000000 + data[1] * 5ll * 24 * 3600 * 1000);
                break;
        }
    } catch (const Error&) {
    }
    return 0;
}
