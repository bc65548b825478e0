// A request that is sent again with its operation id: done once, answered again, and nobody notices.
#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

using test::FakePlayer;

Document with_op(Document wish, const std::string& op) {
    return wish.set("op", op);
}

class OperationsTest : public WorldTest {
protected:
    Document lamp(const std::string& op) {
        return {{"name", "Lamp"}, {"type", "light"}, {"p", at(1, 2, 3)}, {"op", op}};
    }
    std::size_t rows() { return space_->store().rows("SELECT * FROM world_objects").size(); }
    FakePlayer& ada_ = space_->join("ada-id", "Ada");
    FakePlayer& bob_ = space_->join("bob-id", "Bob");
};

TEST_F(OperationsTest, ACreationWithoutAnIdOfItsOwnMakesOneObject) {
    const auto first = space_->ask(ada_, "object.create", lamp("c1"));
    const auto flying = space_->ask(ada_, "object.create", lamp("c1"));
    space_->settle();
    const auto later = space_->ask_settled(ada_, "object.create", lamp("c1"));
    for (const auto& answer : {first, flying, later}) {
        ASSERT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d["id"], first->d["id"]);
    }
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(space_->state("objects", bob_).size(), 1);
    EXPECT_EQ(space_->events_of("object.created").size(), 1);
    EXPECT_NE(space_->ask_settled(bob_, "object.create", lamp("c1"))->d["id"], first->d["id"]);
}

TEST_F(OperationsTest, ACreationIsAnsweredAgainAfterARestartAndAfterTheDeletion) {
    const std::string id(space_->ask_settled(ada_, "object.create", lamp("c1"))->d["id"].text());
    reopen();
    FakePlayer& ada = space_->join("ada-id");
    EXPECT_EQ(space_->ask_settled(ada, "object.create", lamp("c1"))->d["id"].text(), id);
    EXPECT_EQ(rows(), 1);
    ASSERT_TRUE(space_->ask_settled(ada, "object.delete", {{"id", id}})->ok());
    EXPECT_EQ(space_->ask_settled(ada, "object.create", lamp("c1"))->d["id"].text(), id);
    EXPECT_EQ(rows(), 0) << "it was deleted since";
    EXPECT_TRUE(space_->state("objects", ada).empty());
}

TEST_F(OperationsTest, AMoveSentAgainDoesNotBringTheObjectBack) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    const auto first = space_->ask(ada_, "object.move", wish);
    EXPECT_EQ(seen("b1", bob_)["p"], at(0, 1, 0)) << "not before it is known to be the first";
    space_->settle();
    ASSERT_TRUE(first->ok());
    EXPECT_EQ(first->d["id"].text(), "b1");
    EXPECT_EQ(seen("b1", bob_)["p"], at(5, 0, 0));
    space_->tick();
    EXPECT_EQ(space_->events_of("object.moved").size(), 1);
    EXPECT_EQ(object_row("b1")["interaction_count"].integer_or(0), 1);

    space_->ask_settled(bob_, "object.move", {{"id", "b1"}, {"p", at(9, 0, 0)}, {"final", true}});
    space_->tick();
    const auto again = space_->ask_settled(ada_, "object.move", wish);
    EXPECT_TRUE(again->ok());
    EXPECT_EQ(again->d["id"].text(), "b1");
    EXPECT_EQ(seen("b1", bob_)["p"], at(9, 0, 0));
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(9, 0, 0));
    const std::size_t moved = space_->events_of("object.moved").size();
    space_->tick();
    EXPECT_EQ(space_->events_of("object.moved").size(), moved);
}

TEST_F(OperationsTest, WhatIsMovedWhileAnOperationIsOnItsWayWins) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const auto turned = space_->ask(
        ada_, "object.move", {{"id", "b1"}, {"p", at(5, 0, 0)}, {"r", at(0, 2, 0)}, {"final", true}, {"op", "m1"}});
    space_->ask(bob_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}});
    space_->settle();
    ASSERT_TRUE(turned->ok());
    EXPECT_EQ(seen("b1", bob_)["p"], at(7, 0, 0));
    EXPECT_EQ(seen("b1", bob_)["r"], at(0, 2, 0));
    space_->tick();
    space_->settle();
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(7, 0, 0));
    EXPECT_EQ(Document::parse_json(row["rotation"].text()), at(0, 2, 0));
}

