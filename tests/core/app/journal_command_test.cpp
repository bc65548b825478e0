// `cairn journal show` and `cairn journal check`, on journals made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/app/command.hpp"
#include "core/durability/journal.hpp"
#include "core/schedule/time_zone.hpp"
#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
    int code;
    std::string out;
    std::string err;
};

class JournalCommandTest : public ::testing::Test {
protected:
    void SetUp() override {
        config_ = scratch_.write("cairn.yaml", "cairn: 1\ndata_dir: " + (scratch_.path() / "data").string() +
                                                   "\ndurability: {journal: {folder: log}}\nplugins: {}\n");
        options_.folder = (scratch_.path() / "data" / "log").string();
    }
    Ran ran(std::vector<std::string> words) const {
        words.insert(words.begin() + 2, config_);  // behind the two words of the verb
        std::ostringstream out;
        std::ostringstream err;
        Terminal terminal{out, err};
        const int code = run_command_line(words, terminal);
        return {code, out.str(), err.str()};
    }
    static std::int64_t minute(std::uint64_t seq) {
        return read_time("2026-11-21T07:00Z", TimeZone(), TimeEdge::begin) + static_cast<std::int64_t>(seq) * 60'000'000;
    }
    // Three commits a minute apart; the second erases, and is refused afterwards.
    void write() const {
        Journal journal(options_, 1, 0);
        for (std::uint64_t seq = 1; seq <= 3; ++seq) {
            JournalEntry entry;
            entry.seq = seq;
            entry.time_us = minute(seq);
            entry.actor = "anna\x1b[2J";
            const std::string operation = "op-" + std::to_string(seq);
            entry.operation = operation;
            entry.changes = {{"objects", "{\"id\":7}", seq == 2 ? "" : "{\"id\":7,\"name\":\"chair\"}"}};
            if (seq == 3) entry.changes.push_back({"positions", "{\"id\":9}", ""});
            journal.append({&entry, 1});
            journal.sync();
        }
        JournalEntry refused;
        refused.kind = JournalEntry::Kind::refused;
        refused.refers = 2;
        refused.time_us = minute(4);
        journal.append({&refused, 1});
        journal.sync();
    }
    void damage_second() const {
        const std::string path = options_.folder + "/segment-00000000000000000001.cjl";
        std::string bytes = read_bytes(path);
        const std::size_t at = bytes.find("op-2");
        ASSERT_NE(at, std::string::npos);
        bytes[at] = 'x';
        std::ofstream(path, std::ios::binary) << bytes;
    }

    Scratch scratch_;
    std::string config_;
    Journal::Options options_;
};

TEST_F(JournalCommandTest, ShowsOneLineForEachCommit) {
    write();
    const Ran all = ran({"journal", "show"});
    EXPECT_EQ(all.code, exit_code::kOk) << all.err;
    EXPECT_EQ(all.out,
              "1  2026-11-21T07:01:00.000000Z  anna?[2J  op-1  put objects {\"id\":7}\n"
              "2  2026-11-21T07:02:00.000000Z  anna?[2J  op-2  erase objects {\"id\":7}\n"
              "3  2026-11-21T07:03:00.000000Z  anna?[2J  op-3  put objects {\"id\":7}; erase positions {\"id\":9}\n"
              "3  2026-11-21T07:04:00.000000Z  -  -  the store refused commit 2\n");
}

TEST_F(JournalCommandTest, ShowsWhatIsAskedFor) {
    write();
    const auto lines = [&](std::vector<std::string> options) {
        std::vector<std::string> words{"journal", "show"};
        words.insert(words.end(), options.begin(), options.end());
        const Ran result = ran(words);
        EXPECT_EQ(result.code, exit_code::kOk) << result.err;
        std::string firsts;
        std::istringstream in(result.out);
        for (std::string line; std::getline(in, line);) firsts += line.substr(0, line.find(' '));
        return firsts;
    };
    EXPECT_EQ(lines({"--seq", "2"}), "2");
    EXPECT_EQ(lines({"--seq", "2..3"}), "233");
    EXPECT_EQ(lines({"--seq", "2.."}), "233");
    EXPECT_EQ(lines({"--seq", "..2"}), "12");
    EXPECT_EQ(lines({"--since", "2026-11-21T07:02:00Z"}), "233");
    EXPECT_EQ(lines({"--until", "2026-11-21T08:02+01:00"}), "12");
    EXPECT_EQ(lines({"--since", "2026-11-21 08:02", "--set", "time_zone=Europe/Berlin"}), "233") << "as restore reads it";
    EXPECT_EQ(lines({"--until", "2026-11-21 08:01", "--set", "time_zone=Europe/Berlin"}), "1");
    EXPECT_EQ(lines({"--since", "@1795244520"}), "233");
    EXPECT_EQ(lines({"--table", "positions"}), "3");
    EXPECT_EQ(lines({"--seq", "50"}), "");
    EXPECT_THAT(ran({"journal", "show", "--table", "positions"}).out, Not(HasSubstr("objects")));
}

