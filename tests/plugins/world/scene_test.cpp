#include "tests/plugins/world/world_fixture.hpp"

namespace cairn::world {
namespace {

using test::Answer;
using test::FakePlayer;

class SceneTest : public WorldTest {
protected:
    FakePlayer& ada_ = space_->join("ada-id", "Ada");
    FakePlayer& bob_ = space_->join("bob-id", "Bob");
};

TEST_F(SceneTest, CreatedIsOnDiskBeforeAnybodyHears) {
    const auto answer = space_->ask(ada_, "object.create", box("b1"));
    EXPECT_EQ(answer->code(), "none");
    EXPECT_TRUE(seen("b1", bob_).is_null());
    space_->settle();
    ASSERT_TRUE(answer->ok());
    EXPECT_EQ(answer->d["id"].text(), "b1");
    const auto events = space_->events_of("object.created");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["id"].text(), "b1");
    EXPECT_EQ(events[0]["by"].text(), "ada-id");
    EXPECT_EQ(events[0]["n"].integer_or(0), ada_.n());
    EXPECT_EQ(events[0]["properties"]["color"].text(), "red");
    const Document row = object_row("b1");
    EXPECT_EQ(row["name"].text(), "Box");
    EXPECT_EQ(row["created_by"].text(), "ada-id");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(0, 1, 0));
    EXPECT_EQ(Document::parse_json(row["scale"].text()), at(1, 1, 1));
    EXPECT_EQ(Document::parse_json(row["physics"].text()), (Document{{"static", true}}));
    EXPECT_TRUE(is_uuid(row["id"].text()));
}

TEST_F(SceneTest, IdsAreMintedWhereTheClientNamesNone) {
    const auto answer =
        space_->ask_settled(ada_, "object.create", {{"name", "Lamp"}, {"type", "light"}, {"p", at(1, 2, 3)}});
    ASSERT_TRUE(answer->ok());
    EXPECT_TRUE(is_uuid(answer->d["id"].text()));
    EXPECT_FALSE(object_row(std::string(answer->d["id"].text())).is_null());
}

TEST_F(SceneTest, SameCreationAgainGetsTheSameAnswer) {
    const auto first = space_->ask(ada_, "object.create", box("b1"));
    const auto in_flight = space_->ask(ada_, "object.create", box("b1"));
    space_->settle();
    const auto afterwards = space_->ask_settled(ada_, "object.create", box("b1"));
    for (const auto& answer : {first, in_flight, afterwards}) {
        EXPECT_TRUE(answer->ok()) << answer->code();
        EXPECT_EQ(answer->d["id"].text(), "b1");
    }
    EXPECT_EQ(space_->events_of("object.created").size(), 1);
    EXPECT_EQ(space_->store().rows("SELECT * FROM world_objects").size(), 1);
}

TEST_F(SceneTest, SameCreationAfterARestartAndAfterAMoveIsNoConflict) {
    space_->ask_settled(ada_, "object.create", box("b1", 0.1));
    reopen();
    FakePlayer& again = space_->join("ada-id");
    EXPECT_TRUE(space_->ask_settled(again, "object.create", box("b1", 0.1))->ok());
    space_->ask_settled(again, "object.move", {{"id", "b1"}, {"p", at(5, 5, 5)}, {"final", true}});
    EXPECT_TRUE(space_->ask_settled(again, "object.create", box("b1", 0.1))->ok());
    EXPECT_EQ(seen("b1", again)["p"], at(5, 5, 5));
    // The clock has not moved on since the creation, and nothing but the row tells that somebody moved it.
    reopen();
    FakePlayer& later = space_->join("ada-id");
    EXPECT_TRUE(space_->ask_settled(later, "object.create", box("b1", 0.1))->ok());
    EXPECT_EQ(seen("b1", later)["p"], at(5, 5, 5));
}

TEST_F(SceneTest, OtherCreationsUnderTheSameIdConflict) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(space_->ask_settled(bob_, "object.create", box("b1"))->code(), "conflict");
    Document other = box("b1");
    other.set("name", "Sphere");
    EXPECT_EQ(space_->ask_settled(ada_, "object.create", other)->code(), "conflict");
    EXPECT_EQ(space_->ask_settled(ada_, "object.create", box("b1", 7))->code(), "conflict");
    const auto flying = space_->ask(ada_, "object.create", box("b2"));
    EXPECT_EQ(space_->ask(bob_, "object.create", box("b2"))->code(), "conflict");
    space_->settle();
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
        const auto answer = space_->ask_settled(ada_, "object.create", wish);
        ASSERT_TRUE(answer->refused) << one.key << " " << one.value.to_json().substr(0, 60);
        EXPECT_NE(answer->refused->field().find(one.field), std::string::npos) << answer->refused->field();
    }
    EXPECT_TRUE(space_->ask_settled(ada_, "object.create", box("b1", 999.9))->ok());
    EXPECT_EQ(space_->store().rows("SELECT * FROM world_objects").size(), 1);
}

