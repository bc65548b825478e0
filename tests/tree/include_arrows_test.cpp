// Reads every #include of the tree and keeps the arrows of docs/architecture.md section 1:
// plugins → sdk ← core. The link lines in CMake are the other half of this rule.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Include {
    std::string file;  // relative to the root, with '/'
    int line = 0;
    std::string target;
    bool quoted = false;
};

const fs::path kRoot = CAIRN_SOURCE_DIR;

std::vector<Include> includes_below(const std::string& folder) {
    static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    std::vector<Include> found;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
        const auto extension = entry.path().extension();
        if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp")) continue;
        const std::string name = fs::relative(entry.path(), kRoot).generic_string();
        if (name.find("node_modules") != std::string::npos) continue;
        std::ifstream in(entry.path());
        std::string line;
        for (int number = 1; std::getline(in, line); ++number) {
            std::smatch match;
            if (std::regex_search(line, match, pattern)) {
                found.push_back({name, number, match[2].str(), match[1].str() == "\""});
            }
        }
    }
    return found;
}

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

/// Empty when the include is allowed, else the rule that it breaks.
std::string broken_rule(const Include& include) {
    const auto& [file, line, target, quoted] = include;
    const bool of_core = starts_with(target, "core/");
    const bool of_plugin = starts_with(target, "plugins/");
    if (starts_with(file, "sdk/include/") || starts_with(file, "sdk/testkit/include/")) {
        if (quoted) return "SDK headers include <std> and <cairn/…> only, in angle brackets";
        if (target.find('/') != std::string::npos && !starts_with(target, "cairn/")) {
            return "SDK headers include <std> and <cairn/…> only";
        }
        if (target.find('.') != std::string::npos && !starts_with(target, "cairn/")) {
            return "SDK headers include the standard library's C++ headers only";
        }
    }
    // The testkit is the core with other edges, and the checker looks into both; neither knows a plugin.
    const bool over_core = starts_with(file, "sdk/testkit/src/") || starts_with(file, "sdk/check/");
    if (starts_with(file, "sdk/") && (of_plugin || (of_core && !over_core))) return "the SDK knows neither core nor plugins";
    if (starts_with(file, "core/") && of_plugin) return "core names no plugin";
    if (starts_with(file, "plugins/")) {
        if (of_core) return "plugins include the SDK only, never core";
        if (of_plugin) {
            const std::string own = file.substr(0, file.find('/', std::string("plugins/").size()) + 1);
            if (!starts_with(target, own)) return "plugins never include one another: talk through a service";
        }
        if (target.find("../") != std::string::npos) return "no includes out of the plugin's own folder";
    }
    return {};
}

TEST(IncludeArrows, HoldInTheWholeTree) {
    std::size_t seen = 0;
    for (const char* folder : {"sdk", "core", "plugins"}) {
        for (const Include& include : includes_below(folder)) {
            ++seen;
            const std::string rule = broken_rule(include);
            EXPECT_TRUE(rule.empty()) << include.file << ":" << include.line << ": includes " << include.target << ": " << rule;
        }
    }
    EXPECT_GT(seen, 100U) << "the test read almost nothing: is the source tree where the build thinks it is?";
}

TEST(IncludeArrows, TheRulesSeeWhatTheyForbid) {
    EXPECT_FALSE(broken_rule({"sdk/include/cairn/x.hpp", 1, "Poco/Net/Socket.h", false}).empty());
    EXPECT_FALSE(broken_rule({"sdk/include/cairn/x.hpp", 1, "unistd.h", false}).empty());
    EXPECT_FALSE(broken_rule({"sdk/src/x.cpp", 1, "core/loops/lanes.hpp", true}).empty());
    EXPECT_FALSE(broken_rule({"sdk/testkit/include/cairn/testkit/x.hpp", 1, "core/loops/lanes.hpp", true}).empty());
    EXPECT_FALSE(broken_rule({"sdk/testkit/include/cairn/testkit/x.hpp", 1, "gtest/gtest.h", false}).empty());
    EXPECT_FALSE(broken_rule({"sdk/testkit/src/x.cpp", 1, "plugins/chat/history.hpp", true}).empty());
    EXPECT_TRUE(broken_rule({"sdk/testkit/src/x.cpp", 1, "core/loops/lanes.hpp", true}).empty());
    EXPECT_FALSE(broken_rule({"core/app/x.cpp", 1, "plugins/chat/history.hpp", true}).empty());
    EXPECT_FALSE(broken_rule({"plugins/chat/x.cpp", 1, "core/loops/lanes.hpp", true}).empty());
    EXPECT_FALSE(broken_rule({"plugins/chat/x.cpp", 1, "plugins/world/objects.hpp", true}).empty());
    EXPECT_TRUE(broken_rule({"plugins/chat/x.cpp", 1, "plugins/chat/history.hpp", true}).empty());
    EXPECT_TRUE(broken_rule({"plugins/chat/x.cpp", 1, "cairn/space.hpp", false}).empty());
    EXPECT_TRUE(broken_rule({"core/app/x.cpp", 1, "cairn/space.hpp", false}).empty());
}

TEST(IncludeArrows, NoSdkHeaderTestsNdebug) {
    for (const char* folder : {"sdk/include", "sdk/testkit/include"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream in(entry.path());
            std::string line;
            for (int number = 1; std::getline(in, line); ++number) {
                const bool directive = line.find('#') != std::string::npos && line.find("NDEBUG") != std::string::npos;
                EXPECT_FALSE(directive) << entry.path() << ":" << number << ": a layout that depends on NDEBUG breaks plugins";
            }
        }
    }
}

}  // namespace
