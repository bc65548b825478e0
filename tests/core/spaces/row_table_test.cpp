#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <cairn/document.hpp>

#include "core/spaces/row_table.hpp"

namespace cairn::core {
namespace {

/// A row that owns memory, so that a sanitizer sees every copy that is lost or used too long.
struct Named {
    std::int64_t n = 0;
    std::string name;
};
void describe(Fields<Named>& f) {
    f(&Named::n, "n", "who");
    f(&Named::name, "name", "what he is called");
}

Named named(std::int64_t n, int version) {
    return {n, "a name that does not fit into the string itself, version " + std::to_string(version)};
}

/// n → version, as a reader would see it.
std::map<std::int64_t, std::string> rows(const Frame& frame) {
    std::map<std::int64_t, std::string> seen;
    if (!frame) return seen;
    for (const Document& row : Document::parse_json(frame.payload())["d"].items()) {
        const std::string name(row.items()[1].text());
        EXPECT_TRUE(seen.emplace(row.items()[0].integer_or(-1), name.substr(name.rfind(' ') + 1)).second)
            << "a row is there twice";
    }
    return seen;
}

TEST(RowTable, SendsTheLatestOfEachKeyOnce) {
    RowTable table("moved", struct_type<Named>());
    EXPECT_FALSE(table.take_changed(1));
    for (int version = 1; version <= 3; ++version) {
        const Named row = named(5, version);
        table.set(5, {}, &row);
    }
    const Named other = named(6, 1);
    table.set(6, {}, &other);
    EXPECT_TRUE(table.dirty());
    EXPECT_EQ(rows(table.take_changed(2)), (std::map<std::int64_t, std::string>{{5, "3"}, {6, "1"}}));
    EXPECT_FALSE(table.dirty());
    EXPECT_FALSE(table.take_changed(3));
}

TEST(RowTable, CatchesUpFromAnyTick) {
    RowTable table("moved", struct_type<Named>());
    for (std::uint64_t tick = 1; tick <= 5; ++tick) {
        const Named row = named(static_cast<std::int64_t>(tick), static_cast<int>(tick));
        table.set(tick, {}, &row);
        if (tick == 4)
            table.drop_changed(tick);
        else
            table.take_changed(tick);
    }
    EXPECT_EQ(rows(table.changed_since(4)), (std::map<std::int64_t, std::string>{{4, "4"}, {5, "5"}}));
    EXPECT_EQ(rows(table.changed_since(1)).size(), 5u);
    EXPECT_FALSE(table.changed_since(6));
    table.forget(5);
    table.forget(99);
    EXPECT_EQ(rows(table.changed_since(5)).size(), 0u);
}

TEST(RowTable, SetForgottenAndSetAgainIsOneRow) {
    RowTable table("moved", struct_type<Named>());
    for (int version = 1; version <= 3; ++version) {
        const Named row = named(7, version);
        table.set(7, {}, &row);
        if (version < 3) table.forget(7);
    }
    EXPECT_EQ(rows(table.take_changed(1)), (std::map<std::int64_t, std::string>{{7, "3"}}));
}

TEST(RowTable, AgreesWithAMapWhateverHappens) {
    std::mt19937 random(11);
    RowTable table("moved", struct_type<Named>());
    std::map<std::int64_t, int> latest;
    std::map<std::int64_t, int> changed;
    std::map<std::int64_t, std::uint64_t> changed_in;
    std::uint64_t tick = 1;
    for (int step = 0; step < 20000; ++step) {
        const auto key = static_cast<std::int64_t>(random() % 90);
        const auto action = random() % 20;
        if (action < 14) {
            const Named row = named(key, step);
            table.set(static_cast<std::uint64_t>(key), {}, &row);
            latest[key] = changed[key] = step;
        } else if (action < 18) {
            table.forget(static_cast<std::uint64_t>(key));
            latest.erase(key);
            changed.erase(key);
            changed_in.erase(key);
        } else {
            std::map<std::int64_t, std::string> expected;
            for (const auto& [n, version] : changed) {
                expected[n] = std::to_string(version);
                changed_in[n] = tick;
            }
            ASSERT_EQ(rows(table.take_changed(tick)), expected);
            changed.clear();
            const std::uint64_t since = 1 + random() % tick;
            expected.clear();
            for (const auto& [n, version] : latest)
                if (changed_in[n] >= since) expected[n] = std::to_string(version);
            ASSERT_EQ(rows(table.changed_since(since)), expected);
            ++tick;
        }
        ASSERT_EQ(table.rows(), latest.size());
    }
}

}  // namespace
}  // namespace cairn::core
