#include "core/app/loss_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/app/durability_classes.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LossFacts usual() {
    LossFacts facts;
    facts.collections = {{"world", "objects", "what stands about", Durability::durable},
                         {"world", "positions", "where it is dragged", Durability::coalesced},
                         {"world", "presence", "where people stand", Durability::transient}};
    facts.store = "storage_sqlite";
    facts.backup_every = Duration(3600'000);
    return facts;
}

std::string printed(const LossFacts& facts) {
    std::ostringstream out;
    loss_budget(facts).print(out);
    return out.str();
}

TEST(LossBudget, TheUsualFile) {
    EXPECT_THAT(printed(usual()),
                AllOf(HasSubstr("world.objects    nothing"), HasSubstr("world.positions  at most the last 100ms"),
                      HasSubstr("world.presence   all, by design"), HasSubstr("the backups lie on the same disk"),
                      HasSubstr("at most the last 1h"), Not(HasSubstr("Warning"))));
}

TEST(LossBudget, SettingsMoveTheFigures) {
    LossFacts facts = usual();
    facts.durability.coalesce = Duration(2000);
    facts.durability.classes = {{"world.positions", "durable"}};
    facts.collections[0].durability = Durability::coalesced;
    facts.backups_elsewhere = true;
    EXPECT_THAT(printed(facts),
                AllOf(HasSubstr("world.objects    at most the last 2s"), HasSubstr("(coalesced by durability.classes)"),
                      HasSubstr("what came after the last backup: at most the last 1h")));
    facts.journal_elsewhere = true;
    EXPECT_EQ(loss_budget(facts).disk, Loss{});
    facts.backup.enabled = false;
    EXPECT_THAT(printed(facts), AllOf(HasSubstr("everything: there are no backups"), HasSubstr("Warning: ")));
}

TEST(LossBudget, WithoutAStoreAllIsLost) {
    LossFacts facts = usual();
    facts.store.clear();
    const LossBudget budget = loss_budget(facts);
    for (const LossBudget::Line& line : budget.lines) EXPECT_EQ(line.crash, Loss::all()) << line.what.name;
    EXPECT_THAT(printed(facts), HasSubstr("There is no storage plugin"));
    EXPECT_THAT(broken_requirement(budget, "objects=0"), HasSubstr("can lose all"));
}

TEST(LossBudget, ARelaxedDatabaseIsAsGoodAsWhatBringsItBack) {
    LossFacts facts = usual();
    facts.store_relaxed = true;
    EXPECT_EQ(loss_budget(facts).lines[0].power, Loss{});
    EXPECT_THAT(printed(facts), HasSubstr("Warning: The database does not wait for its disk"));
    facts.backup.enabled = false;
    const LossBudget budget = loss_budget(facts);
    EXPECT_EQ(budget.lines[0].crash, Loss{});
    EXPECT_EQ(budget.lines[0].power, Loss::all());
    EXPECT_THAT(printed(facts), HasSubstr("crash: nothing; power loss: all"));
    EXPECT_THAT(broken_requirement(budget, "objects=1h"), HasSubstr("a power loss can lose all"));
}

TEST(LossBudget, ADatabaseElsewhereOutlivesTheDisk) {
    LossFacts facts = usual();
    facts.store = "storage_postgres";
    facts.store_elsewhere = true;
    facts.durability.apply_every = Duration(120'000);
    EXPECT_EQ(loss_budget(facts).disk, Loss::last(Duration(120'000)));
    facts.durability.ack = "store";
    EXPECT_EQ(loss_budget(facts).disk, Loss{});
    EXPECT_THAT(broken_requirement(loss_budget(facts), "disk=0"), IsEmpty());
    EXPECT_THAT(printed(facts), AllOf(HasSubstr("everything since the database went away while it is away"),
                                      HasSubstr("while it is away, once it is in the journal")));
    facts.durability.on_storage_failure = "readonly";
    EXPECT_THAT(printed(facts), AllOf(Not(HasSubstr("went away")), Not(HasSubstr("once it is in the journal"))));
}

TEST(LossBudget, RequirementsAreAGate) {
    const LossBudget budget = loss_budget(usual());
    for (const char* kept : {"objects=0", "world.objects=0", "positions=100ms", "positions=1s", "presence=all"})
        EXPECT_THAT(broken_requirement(budget, kept), IsEmpty()) << kept;
    EXPECT_THAT(broken_requirement(budget, "positions=99ms"),
                AllOf(HasSubstr("world.positions"), HasSubstr("at most the last 100ms"), HasSubstr("coalesced")));
    EXPECT_THAT(broken_requirement(budget, "presence=1h"), HasSubstr("lose all"));
    EXPECT_THAT(broken_requirement(budget, "disk=1h"), HasSubstr("same disk"));
    EXPECT_THAT(broken_requirement(budget, "objcts=0"), HasSubstr("did you mean objects?"));
    EXPECT_THAT(broken_requirement(budget, "treasure=0"), HasSubstr("there are: disk, world.objects"));
    for (const char* wrong : {"objects", "=0", "objects=", "objects=soon", "objects=-1s"})
        EXPECT_THROW(broken_requirement(budget, wrong), UsageError) << wrong;
}

TEST(LossBudget, AllowLossBreaksEveryRequirement) {
    LossFacts facts = usual();
    facts.durability.allow_loss = true;
    EXPECT_THAT(printed(facts), HasSubstr("Warning: `durability.allow_loss` is on"));
    EXPECT_THAT(broken_requirement(loss_budget(facts), "objects=0"), HasSubstr("allow_loss"));
    EXPECT_THAT(broken_requirement(loss_budget(facts), "presence=all"), IsEmpty());
}

TEST(LossBudget, ForPrograms) {
    const Document document = loss_budget(usual()).to_document();
    const auto& collections = document["collections"].items();
    ASSERT_EQ(collections.size(), 3);
    EXPECT_EQ(collections[0]["crash"]["at_most_ms"].integer_or(-1), 0);
    EXPECT_EQ(collections[1]["power_loss"]["at_most_ms"].integer_or(-1), 100);
    EXPECT_TRUE(collections[2]["crash"]["at_most_ms"].is_null());
    EXPECT_TRUE(document["dead_disk"]["at_most_ms"].is_null());
}

TEST(LossBudget, EachStorageFailurePolicyIsSaid) {
    for (const char* policy : {"spool", "readonly", "stop"}) {
        LossFacts facts = usual();
        facts.durability.on_storage_failure = policy;
        EXPECT_THAT(printed(facts),
                    HasSubstr(std::string(policy) == "spool" ? "wait in the journal, up to 8GiB" : policy));
    }
}

}  // namespace
}  // namespace cairn::core::test