TEST_F(SceneTest, MovesGoOutOncePerTickAndReachTheDiskCoalesced) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->tick();
    space_->events.clear();
    const std::size_t before = space_->store().commits_asked;
    for (int i = 1; i <= 5; ++i) space_->ask(bob_, "object.move", {{"id", "b1"}, {"p", at(i, 0, 0)}, {"ts", i}});
    EXPECT_EQ(space_->store().commits_asked, before);
    space_->tick();
    EXPECT_EQ(space_->store().commits_asked, before + 1);
    const auto moved = space_->events_of("object.moved");
    ASSERT_EQ(moved.size(), 1);
    ASSERT_EQ(moved[0].size(), 1);
    const Document& row = moved[0].items()[0];
    ASSERT_EQ(row.size(), 6);
    EXPECT_EQ(row.items()[0].text(), "b1");
    EXPECT_EQ(row.items()[1], at(5, 0, 0));
    EXPECT_EQ(row.items()[4].integer_or(0), bob_.n());
    EXPECT_EQ(row.items()[5].integer_or(0), 5);
    space_->settle();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(5, 0, 0));
    space_->tick();
    space_->settle();
    EXPECT_EQ(space_->store().commits_asked, before + 1) << "what is on disk is not written again";
}

TEST_F(SceneTest, FinalMoveIsAnsweredOnceItIsOnDisk) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const auto answer = space_->ask(bob_, "object.move", {{"id", "b1"}, {"r", at(0, 1.5, 0)}, {"final", true}});
    EXPECT_EQ(answer->code(), "none");
    space_->settle();
    EXPECT_TRUE(answer->ok());
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["rotation"].text()), at(0, 1.5, 0));
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(0, 1, 0));
    EXPECT_EQ(row["updated_by"].text(), "bob-id");
    EXPECT_EQ(row["interaction_count"].integer_or(0), 1);
}

TEST_F(SceneTest, AHundredAtOnceOnOneObjectEndConsistent) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    std::vector<FakePlayer*> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(&space_->join("p" + std::to_string(i)));
    const std::size_t before = space_->store().commits_asked;
    std::vector<std::shared_ptr<Answer>> answers;
    for (std::size_t i = 0; i < 100; ++i) {
        answers.push_back(space_->ask(
            *crowd[i], "object.move",
            {{"id", "b1"}, {"p", at(static_cast<double>(i), 0, -static_cast<double>(i))}, {"final", true}}));
        if (i % 10 == 5)
            answers.push_back(
                space_->ask(*crowd[i], "object.update", {{"id", "b1"}, {"name", "Name " + std::to_string(i)}}));
        if (i % 30 == 7) space_->tick();
    }
    space_->settle();
    space_->tick();
    space_->settle();
    for (const auto& answer : answers) EXPECT_TRUE(answer->ok()) << answer->code();
    // P175: the last in the server's order wins, in memory, for everybody's eyes and on disk.
    const Document object = seen("b1", ada_);
    EXPECT_EQ(object["p"], at(99, 0, -99));
    EXPECT_EQ(object["name"].text(), "Name 95");
    const Document row = object_row("b1");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(99, 0, -99));
    EXPECT_EQ(row["name"].text(), "Name 95");
    const auto moved = space_->events_of("object.moved");
    EXPECT_EQ(moved.back().items().back().items()[1], at(99, 0, -99));
    EXPECT_LE(space_->store().commits_asked - before, 6) << "changes that wait go together";
}

TEST_F(SceneTest, AMoveDuringAChangeLosesNeither) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const auto renamed = space_->ask(ada_, "object.update", {{"id", "b1"}, {"name", "Tower"}});
    space_->ask(bob_, "object.move", {{"id", "b1"}, {"p", at(3, 3, 3)}});
    space_->tick();  // the row must not be written with the old name meanwhile
    EXPECT_EQ(space_->store().waiting(), 1);
    space_->settle();
    EXPECT_TRUE(renamed->ok());
    space_->tick();
    space_->settle();
    const Document row = object_row("b1");
    EXPECT_EQ(row["name"].text(), "Tower");
    EXPECT_EQ(Document::parse_json(row["position"].text()), at(3, 3, 3));
}

