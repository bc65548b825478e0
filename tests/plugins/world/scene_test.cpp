#include "tests/plugins/world/world_talk.hpp"

CAIRN_TESTKIT_GTEST()

namespace cairn::world {
namespace {

using test::AnswerPtr;

class SceneTest : public WorldTalk {
protected:
    Player ada_ = join("Ada");
    Player bob_ = join("Bob");
};

TEST_F(SceneTest, CreatedIsOnDiskBeforeAnybodyHears) {
    const auto answer = ask(ada_, "object.create", box("b1"));
    EXPECT_EQ(answer->code(), "none");
    EXPECT_TRUE(seen("b1").is_null());
    settle();
    ASSERT_TRUE(answer->ok());
    EXPECT_EQ(answer->d()["id"].text(), "b1");
    const auto events = events_of("object.created");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["id"].text(), "b1");
    EXPECT_EQ(events[0]["by"].text(), ada_.id());
    EXPECT_EQ(events[0]["n"].integer_or(0), ada_.n());
    EXPECT_EQ(events[0]["properties"]["color"].text(), "red");
    const Document row = object_row("b1");
    EXPECT_EQ(row["name"].text(), "Box");
    EXPECT_EQ(row["created_by"].text(), ada_.id());
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(0, 1, 0));
    EXPECT_EQ(Document::parse_json(row["scale"].text()), at(1, 1, 1));
    EXPECT_EQ(Document::parse_json(row["physics"].text()), (Document{{"static", true}}));
    EXPECT_TRUE(is_uuid(row["id"].text()));
}

TEST_F(SceneTest, IdsAreMintedWhereTheClientNamesNone) {
    const auto answer =
        ask_settled(ada_, "object.create", {{"name", "Lamp"}, {"type", "light"}, {"p", at(1, 2, 3)}});
    ASSERT_TRUE(answer->ok());
    EXPECT_TRUE(is_uuid(answer->d()["id"].text()));
    EXPECT_FALSE(object_row(std::string(answer->d()["id"].text())).is_null());
}

TEST_F(SceneTest, SameCreationAgainGetsTheSameAnswer) {
    const auto first = ask(ada_, "object.create", box("b1"));
    const auto in_flight = ask(ada_, "object.create", box("b1"));
    settle();
    const auto afterwards = ask_settled(ada_, "object.create", box("b1"));
    for (const auto& answer : {first, in_flight, afterwards}) {
        EXPECT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d()["id"].text(), "b1");
    }
    EXPECT_EQ(events_of("object.created").size(), 1);
    EXPECT_EQ(object_rows().size(), 1);
}

TEST_F(SceneTest, SameCreationAfterARestartAndAfterAMoveIsNoConflict) {
    ask_settled(ada_, "object.create", box("b1", 0.1));
    restart();
    const Player again = back(ada_);
    EXPECT_TRUE(ask_settled(again, "object.create", box("b1", 0.1))->ok());
    ask_settled(again, "object.move", {{"id", "b1"}, {"p", at(5, 5, 5)}, {"final", true}});
    EXPECT_TRUE(ask_settled(again, "object.create", box("b1", 0.1))->ok());
    EXPECT_EQ(seen("b1")["p"], at(5, 5, 5));
    // The clock has not moved on since the creation, and nothing but the row tells that somebody moved it.
    restart();
    const Player later = back(ada_);
    EXPECT_TRUE(ask_settled(later, "object.create", box("b1", 0.1))->ok());
    EXPECT_EQ(seen("b1")["p"], at(5, 5, 5));
}

TEST_F(SceneTest, OtherCreationsUnderTheSameIdConflict) {
    ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(ask_settled(bob_, "object.create", box("b1"))->code(), "conflict");
    Document other = box("b1");
    other.set("name", "Sphere");
    EXPECT_EQ(ask_settled(ada_, "object.create", other)->code(), "conflict");
    EXPECT_EQ(ask_settled(ada_, "object.create", box("b1", 7))->code(), "conflict");
    const auto flying = ask(ada_, "object.create", box("b2"));
    EXPECT_EQ(ask(bob_, "object.create", box("b2"))->code(), "conflict");
    settle();
    EXPECT_TRUE(flying->ok());
}