TEST_F(JournalCommandTest, ShowsJsonAsATransactionLogHasIt) {
    write();
    EXPECT_EQ(
        ran({"journal", "show", "--json", "--seq", "3"}).out,
        "{\"seq\":3,\"timestamp\":\"2026-11-21T07:03:00.000000Z\",\"operation_type\":\"mixed\","
        "\"actor\":\"anna\\u001b[2J\",\"operation\":\"op-3\",\"data\":["
        "{\"operation_type\":\"put\",\"table\":\"objects\",\"key\":{\"id\":7},\"row\":{\"id\":7,\"name\":\"chair\"}},"
        "{\"operation_type\":\"erase\",\"table\":\"positions\",\"key\":{\"id\":9}}]}\n"
        "{\"seq\":3,\"timestamp\":\"2026-11-21T07:04:00.000000Z\",\"operation_type\":\"refused\","
        "\"actor\":\"\",\"operation\":\"\",\"refers\":2,\"data\":[]}\n");
}

TEST_F(JournalCommandTest, SaysWhatThereIsWhenNothingFits) {
    write();
    const Ran table = ran({"journal", "show", "--table", "object"});
    EXPECT_EQ(table.code, exit_code::kOk);
    EXPECT_EQ(table.out, "");
    EXPECT_THAT(table.err, AllOf(HasSubstr("commits 1 to 3"), HasSubstr("no table object; did you mean objects?")));
    EXPECT_THAT(ran({"journal", "show", "--table", "zebras"}).err, HasSubstr("are objects, positions."));
    EXPECT_THAT(ran({"journal", "show", "--since", "2030-01-01 00:00"}).err, HasSubstr("commits 1 to 3"));
    EXPECT_THAT(ran({"journal", "show", "--seq", "50.."}).err, HasSubstr("no commit from 50 on"));
    EXPECT_EQ(ran({"journal", "show"}).err, "");
}

TEST_F(JournalCommandTest, UnderstandsNoOtherNumbersAndTimes) {
    const Ran backwards = ran({"journal", "show", "--seq", "5..3"});
    EXPECT_EQ(backwards.code, exit_code::kUsage);
    EXPECT_THAT(backwards.err, HasSubstr("ends before it begins"));
    EXPECT_EQ(ran({"journal", "show", "--since", "2026-11-21 08:00", "--until", "2026-11-21 07:00"}).code,
              exit_code::kUsage);
    for (const char* range : {"x", "0", "1..x", "..", "1...2", "-1", "18446744073709551616"}) {
        const Ran result = ran({"journal", "show", "--seq", range});
        EXPECT_EQ(result.code, exit_code::kUsage) << range;
        EXPECT_THAT(result.err, HasSubstr("1200..1300"));
    }
    const Ran result = ran({"journal", "show", "--since", "yesterday"});
    EXPECT_EQ(result.code, exit_code::kUsage);
    EXPECT_THAT(result.err, AllOf(HasSubstr("--since"), HasSubstr("yesterday"), HasSubstr("2026-03-29T02:30:15Z")));
}

TEST_F(JournalCommandTest, SaysThatThereIsNone) {
    EXPECT_THAT(ran({"journal", "show"}).err, HasSubstr("no journal in " + options_.folder));
    const Ran check = ran({"journal", "check"});
    EXPECT_EQ(check.code, exit_code::kOk);
    EXPECT_THAT(check.out, HasSubstr("no journal in " + options_.folder));
    EXPECT_FALSE(std::filesystem::exists(options_.folder)) << "looking makes nothing";
}

TEST_F(JournalCommandTest, ChecksInWordsAndAsJson) {
    write();
    const Ran words = ran({"journal", "check"});
    EXPECT_EQ(words.code, exit_code::kOk);
    EXPECT_THAT(words.out, AllOf(HasSubstr("1 segment of 16 MiB with commits 1 to 3"), HasSubstr("can be read")));
    EXPECT_THAT(ran({"journal", "check", "--json"}).out,
                AllOf(HasSubstr("\"first\":1,\"last\":3,\"segments\":1"), HasSubstr("\"lost\":[]")));
}

TEST_F(JournalCommandTest, DamageIsNamedAndTheRestIsShown) {
    write();
    damage_second();
    const Ran check = ran({"journal", "check"});
    EXPECT_EQ(check.code, exit_code::kProblems);
    EXPECT_THAT(check.out, AllOf(HasSubstr("DAMAGE: "), HasSubstr("offset"), HasSubstr("commit 2 cannot be read")));
    EXPECT_THAT(ran({"journal", "check", "--json"}).out, HasSubstr("\"lost\":[{\"first\":2,\"last\":2}]"));
    const Ran show = ran({"journal", "show"});
    EXPECT_EQ(show.code, exit_code::kProblems);
    EXPECT_THAT(show.err, HasSubstr("commit 2 cannot be read"));
    EXPECT_THAT(show.out, AllOf(HasSubstr("op-1"), HasSubstr("op-3"), Not(HasSubstr("op-2"))));
}

}  // namespace
}  // namespace cairn::core::test