TEST_F(OperationsTest, ADragThatARepeatedOperationMeetsIsStillWritten) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    space_->ask_settled(ada_, "object.move", wish);
    space_->ask(bob_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}});
    space_->ask(ada_, "object.move", wish);
    space_->settle();
    space_->tick();
    space_->settle();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(7, 0, 0));
}

TEST_F(OperationsTest, AnUpdateSentAgainLeavesWhatCameBetween) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"name", "Crate"}, {"p", at(3, 0, 0)}, {"op", "u1"}};
    ASSERT_TRUE(space_->ask_settled(ada_, "object.update", wish)->ok());
    EXPECT_EQ(seen("b1", bob_)["name"].text(), "Crate");
    EXPECT_EQ(seen("b1", bob_)["p"], at(3, 0, 0));
    ASSERT_TRUE(space_->ask_settled(bob_, "object.update", {{"id", "b1"}, {"name", "Chest"}})->ok());
    EXPECT_TRUE(space_->ask_settled(ada_, "object.update", wish)->ok());
    EXPECT_EQ(seen("b1", bob_)["name"].text(), "Chest");
    EXPECT_EQ(object_row("b1")["name"].text(), "Chest");
    EXPECT_EQ(space_->events_of("object.updated").size(), 2);
}

TEST_F(OperationsTest, ADeletionIsAnsweredAgainAfterARestartAndByTheEngineOnly) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"op", "d1"}};
    ASSERT_TRUE(space_->ask_settled(ada_, "object.delete", wish)->ok());
    reopen();
    FakePlayer& ada = space_->join("ada-id");
    EXPECT_TRUE(space_->ask_settled(ada, "object.delete", wish)->ok());
    EXPECT_TRUE(space_->events_of("object.deleted").empty());
    // What is there now under that id is another one.
    ASSERT_TRUE(space_->ask_settled(ada, "object.create", box("b1", 4))->ok());
    EXPECT_TRUE(space_->ask_settled(ada, "object.delete", wish)->ok());
    EXPECT_FALSE(object_row("b1").is_null());
    EXPECT_FALSE(seen("b1", ada).is_null());
}

TEST_F(OperationsTest, AChangeOfWhatIsGoneIsAnsweredAsTheFirstTime) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"name", "Crate"}, {"op", "u1"}};
    ASSERT_TRUE(space_->ask_settled(ada_, "object.update", wish)->ok());
    ASSERT_TRUE(space_->ask_settled(bob_, "object.delete", {{"id", "b1"}})->ok());
    EXPECT_TRUE(space_->ask_settled(ada_, "object.update", wish)->ok());
    // Refused once, refused again, also when an object of that id has come meanwhile.
    EXPECT_EQ(space_->ask_settled(ada_, "object.update", with_op(wish, "u2"))->code(), "not_found");
    ASSERT_TRUE(space_->ask_settled(ada_, "object.create", box("b1"))->ok());
    EXPECT_EQ(space_->ask_settled(ada_, "object.update", with_op(wish, "u2"))->code(), "not_found");
    EXPECT_EQ(seen("b1", ada_)["name"].text(), "Box");
}

TEST_F(OperationsTest, OperationsOfOneObjectGoOneByOneAndInOrder) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    std::vector<std::shared_ptr<test::Answer>> answers;
    for (int i = 1; i <= 5; ++i) {
        answers.push_back(space_->ask(
            ada_, "object.move", {{"id", "b1"}, {"p", at(i, 0, 0)}, {"final", true}, {"op", "m" + std::to_string(i)}}));
    }
    answers.push_back(space_->ask(ada_, "object.delete", {{"id", "b1"}, {"op", "d"}}));
    answers.push_back(space_->ask(ada_, "object.move", {{"id", "b1"}, {"final", true}, {"op", "late"}}));
    space_->settle();
    for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(answers[i]->ok()) << i << answers[i]->code();
    EXPECT_EQ(answers[6]->code(), "not_found");
    EXPECT_EQ(rows(), 0);
}