TEST_F(SceneTest, RefusedValuesNameTheirField) {
    struct Case {
        const char* key;
        Document value;
        const char* field;
    };
    const Case cases[] = {{"name", "<script>", "name"},
                          {"name", "", "name"},
                          {"name", std::string(256, 'a'), "name"},
                          {"type", "hologram", "type"},
                          {"p", at(1000, 0, 0), "p"},
                          {"p", at(0, -1000, 0), "p"},
                          {"p", "here", "p"},
                          {"model_url", "javascript:alert(1)", "model_url"},
                          {"model_url", "//evil.example/x", "model_url"},
                          {"properties", Document::list({1}), "properties"},
                          {"properties", {{"big", std::string(17 * 1024, 'x')}}, "properties"},
                          {"id", "a b", "id"}};
    for (const Case& one : cases) {
        Document wish = box("b1");
        wish.set(one.key, one.value);
        const auto answer = ask_settled(ada_, "object.create", wish);
        ASSERT_TRUE(answer->refused()) << one.key << " " << one.value.to_json().substr(0, 60);
        EXPECT_NE(answer->refused()->field().find(one.field), std::string::npos) << answer->refused()->field();
    }
    EXPECT_TRUE(ask_settled(ada_, "object.create", box("b1", 999.9))->ok());
    EXPECT_EQ(object_rows().size(), 1);
}

TEST_F(SceneTest, MovesGoOutOncePerTickAndReachTheDiskCoalesced) {
    ask_settled(ada_, "object.create", box("b1"));
    tick();
    forget_events();
    const std::size_t before = object_commits();
    for (int i = 1; i <= 5; ++i) ask(bob_, "object.move", {{"id", "b1"}, {"p", at(i, 0, 0)}, {"ts", i}});
    EXPECT_EQ(object_commits(), before);
    tick();
    EXPECT_EQ(object_commits(), before + 1);
    const auto moved = events_of("object.moved");
    ASSERT_EQ(moved.size(), 1);
    ASSERT_EQ(moved[0].size(), 1);
    const Document& row = moved[0].items()[0];
    ASSERT_EQ(row.size(), 6);
    EXPECT_EQ(row.items()[0].text(), "b1");
    EXPECT_EQ(row.items()[1], at(5, 0, 0));
    EXPECT_EQ(row.items()[4].integer_or(0), bob_.n());
    EXPECT_EQ(row.items()[5].integer_or(0), 5);
    saved();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(5, 0, 0));
    saved();
    EXPECT_EQ(object_commits(), before + 1) << "what is on disk is not written again";
}

TEST_F(SceneTest, FinalMoveIsAnsweredOnceItIsOnDisk) {
    ask_settled(ada_, "object.create", box("b1"));
    const auto answer = ask(bob_, "object.move", {{"id", "b1"}, {"r", at(0, 1.5, 0)}, {"final", true}});
    EXPECT_EQ(answer->code(), "none");
    settle();
    EXPECT_TRUE(answer->ok());
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["rotation"].text()), at(0, 1.5, 0));
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(0, 1, 0));
    EXPECT_EQ(row["updated_by"].text(), bob_.id());
    EXPECT_EQ(row["interaction_count"].integer_or(0), 1);
}

