#include "core/schedule/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using ::testing::HasSubstr;

WallTime utc(const std::string& text) {
    return read_time(text + "Z", TimeZone("UTC")) / 1000 / 1000 * 1000;
}

struct Step {
    const char* zone;
    const char* cron;
    const char* after;               ///< UTC
    std::vector<const char*> times;  ///< UTC, one after the other
};

void PrintTo(const Step& step, std::ostream* out) {
    *out << step.cron << " in " << step.zone << " after " << step.after;
}

class CronTimes : public ::testing::TestWithParam<Step> {};

TEST_P(CronTimes, FollowOneAnother) {
    const Step& step = GetParam();
    const TimeZone zone(step.zone);
    const Cron cron(step.cron);
    WallTime at = utc(step.after);
    for (const char* wanted : step.times) {
        at = cron.next(at, zone);
        EXPECT_EQ(print_utc(at), wanted);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Plain, CronTimes,
    ::testing::Values(
        Step{"UTC", "0 * * * *", "2026-03-01T10:00:00", {"2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"}},
        Step{"UTC", "0 * * * *", "2026-03-01T10:59:59", {"2026-03-01T11:00:00Z"}},
        Step{"UTC", "@hourly", "2026-12-31T23:30:00", {"2027-01-01T00:00:00Z"}},
        Step{"UTC", "@daily", "2026-02-27T00:00:00", {"2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"}},
        Step{"UTC", "@weekly", "2026-03-02T00:00:00", {"2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z"}},
        Step{"UTC", "@monthly", "2026-01-31T12:00:00", {"2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"}},
        Step{"UTC",
             "*/20 6-7,22 * * *",
             "2026-03-01T06:30:00",
             {"2026-03-01T06:40:00Z", "2026-03-01T07:00:00Z", "2026-03-01T07:20:00Z", "2026-03-01T07:40:00Z",
              "2026-03-01T22:00:00Z"}},
        Step{"UTC",
             "5-59/25 0 * * *",
             "2026-03-01T00:00:00",
             {"2026-03-01T00:05:00Z", "2026-03-01T00:30:00Z", "2026-03-01T00:55:00Z", "2026-03-02T00:05:00Z"}},
        Step{"UTC", "30 4 * FEB,apr *", "2026-02-28T04:30:00", {"2026-04-01T04:30:00Z"}},
        Step{"UTC", "0 0 29 2 *", "2026-01-01T00:00:00", {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
        Step{"UTC", "0 12 31 * *", "2026-03-31T12:00:00", {"2026-05-31T12:00:00Z", "2026-07-31T12:00:00Z"}},
        // Both days restricted: either is enough. The 13th of March 2026 is a Friday.
        Step{"UTC",
             "0 0 13 * 5",
             "2026-03-01T00:00:00",
             {"2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z", "2026-03-27T00:00:00Z",
              "2026-04-03T00:00:00Z", "2026-04-10T00:00:00Z", "2026-04-13T00:00:00Z"}},
        // One of them begins with a star: both must hold. Odd days that are Mondays.
        Step{"UTC", "0 0 */2 * mon", "2026-03-01T00:00:00", {"2026-03-09T00:00:00Z", "2026-03-23T00:00:00Z"}},
        Step{"UTC", "0 0 * * 7", "2026-03-02T00:00:00", {"2026-03-08T00:00:00Z"}},
        Step{"UTC",
             "0 0 * * fri-7",
             "2026-03-02T00:00:00",
             {"2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-13T00:00:00Z"}}));

INSTANTIATE_TEST_SUITE_P(
    DaylightSaving, CronTimes,
    ::testing::Values(
        // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. A job of 02:30 runs right after the gap, once.
        Step{"Europe/Berlin",
             "30 2 * * *",
             "2026-03-28T00:00:00",
             {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
        Step{"Europe/Berlin",
             "0,15,30,45 2 * * *",
             "2026-03-28T01:45:00",
             {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:15:00Z"}},
        Step{"Europe/Berlin", "0 3 * * *", "2026-03-28T12:00:00", {"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"}},
        Step{"Europe/Berlin",
             "0 * * * *",
             "2026-03-28T23:30:00",
             {"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
        // 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC. 02:30 comes twice: the job runs the first time.
        Step{"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00", {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
        Step{"Europe/Berlin",
             "30 * * * *",
             "2026-10-24T23:30:00",
             {"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}},
        Step{"Europe/Berlin", "0 3 * * *", "2026-10-24T12:00:00", {"2026-10-25T02:00:00Z"}},
        // New York, 8 March and 1 November 2026.
        Step{"America/New_York", "30 2 * * *", "2026-03-07T12:00:00", {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
        Step{"America/New_York", "30 1 * * *", "2026-10-31T12:00:00", {"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
        Step{"America/New_York",
             "*/30 * * * *",
             "2026-11-01T05:00:00",
             {"2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z"}},
        Step{"America/New_York", "0 0 * * *", "2026-07-04T00:00:00", {"2026-07-04T04:00:00Z"}},
        // A gap over midnight (Santiago, 6 September 2026): midnight does not exist.
        Step{"America/Santiago", "0 0 * * *", "2026-09-05T12:00:00", {"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
        // Half an hour only (Lord Howe, 4 October 2026: 02:00 becomes 02:30).
        Step{"Australia/Lord_Howe",
             "15 2 * * *",
             "2026-10-03T00:00:00",
             {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}}));

std::string fault(const std::string& text) {
    try {
        const Cron cron(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::invalid_field);
        return error.what();
    }
    return "understood";
}

TEST(Cron, WhatIsNotUnderstoodIsSaid) {
    EXPECT_THAT(fault(""), HasSubstr("five fields"));
    EXPECT_THAT(fault("0 * * *"), HasSubstr("five fields"));
    EXPECT_THAT(fault("0 * * * * *"), HasSubstr("five fields"));
    EXPECT_THAT(fault("@nightly"), HasSubstr("@daily"));
    EXPECT_THAT(fault("60 * * * *"), HasSubstr("'60' does not fit; minute takes 0 to 59"));
    EXPECT_THAT(fault("0 24 * * *"), HasSubstr("hour takes 0 to 23"));
    EXPECT_THAT(fault("0 0 0 * *"), HasSubstr("day of month takes 1 to 31"));
    EXPECT_THAT(fault("0 0 1 13 *"), HasSubstr("month takes 1 to 12 or jan to dec"));
    EXPECT_THAT(fault("0 0 * * 8"), HasSubstr("day of week takes 0 to 7 or sun to sat"));
    EXPECT_THAT(fault("0 0 * * sunday"), HasSubstr("'sunday' does not fit"));
    EXPECT_THAT(fault("5/10 * * * *"), HasSubstr("a step needs a range: */10 or 5-59/10"));
    for (const char* text :
         {"a * * * *", "1- * * * *", "-1 * * * *", "5-1 * * * *", "1-2-3 * * * *", "*/0 * * * *", "*/99 * * * *",
          "*/ * * * *", ", * * * *", "1,, * * * *", "+1 * * * *", "1.5 * * * *", "** * * * *", "*/5/5 * * * *"}) {
        EXPECT_THAT(fault(text), HasSubstr("does not fit")) << text;
    }
    EXPECT_THAT(fault("0 0 30 2 *"), HasSubstr("no month has such a day"));
    EXPECT_THAT(fault("0 0 31 4,6,9,11 *"), HasSubstr("no month has such a day"));
    EXPECT_EQ(fault("0 0 30 2 mon"), "understood") << "Mondays in February";
}

TEST(TimeZones, AreFoundOrNamedNearby) {
    EXPECT_EQ(TimeZone("Europe/Berlin").name(), "Europe/Berlin");
    try {
        TimeZone("Europe/Berlim");
        FAIL() << "found";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("did you mean 'Europe/Berlin'?"));
    }
    EXPECT_THROW(TimeZone(""), Error);
    EXPECT_THROW(TimeZone("../../etc/passwd"), Error);
}

TEST(TimeZones, TimesAreReadAsPeopleWriteThem) {
    const TimeZone berlin("Europe/Berlin");
    const auto read = [&](const std::string& text) { return print_utc(read_time(text, berlin) / 1000); };
    EXPECT_EQ(read("2026-01-15 12:30"), "2026-01-15T11:30:00.999Z") << "a named second counts whole";
    EXPECT_EQ(read("2026-07-15T12:30:15"), "2026-07-15T10:30:15.999Z");
    EXPECT_EQ(read("2026-07-15T12:30:15.250Z"), "2026-07-15T12:30:15.250Z");
    EXPECT_EQ(read_time("2026-07-15T12:30:15.25Z", berlin) % 1000000, 259999);
    EXPECT_EQ(read_time("2026-07-15T12:30:15.123456789Z", berlin) % 1000000, 123456);
    const auto begin = [&](const std::string& text) {
        return print_utc(read_time(text, berlin, TimeEdge::begin) / 1000);
    };
    EXPECT_EQ(begin("2026-01-15 12:30"), "2026-01-15T11:30:00Z");
    EXPECT_EQ(read_time("2026-07-15T12:30:15.25Z", berlin, TimeEdge::begin) % 1000000, 250000);
    EXPECT_EQ(begin("@1774749600"), "2026-03-29T02:00:00Z");
    EXPECT_EQ(begin("2026-10-25 02:30"), "2026-10-25T00:30:00Z") << "of two, the earlier one";
    EXPECT_EQ(read("2026-07-15 12:30:15+05:30"), "2026-07-15T07:00:15.999Z");
    EXPECT_EQ(read("2026-07-15 12:30:15-0800"), "2026-07-15T20:30:15.999Z");
    EXPECT_EQ(read("@1774749600"), "2026-03-29T02:00:00.999Z");
    EXPECT_EQ(read("2026-10-25 02:30"), "2026-10-25T01:30:00.999Z") << "of two, the later one";
    try {
        read("2026-03-29 02:30");
        FAIL() << "there is no such time";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("clocks went forward"));
    }
    for (const char* bad :
         {"", "now", "2026-1-1 00:00", "2026-02-30 00:00", "2026-01-01", "2026-01-01 24:00", "2026-01-01 00:60",
          "2026-01-01 00:00x", "2026-01-01 00:00:00.", "2026-01-01 00:00+99:00", "@", "@12x", "@99999999999999999"}) {
        EXPECT_THROW(read_time(bad, berlin), Error) << bad;
    }
    EXPECT_EQ(berlin.print(utc("2026-03-29T01:00:00")), "2026-03-29 03:00:00 +02:00");
    EXPECT_EQ(TimeZone("America/New_York").print(utc("2026-12-01T00:00:01")), "2026-11-30 19:00:01 -05:00");
    EXPECT_EQ(compact_utc(utc("2026-03-29T01:02:03")), "20260329_010203");
}

}  // namespace
}  // namespace cairn::core
