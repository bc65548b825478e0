#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
namespace {

using testing::HasSubstr;

/// Another database stands for the replica: what counts is what it holds, not how it got there.
class ReplicaTest : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        options_.replica = parse_url(cluster().make_database("replica"));
        options_.replica_max_lag = Duration(200);
        copy("CREATE TABLE cairn_watermark (id int, seq bigint); INSERT INTO cairn_watermark VALUES (1, 1);"
             "CREATE TABLE rooms (id text); INSERT INTO rooms VALUES ('on the replica')");
    }
    void copy(const std::string& sql) { cluster().run(options_.replica.database, sql); }
    std::string room(bool replica) { return std::string(one("SELECT min(id) FROM rooms", {}, replica).text()); }
};

TEST_F(ReplicaTest, AnswersWhatMayBeALittleBehind) {
    open();
    EXPECT_EQ(room(true), "on the replica");
    EXPECT_EQ(room(false), "r");
    EXPECT_EQ(store_->health().replica_fallbacks, 0U);
}

TEST_F(ReplicaTest, IsPassedOverWhileItIsTooFarBehind) {
    open();
    apply({Rows(rooms_).put(Room{"s"})});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(room(true), "r");
    EXPECT_EQ(store_->health().replica_fallbacks, 1U);
    EXPECT_THAT(log_.lines(), HasSubstr("too far behind"));
    copy("UPDATE cairn_watermark SET seq = 2");
    EXPECT_EQ(room(true), "on the replica");
    EXPECT_THAT(log_.lines(), HasSubstr("answers again"));
}

TEST_F(ReplicaTest, IsPassedOverWhileItIsAway) {
    options_.replica.port = 1;
    open();
    EXPECT_EQ(room(true), "r");
    EXPECT_EQ(room(true), "r");
    EXPECT_EQ(store_->health().replica_fallbacks, 2U);
    EXPECT_TRUE(store_->health().ok);
}

TEST_F(ReplicaTest, AWrongQueryIsWrongThereToo) {
    open();
    EXPECT_EQ(refusal([&] { one("SELECT nothing FROM rooms", {}, true); }).code(), Code::internal);
    EXPECT_EQ(store_->health().replica_fallbacks, 0U);
}

}  // namespace
}  // namespace cairn::storage_postgres::test
