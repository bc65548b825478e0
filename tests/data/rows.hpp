#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

namespace cairn::test {

/// A column of every kind that a row can have.
struct Score {
    std::string room{};
    std::string player{};
    std::int64_t points = 0;
    std::int16_t level = 0;
    std::uint32_t wide = 0;
    double weight = 0;
    bool visible = false;
    Duration played{0};
    Bytes used{};
    std::optional<std::string> label = std::nullopt;
    std::optional<std::int64_t> bonus = std::nullopt;
    std::optional<double> ratio = std::nullopt;
    std::optional<bool> invited = std::nullopt;
    Vec3 at{};
    std::optional<Vec3> home = std::nullopt;
    std::vector<std::string> tags{};
    Rate rate{};
    Document extra{};
};
inline void describe(Fields<Score>& f) {
    f(&Score::room, "room", "where");
    f(&Score::player, "player", "who");
    f(&Score::points, "points", "how many");
    f(&Score::level, "level", "how far");
    f(&Score::wide, "wide", "32 bits without a sign");
    f(&Score::weight, "weight", "in kg");
    f(&Score::visible, "visible", "shown to others");
    f(&Score::played, "played", "how long");
    f(&Score::used, "used", "how much");
    f(&Score::label, "label", "a word, perhaps");
    f(&Score::bonus, "bonus", "points, perhaps");
    f(&Score::ratio, "ratio", "a part, perhaps");
    f(&Score::invited, "invited", "yes, no or unknown");
    f(&Score::at, "at", "where in the room");
    f(&Score::home, "home", "where he lives, perhaps");
    f(&Score::tags, "tags", "words");
    f(&Score::rate, "rate", "how often");
    f(&Score::extra, "extra", "anything");
}

/// What was done: one row for each thing.
struct Deed {
    std::string who{};
    std::int64_t number = 0;
    std::string what{};
};
inline void describe(Fields<Deed>& f) {
    f(&Deed::who, "who", "by whom");
    f(&Deed::number, "number", "his how many-eth");
    f(&Deed::what, "what", "in words; unique");
}

inline const TableSpec& scores_spec() {
    static const TableSpec spec{"scores", {"room", "player"}, &struct_type<Score>(), "game"};
    return spec;
}
inline const TableSpec& deeds_spec() {
    static const TableSpec spec{"deeds", {"who", "number"}, &struct_type<Deed>(), "game"};
    return spec;
}

}  // namespace cairn::test
