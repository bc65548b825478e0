#include "core/backup/state_hash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/core/backup/world.hpp"

namespace cairn::core {
namespace {

using Columns = std::vector<std::string>;
using Values = std::vector<Document>;

struct Row {
    std::string table;
    Columns columns;
    Values values;
};

std::string hash_of(const std::vector<Row>& rows) {
    StateHash hash;
    for (const Row& row : rows) hash.add(row.table, row.columns, row.values);
    return hash.text();
}

TEST(StateHash, OrderOfRowsAndColumnsDoesNotMatter) {
    const Row a{"items", {"id", "n"}, {"a", 1}};
    const Row a_turned{"items", {"n", "id"}, {1, "a"}};
    const Row b{"items", {"id", "n"}, {"b", 2}};
    const Row c{"chars", {"id"}, {"a"}};
    EXPECT_EQ(hash_of({a, b, c}), hash_of({c, b, a_turned}));
    EXPECT_EQ(hash_of({}).size(), std::string("rows-sha256:").size() + 64);
}

TEST(StateHash, EveryDifferenceMatters) {
    const Row base{"items", {"id", "n"}, {"a", 1}};
    const std::string hash = hash_of({base});
    for (const Row& other : std::vector<Row>{{"item", {"id", "n"}, {"a", 1}},
                                             {"items", {"id", "m"}, {"a", 1}},
                                             {"items", {"id", "n"}, {"a", 2}},
                                             {"items", {"id", "n"}, {"a", "1"}},
                                             {"items", {"id", "n"}, {"a", nullptr}},
                                             {"items", {"id", "n"}, {"a", true}},
                                             {"items", {"id", "n"}, {"a", 1.5}},
                                             {"items", {"id", "n"}, {1, "a"}},
                                             {"items", {"id"}, {"a"}},
                                             {"items", {"idn"}, {"a1"}}}) {
        EXPECT_NE(hash_of({other}), hash) << other.table << " " << Document::list(other.values).to_json();
    }
    EXPECT_NE(hash_of({base, base}), hash) << "a row that is there twice";
    EXPECT_NE(hash_of({}), hash);
}

TEST(StateHash, OneValueHasOneForm) {
    EXPECT_EQ(hash_of({{"t", {"v"}, {2}}}), hash_of({{"t", {"v"}, {2.0}}}));
    EXPECT_EQ(hash_of({{"t", {"v"}, {Document{{"a", 1}, {"b", 2}}}}}),
              hash_of({{"t", {"v"}, {Document{{"b", 2}, {"a", 1}}}}}));
    EXPECT_NE(hash_of({{"t", {"v"}, {Document::list({1, 2})}}}), hash_of({{"t", {"v"}, {Document::list({2, 1})}}}));
    EXPECT_NE(hash_of({{"t", {"v"}, {1e300}}}), hash_of({{"t", {"v"}, {2e300}}}));
}

TEST(StateHash, CountsRows) {
    StateHash hash;
    for (int i = 0; i < 3; ++i) hash.add("items", Columns{"id"}, Values{i});
    hash.add("chars", Columns{"id"}, Values{1});
    EXPECT_EQ(hash.rows().at("items"), 3);
    EXPECT_EQ(hash.rows().at("chars"), 1);
}

TEST(StateHash, ManyRowsCarryOver) {
    StateHash forth;
    StateHash back;
    for (int i = 0; i < 5000; ++i) {
        forth.add("items", Columns{"id"}, Values{i});
        back.add("items", Columns{"id"}, Values{4999 - i});
    }
    EXPECT_EQ(forth.text(), back.text());
}

TEST(FileSha256, IsTheKnownOne) {
    const test::Folder folder;
    const std::string path = folder.path() + "/abc";
    std::ofstream(path) << "abc";
    EXPECT_EQ(file_sha256(path), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_THROW(file_sha256(folder.path() + "/none"), Error);
}

}  // namespace
}  // namespace cairn::core
