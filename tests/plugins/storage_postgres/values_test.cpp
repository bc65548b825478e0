#include "plugins/storage_postgres/values.hpp"

#include <gtest/gtest.h>

#include "plugins/storage_postgres/places.hpp"
#include "plugins/storage_postgres/replica_lag.hpp"

namespace cairn::storage_postgres {
namespace {

TEST(Timestamps, ComeAndGoInMilliseconds) {
    const std::pair<const char*, WallTime> table[] = {
        {"1970-01-01 00:00:00+00", 0},
        {"2023-11-14 22:13:20.123+00", 1700000000123},
        {"2023-11-14 22:13:20.1+00", 1700000000100},
        {"2023-11-14 22:13:20.123999+00", 1700000000123},
        {"1969-12-31 23:59:59.5+00", -500},
        {"2000-02-29 12:00:00", 951825600000},
        {"0001-01-01 00:00:00+00", -62135596800000},
        {"9999-12-31 23:59:59.999+00", 253402300799999},
    };
    for (const auto& [text, ms] : table) EXPECT_EQ(parse_timestamp(text), ms) << text;
    for (const char* text : {"infinity", "-infinity", "", "2023", "0044-03-15 00:00:00+00 BC", "2023-13-14 22:13:20+00"}) {
        EXPECT_FALSE(parse_timestamp(text)) << text;
    }
    EXPECT_EQ(format_timestamp(1700000000123), "2023-11-14 22:13:20.123+00");
    EXPECT_EQ(format_timestamp(-500), "1969-12-31 23:59:59.500+00");
    EXPECT_EQ(format_timestamp(-62135596800001), "-infinity");
    EXPECT_EQ(format_timestamp(INT64_MAX), "infinity");
    for (const WallTime ms : {WallTime{0}, WallTime{-1}, WallTime{1732170000001}, WallTime{253402300799999}}) {
        EXPECT_EQ(parse_timestamp(format_timestamp(ms)), ms);
    }
    EXPECT_EQ(format_timestamp(1000000000000000), "33658-09-27 01:46:40.000+00");
}

TEST(Arrays, BecomeLists) {
    const std::pair<const char*, const char*> table[] = {
        {"{}", "[]"},
        {"{a,b}", R"(["a","b"])"},
        {R"({"a b","c\"d","e\\f","{g}",NULL,"NULL",""})", R"(["a b","c\"d","e\\f","{g}",null,"NULL",""])"},
    };
    for (const auto& [text, json] : table) EXPECT_EQ(parse_array(text, false).to_json(), json) << text;
    EXPECT_EQ(parse_array("{1,2.5,NULL}", true).to_json(), "[1,2.5,null]");
}

TEST(Parameters, MeanWhatTheyMeanOnSqlite) {
    const std::vector<Document> values{1700000000123, true, 0, "no uuid", "00000000-0000-4000-8000-000000000001",
                                       5.0, Document::list({"a\"b", "c"}), Document{{"a", 1}}, Document()};
    const std::vector<Oid> types{1184, 25, 16, 2950, 2950, 20, 1009, 3802, 25};
    const Parameters parameters(values, types);
    const std::vector<const char*> expected{"2023-11-14 22:13:20.123+00", "1", "0", nullptr,
                                            "00000000-0000-4000-8000-000000000001", "5", R"({"a\"b","c"})", R"({"a":1})",
                                            nullptr};
    ASSERT_EQ(parameters.values().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_STREQ(parameters.values()[i], expected[i]) << "parameter " << i + 1;
    }
    EXPECT_THROW(Parameters(values, {25}), PostgresError);
}

TEST(Keepable, KeepsWhatATextColumnCanHold) {
    EXPECT_EQ(keepable("grüße"), "grüße");
    EXPECT_EQ(keepable(std::string_view("a\0b", 3)), "a\xEF\xBF\xBD" "b");
    EXPECT_EQ(keepable("a\xFF\xC3"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Quotes, CannotBeLeft) {
    EXPECT_EQ(quoted("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(literal("a'b"), "'a''b'");
}

TEST(PlaceNames, AreKnownAgain) {
    EXPECT_TRUE(is_made_name("cairn_restore_20261121t073000"));
    EXPECT_TRUE(is_made_name("cairn_drill_20261121t073000_2"));
    for (const char* name : {"cairn", "", "cairn_restore", "20261121t073000", "_20261121t073000", "cairn_20261121x073000",
                             "cairn_restore_20261121t07300", "cairn_restore_20261121t073000_", "postgres"}) {
        EXPECT_FALSE(is_made_name(name)) << name;
    }
}

TEST(ReplicaLag, AsksForWhatTheDatabaseHadThen) {
    ReplicaLag lag(Duration(1000));
    const ReplicaLag::Time start{};
    const auto at = [&](int ms) { return start + std::chrono::milliseconds(ms); };
    EXPECT_TRUE(lag.recent_enough(0, at(0)));
    lag.note(5, at(0));
    lag.note(9, at(500));
    EXPECT_TRUE(lag.recent_enough(0, at(900)));
    EXPECT_FALSE(lag.recent_enough(4, at(1000)));
    EXPECT_TRUE(lag.recent_enough(5, at(1000)));
    EXPECT_FALSE(lag.recent_enough(8, at(5000)));
    EXPECT_TRUE(lag.recent_enough(9, at(5000)));
}

}  // namespace
}  // namespace cairn::storage_postgres
