#include "plugins/world/id_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace cairn::world {
namespace {

TEST(IdTable, IsWhatAMapIsThroughAnyOrderOfChanges) {
    IdTable table;
    std::map<std::string, std::uint32_t> expected;
    std::vector<std::string> ids;  // by number
    std::mt19937 random(7);
    for (int step = 0; step < 60'000; ++step) {
        // Few different ids, so that many come back after they were erased.
        const std::string id = "object-" + std::to_string(random() % 3000);
        const auto same = [&](std::uint32_t number) { return ids[number] == id; };
        const auto known = expected.find(id);
        ASSERT_EQ(table.find(id, same), known == expected.end() ? IdTable::kNone : known->second);
        if (known == expected.end()) {
            const auto number = static_cast<std::uint32_t>(ids.size());
            ids.push_back(id);
            table.insert(id, number);
            expected.emplace(id, number);
        } else if (random() % 2 == 0) {
            table.erase(id, same);
            expected.erase(known);
        }
        ASSERT_EQ(table.size(), expected.size());
    }
    for (const auto& [id, number] : expected) {
        const auto same = [&ids, &id = id](std::uint32_t one) { return ids[one] == id; };
        EXPECT_EQ(table.find(id, same), number);
    }
}

TEST(IdTable, AnEmptyOneFindsNothing) {
    IdTable table;
    const auto never = [](std::uint32_t) { return true; };
    EXPECT_EQ(table.find("a", never), IdTable::kNone);
    table.erase("a", never);
    EXPECT_EQ(table.size(), 0u);
    table.insert("a", 0);
    EXPECT_EQ(table.find("b", [](std::uint32_t) { return false; }), IdTable::kNone);
}

}  // namespace
}  // namespace cairn::world