TEST_F(SceneTest, UpdatesAreToldAfterTheyAreOnDisk) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->events.clear();
    const auto answer =
        space_->ask(bob_, "object.update",
                    {{"id", "b1"}, {"properties", {{"color", "blue"}}}, {"visibility", false}, {"p", at(2, 2, 2)}});
    EXPECT_TRUE(space_->events_of("object.updated").empty());
    EXPECT_EQ(seen("b1", ada_)["properties"]["color"].text(), "red");
    space_->settle();
    ASSERT_TRUE(answer->ok());
    const auto events = space_->events_of("object.updated");
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0]["properties"]["color"].text(), "blue");
    EXPECT_EQ(events[0]["visibility"], Document(false));
    EXPECT_EQ(events[0]["p"], at(2, 2, 2));
    EXPECT_EQ(events[0].find("name"), nullptr);
    const Document object = seen("b1", ada_);
    EXPECT_EQ(object["properties"]["color"].text(), "blue");
    EXPECT_EQ(object["visibility"], Document(false));
    EXPECT_EQ(object_row("b1")["visibility"].integer_or(1), 0);
    EXPECT_EQ(space_->ask_settled(bob_, "object.update", {{"id", "b1"}})->code(), "bad_request");
}

TEST_F(SceneTest, DeletedIsGoneEverywhereAndMayBeAskedTwice) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    const auto deleted = space_->ask(bob_, "object.delete", {{"id", "b1"}});
    const auto late_move = space_->ask(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}, {"final", true}});
    const auto late_delete = space_->ask(ada_, "object.delete", {{"id", "b1"}});
    space_->tick();
    space_->settle();
    EXPECT_TRUE(deleted->ok());
    EXPECT_EQ(late_move->code(), "not_found");
    EXPECT_TRUE(late_delete->ok());
    space_->tick();
    space_->settle();
    EXPECT_TRUE(object_row("b1").is_null());
    EXPECT_EQ(space_->events_of("object.deleted").size(), 1);
    EXPECT_TRUE(space_->state("objects", ada_).empty());
    EXPECT_TRUE(space_->ask_settled(bob_, "object.delete", {{"id", "b1"}})->ok()) << "the same request once more";
    EXPECT_EQ(space_->ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "not_found");
    EXPECT_TRUE(space_->ask_settled(bob_, "object.create", box("b1"))->ok()) << "the id is free again";
}

TEST_F(SceneTest, ChangesOfAnObjectThatIsBeingCreatedAreNotReady) {
    const auto created = space_->ask(ada_, "object.create", box("b1"));
    const auto moved = space_->ask(ada_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}});
    EXPECT_EQ(moved->code(), "not_ready");
    EXPECT_GT(moved->refused->retry_after().count(), 0);
    space_->settle();
    EXPECT_TRUE(created->ok());
}

TEST_F(SceneTest, LockedObjectsObeyTheirCreatorAndAdmins) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(space_->ask_settled(bob_, "object.update", {{"id", "b1"}, {"locked", true}})->code(), "forbidden");
    EXPECT_TRUE(space_->ask_settled(ada_, "object.update", {{"id", "b1"}, {"locked", true}})->ok());
    EXPECT_EQ(seen("b1", bob_)["locked"], Document(true));
    EXPECT_EQ(space_->ask_settled(bob_, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "forbidden");
    EXPECT_EQ(space_->ask_settled(bob_, "object.delete", {{"id", "b1"}})->code(), "forbidden");
    FakePlayer& root = space_->join("root-id", "Root", {"admin"});
    EXPECT_TRUE(space_->ask_settled(root, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}, {"final", true}})->ok());
    EXPECT_TRUE(space_->ask_settled(ada_, "object.delete", {{"id", "b1"}})->ok());
}

TEST_F(SceneTest, WhenTheStoreFailsNothingLooksChanged) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->tick();
    space_->settle();
    space_->store().trouble = Error(Code::unavailable, "disk full at /secret/path");

    const auto created = space_->ask_settled(ada_, "object.create", box("b2"));
    const auto renamed =
        space_->ask_settled(ada_, "object.update", {{"id", "b1"}, {"name", "Tower"}, {"p", at(4, 4, 4)}});
    const auto deleted = space_->ask_settled(ada_, "object.delete", {{"id", "b1"}});
    space_->ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(6, 0, 0)}});
    space_->tick();
    const auto moved = space_->ask_settled(ada_, "object.move", {{"id", "b1"}, {"p", at(7, 0, 0)}, {"final", true}});
    for (const auto& answer : {created, renamed, deleted, moved}) {
        EXPECT_EQ(answer->code(), "unavailable");
        EXPECT_EQ(std::string(answer->refused->what()).find("secret"), std::string::npos);
    }
    EXPECT_EQ(space_->state("objects", bob_).size(), 1);
    EXPECT_EQ(seen("b1", bob_)["name"].text(), "Box");
    EXPECT_EQ(seen("b1", bob_)["p"], at(0, 1, 0)) << "back to the place that is on disk";
    space_->tick();
    EXPECT_EQ(space_->events_of("object.moved").back().items().back().items()[1], at(0, 1, 0))
        << "and everybody sees it there";

    space_->store().trouble.reset();
    space_->advance(Duration(1500));
    space_->tick();
    space_->settle();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(0, 1, 0));
    EXPECT_TRUE(space_->ask_settled(ada_, "object.create", box("b2"))->ok());
}

