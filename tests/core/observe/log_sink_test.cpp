#include "core/observe/log_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using testing::HasSubstr;

class LogSinkTest : public testing::Test {
protected:
    LogSinkTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-log-XXXXXX").string();
        folder = mkdtemp(pattern.data());
        options.file = folder / "cairn.log";
    }
    ~LogSinkTest() override {
        LogSink::instance().configure({});
        std::filesystem::remove_all(folder);
    }
    std::vector<std::string> lines() const {
        std::ifstream file(options.file);
        std::vector<std::string> all;
        for (std::string line; std::getline(file, line);) all.push_back(line);
        return all;
    }

    std::filesystem::path folder;
    LogSink::Options options;
};

TEST_F(LogSinkTest, WritesLinesUnderANameAndKeepsToItsLevel) {
    options.level = LogLevel::warning;
    LogSink::instance().configure(options);
    NamedLog log("chat");
    EXPECT_FALSE(log.enabled(LogLevel::info));
    EXPECT_TRUE(log.enabled(LogLevel::error));
    log.info("not kept");
    log.warning("kept", {{"space", "main"}});
    core_log().error("from the core");
    LogSink::instance().set_level(LogLevel::debug);
    log.debug("kept too");
    const auto written = lines();
    ASSERT_EQ(written.size(), 3u);
    EXPECT_THAT(written[0], HasSubstr("warn  chat     kept  space=main"));
    EXPECT_THAT(written[1], HasSubstr("error core     from the core"));
    EXPECT_THAT(written[2], HasSubstr("debug chat     kept too"));
}

TEST_F(LogSinkTest, WritesJsonWhenAsked) {
    options.format = LogSink::Format::json;
    LogSink::instance().configure(options);
    core_log().info("up", {{"port", 8080}, {"token", "s3cr3t"}});
    const auto written = lines();
    ASSERT_EQ(written.size(), 1u);
    const Document line = Document::parse_json(written[0]);
    EXPECT_EQ(line["level"].text(), "info");
    EXPECT_EQ(line["origin"].text(), "core");
    EXPECT_EQ(line["fields"]["port"].integer_or(0), 8080);
    EXPECT_EQ(line["fields"]["token"].text(), "[hidden]");
}

TEST_F(LogSinkTest, BracesAndPercentSignsAreJustText) {
    LogSink::instance().configure(options);
    core_log().info("{} %s %v {0}");
    ASSERT_EQ(lines().size(), 1u);
    EXPECT_THAT(lines()[0], HasSubstr("{} %s %v {0}"));
}

TEST_F(LogSinkTest, LinesOfManyThreadsDoNotMix) {
    options.format = LogSink::Format::json;
    LogSink::instance().configure(options);
    constexpr int kThreads = 4;
    constexpr int kLines = 300;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            NamedLog log("thread" + std::to_string(t));
            for (int i = 0; i < kLines; ++i) log.info(std::string(500, static_cast<char>('a' + t)), {{"i", i}});
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<std::string> seen;
    for (const std::string& text : lines()) {
        const Document line = Document::parse_json(text);
        seen.insert(std::string(line["origin"].text()) + " " + std::to_string(line["fields"]["i"].integer_or(-1)));
    }
    EXPECT_EQ(lines().size(), static_cast<std::size_t>(kThreads * kLines));
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(kThreads * kLines));
}

TEST_F(LogSinkTest, RefusesAFileThatCannotBeOpenedAndSaysWhich) {
    options.file = (folder / "no" / "such" / "folder").string();
    std::ofstream(folder / "no") << "a file in the way";
    try {
        LogSink::instance().configure(options);
        ADD_FAILURE() << "opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);
        EXPECT_THAT(error.what(), HasSubstr(options.file));
    }
}

}  // namespace
}  // namespace cairn::core
