// A request that is sent again with its operation id: done once, answered again, and nobody notices.
#include "tests/plugins/world/world_talk.hpp"

namespace cairn::world {
namespace {

Document with_op(Document wish, const std::string& op) {
    return wish.set("op", op);
}

class OperationsTest : public WorldTalk {
protected:
    Document lamp(const std::string& op) {
        return {{"name", "Lamp"}, {"type", "light"}, {"p", at(1, 2, 3)}, {"op", op}};
    }
    Player ada_ = join("Ada");
    Player bob_ = join("Bob");
};

TEST_F(OperationsTest, ACreationWithoutAnIdOfItsOwnMakesOneObject) {
    const auto first = ask(ada_, "object.create", lamp("c1"));
    const auto flying = ask(ada_, "object.create", lamp("c1"));
    settle();
    const auto later = ask_settled(ada_, "object.create", lamp("c1"));
    for (const auto& answer : {first, flying, later}) {
        ASSERT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d()["id"], first->d()["id"]);
    }
    EXPECT_EQ(object_rows().size(), 1);
    EXPECT_EQ(state("objects").size(), 1);
    EXPECT_EQ(events_of("object.created").size(), 1);
    EXPECT_NE(ask_settled(bob_, "object.create", lamp("c1"))->d()["id"], first->d()["id"]);
}

TEST_F(OperationsTest, ACreationIsAnsweredAgainAfterARestartAndAfterTheDeletion) {
    const std::string id(ask_settled(ada_, "object.create", lamp("c1"))->d()["id"].text());
    restart();
    const Player ada = back(ada_);
    EXPECT_EQ(ask_settled(ada, "object.create", lamp("c1"))->d()["id"].text(), id);
    EXPECT_EQ(object_rows().size(), 1);
    ASSERT_TRUE(ask_settled(ada, "object.delete", {{"id", id}})->ok());
    EXPECT_EQ(ask_settled(ada, "object.create", lamp("c1"))->d()["id"].text(), id);
    EXPECT_EQ(object_rows().size(), 0) << "it was deleted since";
    EXPECT_TRUE(state("objects").empty());
}

TEST_F(OperationsTest, AMoveSentAgainDoesNotBringTheObjectBack) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    const auto first = ask(ada_, "object.move", wish);
    EXPECT_EQ(seen("b1")["p"], at(0, 1, 0)) << "not before it is known to be the first";
    settle();
    ASSERT_TRUE(first->ok());
    EXPECT_EQ(first->d()["id"].text(), "b1");
    EXPECT_EQ(seen("b1")["p"], at(5, 0, 0));
    tick();
    EXPECT_EQ(events_of("object.moved").size(), 1);
    EXPECT_EQ(object_row("b1")["interaction_count"].integer_or(0), 1);

    ask_settled(bob_, "object.move", {{"id", "b1"}, {"p", at(9, 0, 0)}, {"final", true}});
    tick();
    const auto again = ask_settled(ada_, "object.move", wish);
    EXPECT_TRUE(again->ok());
    EXPECT_EQ(again->d()["id"].text(), "b1");
    EXPECT_EQ(seen("b1")["p"], at(9, 0, 0));
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(9, 0, 0));
    const std::size_t moved = events_of("object.moved").size();
    tick();
    EXPECT_EQ(events_of("object.moved").size(), moved);
}

TEST_F(OperationsTest, WhatIsMovedWhileAnOperationIsOnItsWayWins) {
    ask_settled(ada_, "object.create", box("b1"));
    const auto turned = ask(
        ada_, "object.move", {{"id", "b1"}, {"p", at(5, 0, 0)}, {"r", at(0, 2, 0)}, {"final", true}, {"op", "m1"}});
    ask(bob_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}});
    settle();
    ASSERT_TRUE(turned->ok());
    EXPECT_EQ(seen("b1")["p"], at(7, 0, 0));
    EXPECT_EQ(seen("b1")["r"], at(0, 2, 0));
    saved();
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(7, 0, 0));
    EXPECT_EQ(Document::parse_json(row["rotation"].text()), at(0, 2, 0));
}

TEST_F(OperationsTest, ADragThatARepeatedOperationMeetsIsStillWritten) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    ask_settled(ada_, "object.move", wish);
    ask(bob_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}});
    ask(ada_, "object.move", wish);
    settle();
    saved();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(7, 0, 0));
}

TEST_F(OperationsTest, AnUpdateSentAgainLeavesWhatCameBetween) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"name", "Crate"}, {"p", at(3, 0, 0)}, {"op", "u1"}};
    ASSERT_TRUE(ask_settled(ada_, "object.update", wish)->ok());
    EXPECT_EQ(seen("b1")["name"].text(), "Crate");
    EXPECT_EQ(seen("b1")["p"], at(3, 0, 0));
    ASSERT_TRUE(ask_settled(bob_, "object.update", {{"id", "b1"}, {"name", "Chest"}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "object.update", wish)->ok());
    EXPECT_EQ(seen("b1")["name"].text(), "Chest");
    EXPECT_EQ(object_row("b1")["name"].text(), "Chest");
    EXPECT_EQ(events_of("object.updated").size(), 2);
}

TEST_F(OperationsTest, ADeletionIsAnsweredAgainAfterARestartAndByTheEngineOnly) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"op", "d1"}};
    ASSERT_TRUE(ask_settled(ada_, "object.delete", wish)->ok());
    restart();
    const Player ada = back(ada_);
    EXPECT_TRUE(ask_settled(ada, "object.delete", wish)->ok());
    EXPECT_TRUE(events_of("object.deleted").empty());
    // What is there now under that id is another one.
    ASSERT_TRUE(ask_settled(ada, "object.create", box("b1", 4))->ok());
    EXPECT_TRUE(ask_settled(ada, "object.delete", wish)->ok());
    EXPECT_FALSE(object_row("b1").is_null());
    EXPECT_FALSE(seen("b1").is_null());
}

