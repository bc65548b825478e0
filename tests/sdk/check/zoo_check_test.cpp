// cairn-check finds what is wrong with each plugin of the zoo, and says so in its sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <cairn/document.hpp>

#include "sdk/check/check_command.hpp"

namespace cairn::check {
namespace {

using ::testing::HasSubstr;

const std::string kZoo = CAIRN_BINARY_DIR "/zoo/";

struct Checked {
    int code = 0;
    std::string out;
    std::string err;
};

Checked check(std::vector<std::string> words) {
    std::ostringstream out, err;
    const int code = run_check(words, out, err);
    return {code, out.str(), err.str()};
}

/// The few steps that are enough for what is known to be wrong.
Checked quick_check(const std::string& plugin, std::vector<std::string> more = {}) {
    std::vector<std::string> words{kZoo + plugin + ".so", "--starts", "4", "--crowd", "60", "--bodies", "10"};
    words.insert(words.end(), more.begin(), more.end());
    return check(words);
}

struct Broken {
    const char* plugin;
    const char* about;
    std::vector<const char*> says;
    std::vector<std::string> more{};
};
void PrintTo(const Broken& broken, std::ostream* out) {
    *out << broken.plugin;
}

class EachBrokenPlugin : public ::testing::TestWithParam<Broken> {};

TEST_P(EachBrokenPlugin, IsFoundWithItsSentenceAndACure) {
    const Checked checked = quick_check(GetParam().plugin, GetParam().more);
    EXPECT_EQ(checked.code, 1) << checked.out << checked.err;
    std::istringstream lines(checked.out);
    std::string found;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("FAULT  " + std::string(GetParam().about))) found = line;
    ASSERT_FALSE(found.empty()) << "nothing about " << GetParam().about << " in\n" << checked.out;
    for (const char* part : GetParam().says) EXPECT_THAT(found, HasSubstr(part));
    EXPECT_THAT(found, HasSubstr("Cure: "));
    EXPECT_THAT(checked.out, HasSubstr("It should not be let into a host like this."));
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, EachBrokenPlugin,
    ::testing::Values(
        Broken{"no_descriptor", "file", {"is a shared object but not a Cairn plugin"}},
        Broken{"other_major", "file", {"ABI"}},
        Broken{"newer_minor", "file", {"ABI"}},
        Broken{"wrong_size", "file", {"has a descriptor that says it has"}},
        Broken{"debug_containers", "file", {"_GLIBCXX_DEBUG"}},
        Broken{"exports_more", "symbols", {"zoo_third_symbol", "version-script"}},
        Broken{"missing_symbol", "setup", {"neither it nor a library it names defines"}},
        Broken{"missing_library", "setup", {"needs the library"}},
        Broken{"throws_in_constructor", "setup", {"its constructor threw"}},
        Broken{"throws_in_setup", "setup", {"failed in setup"}},
        Broken{"vague_settings", "settings", {"knob", "inner.deep"}},
        Broken{"throws_in_start", "lives", {"failed in start"}},
        Broken{"throws_in_ready", "lives", {"failed in ready"}},
        Broken{"throws_in_stop", "lives", {"threw in stop"}},
        Broken{"throws_in_behaviour", "lives", {"threw in opening"}},
        Broken{"leaves_thread", "lives", {"left thread", "zoo-forgotten"}},
        Broken{"leaves_descriptor", "lives", {"left descriptor", "zoo_forgotten"}},
        Broken{"leaves_timer", "lives", {"left 1 timer of Loop::after behind at stop"}},
        Broken{"leaves_task", "lives", {"did not come back within 3 s", "zoo polls for ever"}, {"--deadline", "3s"}},
        Broken{"throws_in_spaces", "messages", {"threw in zoo.throw"}},
        Broken{"forgets_reply", "messages", {"zoo.ask", "was not answered"}},
        Broken{"off_strand", "messages", {"called Space::broadcast", "a lane (shout)", "[space]"}},
        Broken{"keeps_player", "crowd", {"called Player::send on player", "keep player.id()"}},
        Broken{"sleeps", "messages", {"blocked its strand for", "zoo.sleep"}},
        Broken{"spins", "time", {"zoo.spin", "50 ms are allowed"}}),
    [](const auto& one) { return std::string(one.param.plugin); });

TEST(Services, ThatNobodyOffersAreNamedAndThoseOfTheFolderAreTaken) {
    const std::filesystem::path lonely = std::filesystem::path(::testing::TempDir()) / "cairn_lonely_plugin";
    std::filesystem::create_directories(lonely);
    const std::string plugin = (lonely / "needs_service.so").string();
    std::filesystem::copy_file(kZoo + "needs_service.so", plugin, std::filesystem::copy_options::overwrite_existing);
    const Checked missing = check({plugin, "--starts", "2", "--crowd", "10"});
    EXPECT_EQ(missing.code, 1);
    EXPECT_THAT(missing.out, HasSubstr("FAULT  services   it needs zoo.weather/1, and no plugin in"));
    EXPECT_THAT(missing.out, HasSubstr("--with FILE.so"));
    const Checked given = check({plugin, "--with", kZoo + "offers_b.so", "--starts", "2", "--crowd", "10"});
    EXPECT_EQ(given.code, 0) << given.out;
    EXPECT_THAT(given.out, HasSubstr("it runs with offers_b"));
    std::filesystem::remove_all(lonely);
    const Checked found = quick_check("needs_service");
    EXPECT_EQ(found.code, 0) << found.out;
    EXPECT_THAT(found.out, HasSubstr("it runs with offers_a"));
}

TEST(Answers, InJsonTooAndWrongCommandLinesAreNamed) {
    const Checked json = quick_check("dice", {"--json"});
    EXPECT_EQ(json.code, 0) << json.out;
    const Document answer = Document::parse_json(json.out);
    EXPECT_TRUE(answer["ok"].boolean_or(false));
    EXPECT_GT(answer["judgements"].size(), 6U);
    EXPECT_EQ(check({}).code, 2);
    EXPECT_THAT(check({"/nowhere/at_all.so"}).err, HasSubstr("there is no file /nowhere/at_all.so"));
    EXPECT_THAT(check({"x.so", "--start", "3"}).err, HasSubstr("did you mean --starts?"));
    EXPECT_THAT(check({kZoo + "dice.so", "--handler", "soon"}).err, HasSubstr("wants a time such as 50ms"));
    EXPECT_EQ(check({"--help"}).code, 0);
}

}  // namespace
}  // namespace cairn::check