TEST_F(SceneTest, AHundredAtOnceOnOneObjectEndConsistent) {
    ask_settled(ada_, "object.create", box("b1"));
    std::vector<Player> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(join("P" + std::to_string(i)));
    const std::size_t before = object_commits();
    std::vector<AnswerPtr> answers;
    for (std::size_t i = 0; i < 100; ++i) {
        answers.push_back(ask(
            crowd[i], "object.move",
            {{"id", "b1"}, {"p", at(static_cast<double>(i), 0, -static_cast<double>(i))}, {"final", true}}));
        if (i % 10 == 5)
            answers.push_back(
                ask(crowd[i], "object.update", {{"id", "b1"}, {"name", "Name " + std::to_string(i)}}));
        if (i % 30 == 7) tick();
    }
    saved();
    for (const auto& answer : answers) EXPECT_TRUE(answer->ok()) << answer->code();
    // P175: the last in the server's order wins, in memory, for everybody's eyes and on disk.
    const Document object = seen("b1");
    EXPECT_EQ(object["p"], at(99, 0, -99));
    EXPECT_EQ(object["name"].text(), "Name 95");
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(99, 0, -99));
    EXPECT_EQ(row["name"].text(), "Name 95");
    const auto moved = events_of("object.moved");
    EXPECT_EQ(moved.back().items().back().items()[1], at(99, 0, -99));
    EXPECT_LE(object_commits() - before, 6) << "changes that wait go together";
}

TEST_F(SceneTest, AMoveDuringAChangeLosesNeither) {
    ask_settled(ada_, "object.create", box("b1"));
    const auto renamed = ask(ada_, "object.update", {{"id", "b1"}, {"name", "Tower"}});
    ask(bob_, "object.move", {{"id", "b1"}, {"p", at(3, 3, 3)}});
    tick();  // the row must not be written with the old name meanwhile
    EXPECT_EQ(object_commits(), 2);
    settle();
    EXPECT_TRUE(renamed->ok());
    saved();
    const Document row = object_row("b1");
    EXPECT_EQ(row["name"].text(), "Tower");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(3, 3, 3));
}

TEST_F(SceneTest, UpdatesAreToldAfterTheyAreOnDisk) {
    ask_settled(ada_, "object.create", box("b1"));
    forget_events();
    const auto answer =
        ask(bob_, "object.update",
                    {{"id", "b1"}, {"properties", {{"color", "blue"}}}, {"visibility", false}, {"p", at(2, 2, 2)}});
    EXPECT_TRUE(events_of("object.updated").empty());
    EXPECT_EQ(seen("b1")["properties"]["color"].text(), "red");
    settle();
    ASSERT_TRUE(answer->ok());
    const auto events = events_of("object.updated");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["properties"]["color"].text(), "blue");
    EXPECT_EQ(events[0]["visibility"], Document(false));
    EXPECT_EQ(events[0]["p"], at(2, 2, 2));
    EXPECT_EQ(events[0].find("name"), nullptr);
    const Document object = seen("b1");
    EXPECT_EQ(object["properties"]["color"].text(), "blue");
    EXPECT_EQ(object["visibility"], Document(false));
    EXPECT_EQ(object_row("b1")["visibility"].integer_or(1), 0);
    EXPECT_EQ(ask_settled(bob_, "object.update", {{"id", "b1"}})->code(), "bad_request");
}

TEST_F(SceneTest, DeletedIsGoneEverywhereAndMayBeAskedTwice) {
    ask_settled(ada_, "object.create", box("b1"));
    const auto deleted = ask(bob_, "object.delete", {{"id", "b1"}});
    const auto late_move = ask(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}, {"final", true}});
    const auto late_delete = ask(ada_, "object.delete", {{"id", "b1"}});
    saved();
    EXPECT_TRUE(deleted->ok());
    EXPECT_EQ(late_move->code(), "not_found");
    EXPECT_TRUE(late_delete->ok());
    saved();
    EXPECT_TRUE(object_row("b1").is_null());
    EXPECT_EQ(events_of("object.deleted").size(), 1);
    EXPECT_TRUE(state("objects").empty());
    EXPECT_TRUE(ask_settled(bob_, "object.delete", {{"id", "b1"}})->ok()) << "the same request once more";
    EXPECT_EQ(ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "not_found");
    EXPECT_TRUE(ask_settled(bob_, "object.create", box("b1"))->ok()) << "the id is free again";
}

TEST_F(SceneTest, ChangesOfAnObjectThatIsBeingCreatedAreNotReady) {
    const auto created = ask(ada_, "object.create", box("b1"));
    const auto moved = ask(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}});
    EXPECT_EQ(moved->code(), "not_ready");
    EXPECT_GT(moved->refused()->retry_after().count(), 0);
    settle();
    EXPECT_TRUE(created->ok());
}