TEST_F(OperationsTest, ARefusedOperationChangesNothingAndMayBeTriedAgain) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    space_->store().trouble = Error(Code::unavailable, "away");
    EXPECT_EQ(space_->ask_settled(ada_, "object.move", wish)->code(), "unavailable");
    EXPECT_EQ(seen("b1", bob_)["p"], at(0, 1, 0));
    space_->tick();
    EXPECT_TRUE(space_->events_of("object.moved").empty());
    space_->store().trouble.reset();
    EXPECT_TRUE(space_->ask_settled(ada_, "object.move", wish)->ok());
    EXPECT_EQ(seen("b1", bob_)["p"], at(5, 0, 0));
}

// ---- classes -------------------------------------------------------------------------------------------------------

class ClassesTest : public WorldTest {
protected:
    void begin(Durability objects, Durability positions) {
        world_.reset();
        kept_.objects.durability = objects;
        kept_.positions.durability = positions;
        open();
        ada_ = &space_->join("ada-id", "Ada");
        space_->settle();
        ASSERT_TRUE(space_->ask_settled(*ada_, "object.create", box("b1"))->ok());
    }
    Document saved_place() { return Document::parse_json(object_row("b1")["position"].text()); }
    FakePlayer* ada_ = nullptr;
};

TEST_F(ClassesTest, DurablePositionsAreAnsweredOnceEachStepIsOnDisk) {
    begin(Durability::durable, Durability::durable);
    const auto step = space_->ask(*ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}});
    EXPECT_EQ(step->code(), "none");
    EXPECT_EQ(seen("b1", *ada_)["p"], at(2, 0, 0)) << "seen at once, as ever";
    space_->settle();
    EXPECT_TRUE(step->ok());
    EXPECT_EQ(saved_place(), at(2, 0, 0));
    EXPECT_EQ(space_->store().classes.back(), Durability::durable);
    EXPECT_EQ(object_row("b1")["interaction_count"].integer_or(-1), 0);

    space_->store().trouble = Error(Code::unavailable, "away");
    EXPECT_EQ(space_->ask_settled(*ada_, "object.move", {{"id", "b1"}, {"p", at(8, 0, 0)}})->code(), "unavailable");
    EXPECT_EQ(seen("b1", *ada_)["p"], at(2, 0, 0));
}

TEST_F(ClassesTest, TransientPositionsReachTheDiskWhenSomebodyLetsGo) {
    begin(Durability::durable, Durability::transient);
    const std::size_t before = space_->store().commits_asked;
    ASSERT_TRUE(space_->ask(*ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}})->ok());
    space_->tick();
    space_->settle();
    EXPECT_EQ(space_->store().commits_asked, before);
    EXPECT_EQ(seen("b1", *ada_)["p"], at(2, 0, 0));
    EXPECT_EQ(saved_place(), at(0, 1, 0));
    ASSERT_TRUE(space_->ask_settled(*ada_, "object.move", {{"id", "b1"}, {"final", true}})->ok());
    EXPECT_EQ(saved_place(), at(2, 0, 0));
}

TEST_F(ClassesTest, CoalescedAndTransientObjectsWorkToo) {
    begin(Durability::coalesced, Durability::coalesced);
    EXPECT_EQ(space_->store().classes.back(), Durability::coalesced);
    EXPECT_FALSE(object_row("b1").is_null());
    begin(Durability::transient, Durability::transient);
    EXPECT_TRUE(object_row("b1").is_null());
    EXPECT_FALSE(seen("b1", *ada_).is_null());
    ASSERT_TRUE(space_->ask_settled(*ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}, {"final", true}})->ok());
    ASSERT_TRUE(space_->ask_settled(*ada_, "object.delete", {{"id", "b1"}})->ok());
    EXPECT_TRUE(seen("b1", *ada_).is_null());
}

}  // namespace
}  // namespace cairn::world