TEST_F(OperationsTest, AChangeOfWhatIsGoneIsAnsweredAsTheFirstTime) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"name", "Crate"}, {"op", "u1"}};
    ASSERT_TRUE(ask_settled(ada_, "object.update", wish)->ok());
    ASSERT_TRUE(ask_settled(bob_, "object.delete", {{"id", "b1"}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "object.update", wish)->ok());
    // Refused once, refused again, also when an object of that id has come meanwhile.
    EXPECT_EQ(ask_settled(ada_, "object.update", with_op(wish, "u2"))->code(), "not_found");
    ASSERT_TRUE(ask_settled(ada_, "object.create", box("b1"))->ok());
    EXPECT_EQ(ask_settled(ada_, "object.update", with_op(wish, "u2"))->code(), "not_found");
    EXPECT_EQ(seen("b1")["name"].text(), "Box");
}

TEST_F(OperationsTest, OperationsOfOneObjectGoOneByOneAndInOrder) {
    ask_settled(ada_, "object.create", box("b1"));
    std::vector<test::AnswerPtr> answers;
    for (int i = 1; i <= 5; ++i) {
        answers.push_back(ask(
            ada_, "object.move", {{"id", "b1"}, {"p", at(i, 0, 0)}, {"final", true}, {"op", "m" + std::to_string(i)}}));
    }
    answers.push_back(ask(ada_, "object.delete", {{"id", "b1"}, {"op", "d"}}));
    answers.push_back(ask(ada_, "object.move", {{"id", "b1"}, {"final", true}, {"op", "late"}}));
    settle();
    for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(answers[i]->ok()) << i << answers[i]->code();
    EXPECT_EQ(answers[6]->code(), "not_found");
    EXPECT_EQ(object_rows().size(), 0);
}

TEST_F(OperationsTest, ARefusedOperationChangesNothingAndMayBeTriedAgain) {
    ask_settled(ada_, "object.create", box("b1"));
    const Document wish{{"id", "b1"}, {"p", at(5, 0, 0)}, {"final", true}, {"op", "m1"}};
    store().fail(Code::unavailable);
    EXPECT_EQ(ask_settled(ada_, "object.move", wish)->code(), "unavailable");
    EXPECT_EQ(seen("b1")["p"], at(0, 1, 0));
    tick();
    EXPECT_TRUE(events_of("object.moved").empty());
    store().heal();
    EXPECT_TRUE(ask_settled(ada_, "object.move", wish)->ok());
    EXPECT_EQ(seen("b1")["p"], at(5, 0, 0));
}

// ---- classes -------------------------------------------------------------------------------------------------------

class ClassesTest : public WorldTalk {
protected:
    void begin_with(const std::string& objects, const std::string& positions) {
        begin(kRoomy, "durability: {classes: {world.objects: " + objects + ", world.positions: " + positions + "}}");
        ada_ = join("Ada");
        const auto created = ask(ada_, "object.create", box("b1"));
        saved();  // what is coalesced is answered when it is written
        ASSERT_TRUE(created->ok()) << created->code();
    }
    Document saved_place() { return Document::parse_json(object_row("b1")["position"].text()); }
    Player ada_;
};

TEST_F(ClassesTest, DurablePositionsAreAnsweredOnceEachStepIsOnDisk) {
    begin_with("durable", "durable");
    const auto step = ask(ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}});
    EXPECT_EQ(step->code(), "none");
    EXPECT_EQ(seen("b1")["p"], at(2, 0, 0)) << "seen at once, as ever";
    settle();
    EXPECT_TRUE(step->ok());
    EXPECT_EQ(saved_place(), at(2, 0, 0));
    EXPECT_EQ(last_class(), Durability::durable);
    EXPECT_EQ(object_row("b1")["interaction_count"].integer_or(-1), 0);

    store().fail(Code::unavailable);
    EXPECT_EQ(ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(8, 0, 0)}})->code(), "unavailable");
    EXPECT_EQ(seen("b1")["p"], at(2, 0, 0));
}

TEST_F(ClassesTest, TransientPositionsReachTheDiskWhenSomebodyLetsGo) {
    begin_with("durable", "transient");
    const std::size_t before = object_commits();
    ASSERT_TRUE(ask(ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}})->ok());
    saved();
    EXPECT_EQ(object_commits(), before);
    EXPECT_EQ(seen("b1")["p"], at(2, 0, 0));
    EXPECT_EQ(saved_place(), at(0, 1, 0));
    ASSERT_TRUE(ask_settled(ada_, "object.move", {{"id", "b1"}, {"final", true}})->ok());
    EXPECT_EQ(saved_place(), at(2, 0, 0));
}

TEST_F(ClassesTest, CoalescedAndTransientObjectsWorkToo) {
    begin_with("coalesced", "coalesced");
    EXPECT_EQ(last_class(), Durability::coalesced);
    EXPECT_FALSE(object_row("b1").is_null());
    begin_with("transient", "transient");
    EXPECT_TRUE(object_row("b1").is_null());
    EXPECT_FALSE(seen("b1").is_null());
    ASSERT_TRUE(ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(2, 0, 0)}, {"final", true}})->ok());
    ASSERT_TRUE(ask_settled(ada_, "object.delete", {{"id", "b1"}})->ok());
    EXPECT_TRUE(seen("b1").is_null());
}

}  // namespace
}  // namespace cairn::world
