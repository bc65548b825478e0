#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <cairn/document.hpp>

#include "tests/integration/server_process.hpp"

namespace cairn::test {

/// A number that the environment may set.
inline int number_of(const char* variable, int otherwise) {
    const char* const text = std::getenv(variable);
    return text ? std::atoi(text) : otherwise;
}

/// `cairn torture` as an admin starts it, in a folder of its own.
class TortureRun : public ::testing::Test {
protected:
    struct Verdict {
        Finished finished;
        Document document;  ///< null when none came
    };
    Verdict run(std::vector<std::string> words, std::chrono::seconds within) {
        words.insert(words.begin(), "torture");
        words.insert(words.end(), {"--in", folder_.path().string(), "--seed", "7", "--json"});
        Verdict verdict{run_cairn(words, within), {}};
        const std::string& text = verdict.finished.output;
        const std::size_t begin = text.find("{\"ok\"");
        if (begin != std::string::npos) {
            verdict.document = Document::parse_json(std::string_view(text).substr(begin, text.find('\n', begin) - begin));
        }
        return verdict;
    }
    /// Runs it and expects that it passed. Returns the verdict.
    Document passes(std::vector<std::string> words, std::chrono::seconds within = std::chrono::seconds(240)) {
        const Verdict verdict = run(std::move(words), within);
        EXPECT_EQ(verdict.finished.exit_code, 0) << verdict.finished.output;
        EXPECT_TRUE(verdict.document["ok"].boolean_or(false));
        EXPECT_EQ(verdict.document["lost"].integer_or(-1), 0);
        EXPECT_EQ(verdict.document["twice"].integer_or(-1), 0);
        EXPECT_LE(verdict.document["slowest_start_seconds"].number_or(99), 5.0);
        return verdict.document;
    }
    TemporaryFolder folder_;
};

}  // namespace cairn::test
