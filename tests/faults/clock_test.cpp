// The clock is turned by an hour and by a day, forth and back, while people are at work; and the nightly restore drill
// runs at its hour, which is how the clock is brought to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/turned_clock.hpp"

namespace cairn::test {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kHour{3600};
constexpr seconds kDay{86400};

double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// What the process has used of processors, in seconds.
double processor_seconds(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    const std::string stat{std::istreambuf_iterator<char>(in), {}};
    std::size_t at = stat.rfind(')') + 2;
    for (int field = 3; field < 14; ++field) at = stat.find(' ', at) + 1;
    std::size_t used = 0;
    const double user = std::stod(stat.substr(at), &used);
    const double system = std::stod(stat.substr(at + used));
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string query(const std::string& database, const std::string& sql) {
    sqlite3* handle = nullptr;
    std::string text;
    if (sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
        sqlite3_busy_timeout(handle, 5000);
        const auto row = [](void* into, int count, char** values, char**) {
            auto& out = *static_cast<std::string*>(into);
            for (int i = 0; i < count; ++i) out += std::string(i > 0 ? "|" : "") + (values[i] ? values[i] : "");
            out += '\n';
            return 0;
        };
        char* error = nullptr;
        if (sqlite3_exec(handle, sql.c_str(), row, &text, &error) != SQLITE_OK) text = std::string("error: ") + error;
        sqlite3_free(error);
    }
    sqlite3_close(handle);
    return text;
}

/// Says something `every` so often and counts; each answer is waited for.
class Talker {
public:
    Talker(std::uint16_t port, int number, milliseconds every) : client_(port), number_(number), every_(every) {
        client_.enter("main", "Talker");
        thread_ = std::thread([this] { work(); });
    }
    ~Talker() { end(); }
    Talker(const Talker&) = delete;
    Talker& operator=(const Talker&) = delete;
    void end() {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
    }
    int said() const { return said_; }
    const std::string& trouble() const { return trouble_; }  ///< after end()

private:
    void work() {
        for (auto next = Clock::now(); !ending_; next += every_) {
            std::this_thread::sleep_until(next);
            const std::string text = std::to_string(number_) + " " + std::to_string(said_ + 1);
            const Document reply = client_.ask("chat.send", {{"message", text}});
            if (reply["d"]["id"].text().empty()) {
                trouble_ = "message " + text + " was answered with " + reply.to_json();
                return;
            }
            ++said_;
        }
    }
    PlayerClient client_;
    int number_;
    milliseconds every_;
    std::atomic<bool> ending_{false};
    std::atomic<int> said_{0};
    std::string trouble_;
    std::thread thread_;
};

/// Whoever places one object after the other, as fast as he is let.
class Builder {
public:
    explicit Builder(std::uint16_t port) : client_(port) { client_.enter("main", "Builder"); }
    /// Tries until refused.
    void build(const std::string& when) {
        for (;;) {
            const Document reply = client_.ask("object.create", {{"name", "Box"}, {"type", "primitive"}, {"p", Document::list({0, 0, 0})}});
            if (!reply["d"]["id"].is_null()) {
                ++placed_;
                continue;
            }
            EXPECT_EQ(reply["err"]["code"].text(), "rate_limited") << when << ": " << reply.to_json();
            return;
        }
    }
    int placed() const { return placed_; }

private:
    PlayerClient client_;
    int placed_ = 0;
};

class TheClock : public ::testing::Test {
protected:
    std::vector<std::string> metaverse(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words{CAIRN_SOURCE_DIR "/config/metaverse.yaml"};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"--set", "data_dir=" + data(), "--set", "plugins.chat.limits.send=1000000/1s"});
        return words;
    }
    std::string data() const { return (folder_.path() / "data").string(); }
    static void start(ServerProcess& server, const TurnedClock& clock) {
        const TurnedClock::Loaded loaded(clock);
        server.start();
    }
    Document health(const ServerProcess& server) const {
        const std::string body = http_get(server.port(), "/health").body;
        return body.empty() ? Document() : Document::parse_json(body);
    }
    /// The value of a metric without labels; NaN: it is not there.
    static double metric(const ServerProcess& server, const std::string& name) {
        const std::string all = "\n" + http_get(server.port(), "/metrics").body;
        const std::size_t at = all.find("\n" + name + " ");
        return at == std::string::npos ? std::nan("") : std::stod(all.substr(at + name.size() + 2));
    }
    /// Waits for another drill than the one at `before`. Returns its result.
    Document wait_for_drill(const ServerProcess& server, const std::string& before, seconds within) const {
        for (const auto begun = Clock::now(); seconds_since(begun) < static_cast<double>(within.count());) {
            const Document drill = health(server)["backup"]["last_restore_drill"];
            if (!drill.is_null() && drill["at"].text() != before) return drill;
            std::this_thread::sleep_for(milliseconds(200));
        }
        return {};
    }
    /// From now to that time of a day of UTC; `days` after today.
    static seconds until(int hour, int minute, int second, int days = 0) {
        const std::time_t now = std::time(nullptr);
        std::tm day{};
        gmtime_r(&now, &day);
        day.tm_hour = hour;
        day.tm_min = minute;
        day.tm_sec = second;
        day.tm_mday += days;
        return seconds(timegm(&day) - now);
    }
    void create(const ServerProcess& server, int count) {
        PlayerClient player(server.port());
        player.enter("main", "Builder");
        for (int i = 0; i < count; ++i) {
            const Document reply = player.ask("object.create", {{"name", "Box"}, {"type", "primitive"}, {"p", Document::list({0, 0, 0})}});
            ASSERT_FALSE(reply["d"]["id"].is_null()) << reply.to_json();
        }
    }
    /// The drill at its hour; then, when `spoil` has changed the database behind the server's back, the one of the next night.
    void drill_by_night(const std::vector<std::string>& more, const std::function<void()>& spoil) {
        const TurnedClock clock(folder_.path());
        clock.set(until(4, 29, 50));
        std::vector<std::string> words = metaverse(more);
        words.insert(words.end(), {"--set", "plugins.world.limits.create=1000/1s"});
        ServerProcess server(words);
        start(server, clock);
        create(server, 20);
        std::vector<std::string> backup{"backup", "now"};
        backup.insert(backup.end(), words.begin(), words.end());
        const Finished made = run_cairn(backup);
        ASSERT_EQ(made.exit_code, 0) << made.output;
        create(server, 5);
        EXPECT_TRUE(health(server)["backup"]["last_restore_drill"].is_null()) << "the drill is not due yet";

        const Document good = wait_for_drill(server, "", seconds(40));
        ASSERT_FALSE(good.is_null()) << server.output();
        EXPECT_TRUE(good["ok"].boolean_or(false)) << server.output();
        EXPECT_GT(good["seconds"].number_or(0), 0);
        EXPECT_THAT(std::string(good["at"].text()), HasSubstr("T04:30:"));
        EXPECT_EQ(metric(server, "cairn_restore_drill_ok"), 1);
        EXPECT_GT(metric(server, "cairn_restore_drill_seconds"), 0);
        EXPECT_LT(metric(server, "cairn_restore_drill_age_seconds"), 60);
        EXPECT_THAT(server.output(), HasSubstr("restore drill: the live state can be restored"));

        spoil();
        clock.set(until(4, 29, 57, 1));
        const Document bad = wait_for_drill(server, std::string(good["at"].text()), seconds(40));
        ASSERT_FALSE(bad.is_null()) << server.output();
        EXPECT_FALSE(bad["ok"].boolean_or(true)) << server.output();
        EXPECT_EQ(metric(server, "cairn_restore_drill_ok"), 0);
        EXPECT_GT(metric(server, "cairn_restore_drill_age_seconds"), 80000) << "since the last one that succeeded";
        EXPECT_THAT(server.output(), HasSubstr("restore drill failed"));
        EXPECT_EQ(server.stop(), 0);
    }
    TemporaryFolder folder_;
};