TEST_F(SceneTest, PlacesThatCouldNotBeSavedAreSavedLater) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->store().trouble = Error(Code::unavailable, "busy");
    space_->ask(ada_, "object.move", {{"id", "b1"}, {"p", at(6, 0, 0)}});
    space_->tick();
    space_->settle();
    const std::size_t asked = space_->store().commits_asked;
    space_->tick();
    EXPECT_EQ(space_->store().commits_asked, asked) << "not again at once";
    EXPECT_EQ(space_->kept_log().count(LogLevel::warning), 1);
    space_->store().trouble.reset();
    space_->advance(Duration(1500));
    space_->tick();
    space_->settle();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(6, 0, 0));
    EXPECT_EQ(seen("b1", ada_)["p"], at(6, 0, 0));
}

TEST_F(SceneTest, TheLastOneOutLeavesNothingUnsaved) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->ask(bob_, "object.move", {{"id", "b1"}, {"p", at(8, 0, 0)}});
    space_->leave(ada_);
    space_->leave(bob_, LeaveReason::closing);
    space_->settle();
    EXPECT_EQ(Document::parse_json(object_row("b1")["position"].text()), at(8, 0, 0));
}

TEST_F(SceneTest, ObjectsAreThereAfterARestart) {
    Document wish = box("b1", 0.1);
    wish.set("model_url", "/models/tree.glb").set("s", at(2, 2, 2));
    space_->ask_settled(ada_, "object.create", wish);
    space_->ask_settled(ada_, "object.update", {{"id", "b1"}, {"locked", true}});
    const Document before = seen("b1", ada_);
    for (int i = 0; i < 5000; ++i) space_->ask(bob_, "object.create", box("many-" + std::to_string(i)));
    space_->settle();
    reopen();
    FakePlayer& carl = space_->join("carl-id");
    EXPECT_EQ(seen("b1", carl), before);
    EXPECT_EQ(space_->state("objects", carl).size(), 5001) << "several pages";
    EXPECT_EQ(space_->ask_settled(carl, "object.move", {{"id", "b1"}, {"p", at(1, 1, 1)}})->code(), "forbidden");
}

TEST_F(SceneTest, WhatOthersWroteIntoTheTableIsSentAsWeWouldWriteIt) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    space_->store().run(
        "UPDATE world_objects SET properties = '{\"a\": \"</script>\"}', physics = '{\"static\": true}'");
    reopen();
    FakePlayer& reader = space_->join("reader-id");
    EXPECT_EQ(seen("b1", reader)["properties"]["a"].text(), "</script>");
    std::string json;
    JsonWriter out(json);
    space_->section("objects", reader).next(out);
    EXPECT_EQ(json.find("</"), std::string::npos) << json;
    space_->store().run("UPDATE world_objects SET properties = 'null', physics = 'null'");
    reopen();
    FakePlayer& again = space_->join("reader-id");
    EXPECT_TRUE(seen("b1", again)["properties"].is_null());
    ASSERT_TRUE(space_->ask_settled(again, "object.update", {{"id", "b1"}, {"name", "Crate"}})->ok());
    EXPECT_EQ(object_row("b1")["physics"].text(), "{\"static\":true}");
}

