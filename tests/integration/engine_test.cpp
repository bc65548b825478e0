// Bad days of a whole server: the journal fails, the store is away. Uses failpoints, which test builds have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <cairn/failpoint.hpp>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

using ::testing::HasSubstr;

/// Arms failpoints of the servers that are started while it lives.
class Armed {
public:
    explicit Armed(const char* failpoints) { ::setenv("CAIRN_FAILPOINTS", failpoints, 1); }
    ~Armed() { ::unsetenv("CAIRN_FAILPOINTS"); }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
};

class EngineOfAServer : public ::testing::Test {
protected:
    EngineOfAServer() {
        EXPECT_TRUE(failpoints_built());
        server = std::make_unique<ServerProcess>(std::vector<std::string>{
            CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + (folder.path() / "data").string(),
            "--set", "durability.coalesce=10ms", "--set", "server.shutdown.drain=0s"});
    }
    std::size_t messages() {
        PlayerClient reader(server->port());
        reader.enter("main", "Reader");
        return reader.ask("chat.history", Document::map())["d"]["messages"].size();
    }
    TemporaryFolder folder;
    std::unique_ptr<ServerProcess> server;
};

TEST_F(EngineOfAServer, AJournalThatFailsEndsItWith75AndTheNextStartHasEverything) {
    std::size_t acknowledged = 0;
    {
        const Armed armed("journal.after_write:error@8");
        server->start();
        PlayerClient player(server->port());
        player.enter("main", "Somebody");
        for (int i = 0; i < 20; ++i) {
            const Document reply = player.ask("chat.send", {{"message", "number " + std::to_string(i)}});
            if (!reply["ok"].boolean_or(false)) break;
            ++acknowledged;
        }
        EXPECT_LT(acknowledged, 20);
        EXPECT_EQ(server->wait(std::chrono::seconds(20)), 75) << server->output();
        EXPECT_THAT(server->output(), HasSubstr("the journal has failed"));
    }
    server->start();
    const std::size_t kept = messages();
    EXPECT_GE(kept, acknowledged);
    EXPECT_LE(kept, acknowledged + 1) << "the one that was not answered may be there";
    EXPECT_EQ(server->stop(), 0);
}

TEST_F(EngineOfAServer, AStoreThatIsAwayAtTheStartIsAClearRefusalAndLosesNothing) {
    {
        const Armed armed("store.before_commit:error@100%");
        server->launch();
        EXPECT_EQ(server->wait(std::chrono::seconds(20)), 1) << server->output();
        EXPECT_THAT(server->output(), HasSubstr("the store is away"));
        EXPECT_THAT(server->output(), HasSubstr("what it lacks is in the journal and follows at the next start"));
    }
    server->start();
    EXPECT_THAT(server->output(), HasSubstr("the store holds everything that is in the journal"));
    const HttpAnswer health = http_get(server->port(), "/health");
    EXPECT_EQ(health.status, 200) << health.body;
    const Document persistence = Document::parse_json(health.body)["persistence"];
    EXPECT_EQ(persistence["database"].text(), "ok");
    EXPECT_GE(persistence["journal"]["durable"].integer_or(0), 1);
    EXPECT_TRUE(persistence["store"]["behind"].is_number());
    EXPECT_EQ(server->stop(), 0);
}

TEST_F(EngineOfAServer, StopIsAChoiceToo) {
    const Armed armed("store.before_commit:error@100%");
    ServerProcess strict({CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set",
                          "data_dir=" + (folder.path() / "strict").string(), "--set",
                          "durability.on_storage_failure=stop", "--set", "server.shutdown.drain=0s"});
    strict.launch();
    EXPECT_EQ(strict.wait(std::chrono::seconds(20)), 75) << strict.output();
}

TEST(Check, AuditedTablesMustBeThere) {
    const std::string file = CAIRN_SOURCE_DIR "/config/metaverse.yaml";
    const Finished wrong = run_cairn({"check", file, "--set", "durability.audit=[world_objcts]"});
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_THAT(wrong.output, HasSubstr("Did you mean world_objects?"));
    EXPECT_EQ(run_cairn({"check", file, "--set", "durability.audit=[world_objects]"}).exit_code, 0);
}

}  // namespace
}  // namespace cairn::test
