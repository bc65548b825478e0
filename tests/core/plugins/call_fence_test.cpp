#include "core/plugins/call_fence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <cairn/values.hpp>

#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class CallFenceTest : public testing::Test {
protected:
    CallFenceTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-fence-XXXXXX").string();
        folder = mkdtemp(pattern.data());
        LogSink::Options options;
        options.file = folder / "log";
        options.format = LogSink::Format::json;
        LogSink::instance().configure(options);
    }
    ~CallFenceTest() override {
        LogSink::instance().configure({});
        std::filesystem::remove_all(folder);
    }
    std::vector<std::string> lines() const {
        std::ifstream file(folder / "log");
        std::vector<std::string> all;
        for (std::string line; std::getline(file, line);) all.push_back(line);
        return all;
    }
    /// A site that no other test has used: the log's rate is per site.
    CallSite site(const std::string& handler) const { return {intern("dice"), intern("main"), intern(handler)}; }

    std::filesystem::path folder;
};

TEST_F(CallFenceTest, ACallThatReturnsLeavesNothingButACrumbMeanwhile) {
    const CallSite here = site("returns");
    bool ran = false;
    const auto outcome = fenced(here, [&] {
        ran = true;
        EXPECT_EQ(thread_breadcrumb().plugin.load(), here.plugin);
        EXPECT_EQ(thread_breadcrumb().handler.load(), here.handler);
    });
    EXPECT_FALSE(outcome);
    EXPECT_TRUE(ran);
    EXPECT_EQ(thread_breadcrumb().plugin.load(), nullptr);
    EXPECT_TRUE(lines().empty());
}

TEST_F(CallFenceTest, ARefusalIsPassedOnAsItIsAndNotLogged) {
    const auto outcome = fenced(
        site("refuses"), [] { throw Error(Code::rate_limited, "too fast").at("d.x").retry_after(Duration(250)); });
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->fault);
    EXPECT_EQ(outcome->error.code(), Code::rate_limited);
    EXPECT_EQ(outcome->error.field(), "d.x");
    EXPECT_EQ(outcome->error.retry_after(), Duration(250));
    EXPECT_STREQ(outcome->error.what(), "too fast");
    EXPECT_TRUE(lines().empty());
}

TEST_F(CallFenceTest, AFaultTellsThePlayerATraceAndTheLogTheRest) {
    const auto outcome = fenced(site("faults"), [] { throw std::runtime_error("SELECT secret FROM table"); });
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->fault);
    EXPECT_EQ(outcome->what, "SELECT secret FROM table");
    EXPECT_EQ(outcome->error.code(), Code::internal);
    EXPECT_THAT(outcome->error.what(), Not(HasSubstr("SELECT")));
    const auto written = lines();
    ASSERT_EQ(written.size(), 1u);
    const Document line = Document::parse_json(written[0]);
    EXPECT_EQ(line["level"].text(), "error");
    EXPECT_EQ(line["origin"].text(), "dice");
    EXPECT_EQ(line["fields"]["plugin"].text(), "dice");
    EXPECT_EQ(line["fields"]["space"].text(), "main");
    EXPECT_EQ(line["fields"]["handler"].text(), "faults");
    EXPECT_EQ(line["fields"]["what"].text(), "SELECT secret FROM table");
    const std::string trace(line["fields"]["trace"].text());
    EXPECT_THAT(trace, MatchesRegex("[2-9a-z]{8}"));
    EXPECT_THAT(outcome->error.what(), HasSubstr(trace));
}

TEST_F(CallFenceTest, WhatIsNoExceptionClassIsCaughtToo) {
    const auto outcome = fenced(site("throws 42"), [] { throw 42; });
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->fault);
    EXPECT_THAT(outcome->what, HasSubstr("not a std::exception"));
}

TEST_F(CallFenceTest, TracesDiffer) {
    std::set<std::string> traces;
    for (int i = 0; i < 1000; ++i) {
        std::string trace;
        internal_error(trace);
        traces.insert(trace);
    }
    EXPECT_EQ(traces.size(), 1000u);
}

TEST_F(CallFenceTest, AHandlerThatKeepsFaultingFillsNoDisk) {
    const CallSite loud = site("keeps faulting");
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) log_fault(loud, "again", "trace" + std::to_string(i));
    log_fault(site("another"), "once", "other");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begun).count();
    std::size_t loud_lines = 0;
    std::size_t other_lines = 0;
    for (const std::string& line : lines()) {
        loud_lines += line.find("\"again\"") != std::string::npos;
        other_lines += line.find("\"once\"") != std::string::npos;
    }
    EXPECT_GE(loud_lines, 1u);
    EXPECT_LE(loud_lines, static_cast<std::size_t>(seconds) + 1);
    EXPECT_EQ(other_lines, 1u) << "sites do not silence one another";
    // A second later it speaks again and says how much was left out.
    while (true) {
        log_fault(loud, "again", "last");
        const auto written = lines();
        if (written.back().find("like_it_not_shown") != std::string::npos) break;
        ASSERT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace
}  // namespace cairn::core
