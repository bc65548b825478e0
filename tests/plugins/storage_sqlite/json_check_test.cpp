#include "plugins/storage_sqlite/json_check.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>
#include <string>

namespace cairn::storage_sqlite {
namespace {

TEST(JsonCheck, TakesJson) {
    for (const std::string text : {"null",
                                   " true ",
                                   "false",
                                   "0",
                                   "-0",
                                   "12",
                                   "1.5",
                                   "-1e9",
                                   "1E+5",
                                   "2e-3",
                                   "\"\"",
                                   "\"a\\n\\u00e9\"",
                                   "[]",
                                   "[ ]",
                                   "{}",
                                   "{ }",
                                   "[1,2,[3]]",
                                   "[[],{},[[]]]",
                                   "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":0}",
                                   "\t[\r\n1 , 2 ]\n",
                                   "{ \"a\" : [ ] , \"b\" : { } }"}) {
        EXPECT_TRUE(is_json(text)) << text;
    }
    EXPECT_TRUE(is_json(std::string(2000, '[') + std::string(2000, ']')));
}

TEST(JsonCheck, RefusesTheRest) {
    for (const std::string text : {"",
                                   " ",
                                   "nul",
                                   "nulll",
                                   "True",
                                   "01",
                                   "-",
                                   "1.",
                                   ".5",
                                   "1e",
                                   "1e+",
                                   "+1",
                                   "NaN",
                                   "\"",
                                   "\"a",
                                   "\"\n\"",
                                   "\"\\x\"",
                                   "\"\\u12g4\"",
                                   "\"\\u12",
                                   "[",
                                   "]",
                                   "[1",
                                   "[1,]",
                                   "[,1]",
                                   "[1 2]",
                                   "[1}",
                                   "{",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "{1:1}",
                                   "{\"a\":1]",
                                   "{\"a\" 1}",
                                   "1 2",
                                   "[] []",
                                   "{\"a\":1,,\"b\":2}",
                                   "'a'",
                                   "{,}",
                                   "[1,2",
                                   "{\"a\":1",
                                   "tru"}) {
        EXPECT_FALSE(is_json(text)) << text;
    }
    EXPECT_FALSE(is_json(std::string_view("[1\0]", 4)));
    EXPECT_FALSE(is_json(std::string(2001, '[') + std::string(2001, ']')));
}

/// SQLite's own json_valid() is the measure, on texts that were made by damaging good ones.
TEST(JsonCheck, AgreesWithSqlite) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(":memory:", &handle), SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(handle, "SELECT json_valid(?1)", -1, &statement, nullptr), SQLITE_OK);
    const std::string seed = "{\"a\":[1,-2.5e3,true,null,\"x\\n\\u00e9\"],\"b\":{\"c\":[],\"d\":{}}}";
    const std::string letters = "{}[]\",:0123456789.eE+-\\ntfalsrue ";
    std::mt19937 random(7);
    int valid = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = seed;
        for (auto change = random() % 3; change != 0; --change) {
            const std::size_t at = random() % text.size();
            if (random() % 2 == 0)
                text.erase(at, 1);
            else
                text[at] = letters[random() % letters.size()];
        }
        sqlite3_bind_text(statement, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
        ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
        const bool expected = sqlite3_column_int(statement, 0) == 1;
        sqlite3_reset(statement);
        ASSERT_EQ(is_json(text), expected) << text;
        valid += expected ? 1 : 0;
    }
    EXPECT_GT(valid, 1000);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
}

}  // namespace
}  // namespace cairn::storage_sqlite