TEST_F(SceneTest, LockedObjectsObeyTheirCreatorAndAdmins) {
    ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(ask_settled(bob_, "object.update", {{"id", "b1"}, {"locked", true}})->code(), "forbidden");
    EXPECT_TRUE(ask_settled(ada_, "object.update", {{"id", "b1"}, {"locked", true}})->ok());
    EXPECT_EQ(seen("b1")["locked"], Document(true));
    EXPECT_EQ(ask_settled(bob_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "forbidden");
    EXPECT_EQ(ask_settled(bob_, "object.delete", {{"id", "b1"}})->code(), "forbidden");
    const Player root = join("Root", {"admin"});
    EXPECT_TRUE(ask_settled(root, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}, {"final", true}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "object.delete", {{"id", "b1"}})->ok());
}

TEST_F(SceneTest, WhenTheStoreFailsNothingLooksChanged) {
    ask_settled(ada_, "object.create", box("b1"));
    saved();
    store().fail(Code::unavailable);

    const auto created = ask_settled(ada_, "object.create", box("b2"));
    const auto renamed =
        ask_settled(ada_, "object.update", {{"id", "b1"}, {"name", "Tower"}, {"p", at(4, 4, 4)}});
    const auto deleted = ask_settled(ada_, "object.delete", {{"id", "b1"}});
    ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(6, 0, 0)}});
    tick();
    const auto moved = ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}, {"final", true}});
    for (const auto& answer : {created, renamed, deleted, moved}) {
        EXPECT_EQ(answer->code(), "unavailable");
        EXPECT_EQ(std::string(answer->refused()->what()).find("as the test wants it"), std::string::npos);
    }
    EXPECT_EQ(state("objects").size(), 1);
    EXPECT_EQ(seen("b1")["name"].text(), "Box");
    EXPECT_EQ(seen("b1")["p"], at(0, 1, 0)) << "back to the place that is on disk";
    tick();
    EXPECT_EQ(events_of("object.moved").back().items().back().items()[1], at(0, 1, 0))
        << "and everybody sees it there";

    store().heal();
    advance(Duration(1500));
    saved();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(0, 1, 0));
    EXPECT_TRUE(ask_settled(ada_, "object.create", box("b2"))->ok());
}

TEST_F(SceneTest, PlacesThatCouldNotBeSavedAreSavedLater) {
    ask_settled(ada_, "object.create", box("b1"));
    store().fail(Code::unavailable);
    ask(ada_, "object.move", {{"id", "b1"}, {"p", at(6, 0, 0)}});
    saved();
    const std::size_t asked = object_commits();
    tick();
    EXPECT_EQ(object_commits(), asked) << "not again at once";
    EXPECT_EQ(host().logged("are not saved at the moment").size(), 1);
    store().heal();
    advance(Duration(1500));
    saved();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(6, 0, 0));
    EXPECT_EQ(seen("b1")["p"], at(6, 0, 0));
}

TEST_F(SceneTest, TheLastOneOutLeavesNothingUnsaved) {
    ask_settled(ada_, "object.create", box("b1"));
    ask(bob_, "object.move", {{"id", "b1"}, {"p", at(8, 0, 0)}});
    ada_.leave();
    bob_.drop();
    listener().drop();
    saved();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(8, 0, 0));
}

