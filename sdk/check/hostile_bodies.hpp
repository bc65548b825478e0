#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cairn/document.hpp>

namespace cairn::check {

/// Makes bodies for a message from its description in GET /api/protocol: such as somebody should send, such as nobody
/// should, and what random numbers make of both.
class HostileBodies {
public:
    HostileBodies(Document schema, std::uint64_t seed) : schema_(std::move(schema)), random_(seed) {}

    /// Texts that mean something to the plugin (ids it has given): they are put where texts are wanted.
    void know(const std::string& text) { known_.insert(text); }
    /// A body that keeps to the description.
    Document fair();
    /// Every member wrong in every way, one at a time; JSON text, some of it none.
    std::vector<std::string> on_purpose();
    /// Several things wrong at once.
    std::string at_random();

private:
    Document fair_value(const Document& schema, int depth);
    std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }

    const Document schema_;
    std::mt19937_64 random_;
    std::set<std::string> known_;
};

}  // namespace cairn::check