TEST_F(SceneTest, ListsInPagesAndFilters) {
    for (int i = 0; i < 30; ++i) {
        Document wish = box("o" + std::to_string(100 + i));
        if (i % 3 == 0) wish.set("type", "light").set("name", "Lamp " + std::to_string(i));
        space_->ask_settled(i % 2 == 0 ? ada_ : bob_, "object.create", wish);
    }
    std::vector<std::string> ids;
    std::string after;
    for (int page = 0; page < 10; ++page) {
        const auto answer = space_->ask(ada_, "object.list", {{"after", after}, {"limit", 7}});
        ASSERT_TRUE(answer->ok());
        EXPECT_LE(answer->d["objects"].size(), 7);
        for (const Document& object : answer->d["objects"].items()) ids.emplace_back(object["id"].text());
        after = answer->d["next"].text();
        if (after.empty()) break;
    }
    EXPECT_EQ(ids.size(), 30);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    const auto lamps = space_->ask(ada_, "object.list", {{"filter", {{"type", "light"}, {"by", "ada-id"}}}});
    EXPECT_EQ(lamps->d["objects"].size(), 5);
    const auto named = space_->ask(ada_, "object.list", {{"filter", {{"name", "Lamp 2"}}}});
    EXPECT_EQ(named->d["objects"].size(), 3);  // Lamp 21, 24, 27
}

TEST_F(SceneTest, StateSurvivesChangesUnderWay) {
    for (int i = 0; i < 10; ++i) space_->ask_settled(ada_, "object.create", box("o" + std::to_string(i)));
    StateSection section = space_->section("objects", bob_);
    EXPECT_EQ(section.count, 10);
    std::vector<std::string> got;
    const auto take = [&] {
        std::string json;
        JsonWriter out(json);
        if (!section.next(out)) return false;
        got.emplace_back(Document::parse_json(json)["id"].text());
        return true;
    };
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(take());
    space_->ask_settled(ada_, "object.delete", {{"id", "o3"}});  // just written
    space_->ask_settled(ada_, "object.delete", {{"id", "o4"}});  // the next one
    space_->ask_settled(ada_, "object.create", box("o55"));
    while (take()) {
    }
    EXPECT_EQ(got, (std::vector<std::string>{"o0", "o1", "o2", "o3", "o5", "o55", "o6", "o7", "o8", "o9"}));
    EXPECT_FALSE(take());
}

TEST_F(SceneTest, RatesAreThoseOfTheSettings) {
    EXPECT_EQ(space_->limit_of("object.create"), (Rate{10, Duration(60'000)}));  // P170
    EXPECT_EQ(space_->limit_of("object.move"), (Rate{30, Duration(1'000)}));
    EXPECT_EQ(space_->limit_of("user.move"), (Rate{30, Duration(1'000)}));
}

Config strict_config() {
    Config config;
    config.anyone_may_edit = false;
    config.max_objects = 3;
    config.spaces["main"].bounds = 10;
    return config;
}

class StrictSceneTest : public WorldTest {
protected:
    StrictSceneTest() : WorldTest(strict_config()) {}
    FakePlayer& ada_ = space_->join("ada-id", "Ada");
    FakePlayer& bob_ = space_->join("bob-id", "Bob");
};

TEST_F(StrictSceneTest, OnlyCreatorsChangeWhereTheSettingsSaySo) {
    space_->ask_settled(ada_, "object.create", box("b1"));
    EXPECT_EQ(space_->ask_settled(bob_, "object.update", {{"id", "b1"}, {"name", "X"}})->code(), "forbidden");
    EXPECT_EQ(space_->ask_settled(bob_, "object.delete", {{"id", "b1"}})->code(), "forbidden");
    EXPECT_TRUE(space_->ask_settled(ada_, "object.update", {{"id", "b1"}, {"name", "X"}})->ok());
}

TEST_F(StrictSceneTest, TheSpaceIsFullAtItsLimitCountingWhatIsOnItsWay) {
    std::vector<std::shared_ptr<Answer>> answers;
    for (int i = 0; i < 4; ++i) answers.push_back(space_->ask(ada_, "object.create", box("b" + std::to_string(i))));
    EXPECT_EQ(answers[3]->code(), "full");
    space_->settle();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(answers[i]->ok());
    EXPECT_TRUE(space_->ask_settled(ada_, "object.delete", {{"id", "b0"}})->ok());
    EXPECT_TRUE(space_->ask_settled(ada_, "object.create", box("b9"))->ok());
}

TEST_F(StrictSceneTest, BoundsAreThoseOfTheSpace) {
    EXPECT_EQ(space_->ask_settled(ada_, "object.create", box("b1", 10))->code(), "invalid_field");
    EXPECT_TRUE(space_->ask_settled(ada_, "object.create", box("b1", 9.99))->ok());
    EXPECT_EQ(space_->ask(ada_, "object.move", {{"id", "b1"}, {"p", at(0, 0, -10)}})->code(), "invalid_field");
    EXPECT_EQ(space_->ask(ada_, "user.move", {{"p", at(0, 10, 0)}})->code(), "invalid_field");
    EXPECT_EQ(seen("b1", bob_)["p"], at(9.99, 1, 0));
}

}  // namespace
}  // namespace cairn::world