TEST_F(SceneTest, ObjectsAreThereAfterARestart) {
    Document wish = box("b1", 0.1);
    wish.set("model_url", "/models/tree.glb").set("s", at(2, 2, 2));
    ask_settled(ada_, "object.create", wish);
    ask_settled(ada_, "object.update", {{"id", "b1"}, {"locked", true}});
    const Document before = seen("b1");
    for (int i = 0; i < 5000; ++i) ask(bob_, "object.create", box("many-" + std::to_string(i)));
    settle();
    restart();
    const Player carl = join("Carl");
    EXPECT_EQ(seen("b1"), before);
    EXPECT_EQ(state("objects").size(), 5001) << "several pages";
    EXPECT_EQ(ask_settled(carl, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "forbidden");
}

TEST_F(SceneTest, ListsInPagesAndFilters) {
    for (int i = 0; i < 30; ++i) {
        Document wish = box("o" + std::to_string(100 + i));
        if (i % 3 == 0) wish.set("type", "light").set("name", "Lamp " + std::to_string(i));
        ask_settled(i % 2 == 0 ? ada_ : bob_, "object.create", wish);
    }
    std::vector<std::string> ids;
    std::string after;
    for (int page = 0; page < 10; ++page) {
        const auto answer = ask(ada_, "object.list", {{"after", after}, {"limit", 7}});
        ASSERT_TRUE(answer->ok());
        EXPECT_LE(answer->d()["objects"].size(), 7);
        for (const Document& object : answer->d()["objects"].items()) ids.emplace_back(object["id"].text());
        after = answer->d()["next"].text();
        if (after.empty()) break;
    }
    EXPECT_EQ(ids.size(), 30);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    const auto lamps = ask(ada_, "object.list", {{"filter", {{"type", "light"}, {"by", ada_.id()}}}});
    EXPECT_EQ(lamps->d()["objects"].size(), 5);
    const auto named = ask(ada_, "object.list", {{"filter", {{"name", "Lamp 2"}}}});
    EXPECT_EQ(named->d()["objects"].size(), 3);  // Lamp 21, 24, 27
}

TEST_F(SceneTest, RatesAreThoseOfTheSettings) {
    begin("");
    const Document messages = host().protocol()["messages"];
    EXPECT_EQ(messages["object.create"]["limit"], (Document{{"count", 10}, {"per_ms", 60'000}}));  // P170
    EXPECT_EQ(messages["object.move"]["limit"], (Document{{"count", 30}, {"per_ms", 1'000}}));
    EXPECT_EQ(messages["user.move"]["limit"], (Document{{"count", 30}, {"per_ms", 1'000}}));
}

class StrictSceneTest : public WorldTalk {
protected:
    StrictSceneTest() : WorldTalk("anyone_may_edit: false, max_objects: 3, spaces: {main: {bounds: 10}}") {}
    Player ada_ = join("Ada");
    Player bob_ = join("Bob");
};

TEST_F(StrictSceneTest, OnlyCreatorsChangeWhereTheSettingsSaySo) {
    ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(ask_settled(bob_, "object.update", {{"id", "b1"}, {"name", "X"}})->code(), "forbidden");
    EXPECT_EQ(ask_settled(bob_, "object.delete", {{"id", "b1"}})->code(), "forbidden");
    EXPECT_TRUE(ask_settled(ada_, "object.update", {{"id", "b1"}, {"name", "X"}})->ok());
}

TEST_F(StrictSceneTest, TheSpaceIsFullAtItsLimitCountingWhatIsOnItsWay) {
    std::vector<AnswerPtr> answers;
    for (int i = 0; i < 4; ++i) answers.push_back(ask(ada_, "object.create", box("b" + std::to_string(i))));
    EXPECT_EQ(answers[3]->code(), "full");
    settle();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(answers[i]->ok());
    EXPECT_TRUE(ask_settled(ada_, "object.delete", {{"id", "b0"}})->ok());
    EXPECT_TRUE(ask_settled(ada_, "object.create", box("b9"))->ok());
}

TEST_F(StrictSceneTest, BoundsAreThoseOfTheSpace) {
    EXPECT_EQ(ask_settled(ada_, "object.create", box("b1", 10))->code(), "invalid_field");
    EXPECT_TRUE(ask_settled(ada_, "object.create", box("b1", 9.99))->ok());
    EXPECT_EQ(ask(ada_, "object.move", {{"id", "b1"}, {"p", at(0, 0, -10)}})->code(), "invalid_field");
    EXPECT_EQ(ask(ada_, "user.move", {{"p", at(0, 10, 0)}})->code(), "invalid_field");
    EXPECT_EQ(seen("b1")["p"], at(9.99, 1, 0));
}

}  // namespace
}  // namespace cairn::world
