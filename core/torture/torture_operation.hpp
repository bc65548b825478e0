#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cairn::core::torture {

/// Something that a lane (a pair of players) of the torture does: one commit each.
struct Operation {
    enum class Kind : char {
        open = 'o',     ///< both purses are made
        create = 'c',   ///< `side` gets a new item
        trade = 't',    ///< `side` sells `item` to the other for `gold`: item, both purses and ledger together
        destroy = 'd',  ///< `item` is gone
        say = 's',      ///< message `count` of the lane
        place = 'p',    ///< the lane's place becomes `number`, held on to hard
        poison = 'x',   ///< a purse below zero, which the tables forbid
    };
    std::uint64_t number = 0;  ///< over all rounds; the operation id
    int lane = 0;
    Kind kind = Kind::say;
    std::uint64_t item = 0;  ///< the number of the operation that created it
    int side = 0;
    std::int64_t gold = 0;
    std::int64_t count = 0;

    /// One line of numbers; parse() reads it.
    std::string text() const;
    static std::optional<Operation> parse(std::string_view text);
};

inline constexpr std::int64_t kGold = 1000;  ///< of each side at the beginning

/// What a lane has, in the database or by the answers that were given.
struct Lane {
    bool open = false;
    std::map<std::uint64_t, int> items;  ///< item → side
    std::array<std::int64_t, 2> gold{};
    std::map<std::uint64_t, std::int64_t> ledger;          ///< operation → gold
    std::map<std::int64_t, std::uint64_t> messages;        ///< number → operation
    std::uint64_t place = 0;

    void apply(const Operation& operation);
    friend bool operator==(const Lane&, const Lane&) = default;
};

}  // namespace cairn::core::torture