TEST_F(TheClock, MayBeTurnedWhilePeopleAreAtWork) {
    const TurnedClock clock(folder_.path());
    ServerProcess server(metaverse({"--set", "server.messages=100000/1s"}));
    start(server, clock);
    std::vector<std::unique_ptr<Talker>> talkers;
    for (int i = 1; i <= 3; ++i) talkers.push_back(std::make_unique<Talker>(server.port(), i, milliseconds(10)));
    Builder builder(server.port());
    const auto building = Clock::now();
    auto leaver = std::make_unique<PlayerClient>(server.port());
    Document welcome = leaver->enter("main", "Leaver");
    const std::string who(welcome["player"].text());

    const auto work = [&](seconds offset, const std::string& when) {
        leaver.reset();  // he is away while the clock is turned
        clock.set(offset);
        const double used = processor_seconds(server.pid());
        const auto begun = Clock::now();
        const std::size_t said = server.output().size();
        leaver = std::make_unique<PlayerClient>(server.port());
        welcome = leaver->enter("main", "Leaver", std::string(welcome["resume"].text()));
        EXPECT_EQ(welcome["player"].text(), who) << when << ": he is a stranger now";
        while (seconds_since(begun) < 1.2) {
            builder.build(when);
            std::this_thread::sleep_for(milliseconds(100));
        }
        EXPECT_LT(server.output().size() - said, 20000u) << when << ": the log overflows";
        return (processor_seconds(server.pid()) - used) / seconds_since(begun);
    };
    const double usual = std::max(work(seconds(0), "before"), work(seconds(0), "before"));
    double most = 0;
    for (const seconds offset : {kHour, seconds(0), -kHour, seconds(0), kDay, seconds(0), -kDay, seconds(0)}) {
        most = std::max(most, work(offset, "turned to " + std::to_string(offset.count()) + " s"));
    }
    EXPECT_LT(most, usual * 2 + 0.4) << "a storm of timers; usual: " << usual << " of a processor";
    // Ten at once and one each six seconds, whatever the clock says.
    const double time = seconds_since(building);
    EXPECT_LE(builder.placed(), 10 + time / 6 + 1) << "in " << time << " s";
    EXPECT_GE(builder.placed(), 10 + std::floor(time / 6) - 1) << "in " << time << " s";

    std::map<int, int> said;
    for (auto& talker : talkers) {
        talker->end();
        EXPECT_EQ(talker->trouble(), "");
        said[static_cast<int>(said.size()) + 1] = talker->said();
        EXPECT_GT(talker->said(), 100);
    }
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_THAT(server.output(), ::testing::Not(HasSubstr("error")));
    // In the order of the database each of them spoke in the order in which he did, each message once.
    const std::string database = data() + "/cairn.db";
    EXPECT_EQ(query(database,
                    "SELECT count(*), count(DISTINCT message) FROM chat_messages WHERE message NOT LIKE '% %'"),
              "0|0\n");
    for (const auto& [number, count] : said) {
        EXPECT_EQ(query(database,
                        "WITH said AS (SELECT CAST(substr(message, 3) AS INTEGER) AS n, row_number() OVER (ORDER BY created_at, "
                        "id) AS place FROM chat_messages WHERE message LIKE '" +
                            std::to_string(number) + " %') SELECT count(*), count(DISTINCT n), sum(n <> place) FROM said"),
                  std::to_string(count) + "|" + std::to_string(count) + "|0\n");
    }
    EXPECT_EQ(query(database, "SELECT count(*) FROM world_objects"), std::to_string(builder.placed()) + "\n");
    // Started again at the true time everything is as it was.
    server.start();
    PlayerClient eve(server.port());
    eve.enter("main", "Eve");
    EXPECT_EQ(eve.state("objects").size(), static_cast<std::size_t>(builder.placed()));
    EXPECT_EQ(server.stop(), 0);
}

TEST_F(TheClock, BringsTheNightlyDrillOnSqlite) {
    drill_by_night({}, [&] {
        EXPECT_EQ(query(data() + "/cairn.db", "UPDATE world_objects SET name = 'Crate' WHERE name = 'Box'"), "");
    });
}

TEST_F(TheClock, BringsTheNightlyDrillOnPostgres) {
    PostgresCluster& cluster = PostgresCluster::shared();
    const std::string database = "cairn_drill";
    cluster.run("postgres", "CREATE DATABASE " + database);
    ::setenv("DATABASE_URL", cluster.url(database).c_str(), 1);
    drill_by_night({"-c", CAIRN_SOURCE_DIR "/config/postgres.yaml"},
                   [&] { cluster.run(database, "UPDATE world_objects SET name = 'Crate' WHERE name = 'Box'"); });
    ::unsetenv("DATABASE_URL");
}

}  // namespace
}  // namespace cairn::test
