// The host of a test: its edges are others, what is between them is real.
#include <cairn/testkit.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cairn::testkit {
namespace {

using ::testing::HasSubstr;

struct Text {
    std::string text;
};
void describe(Fields<Text>& f) {
    f(&Text::text, "text", "what is noted").max_length(100);
}
struct Note {
    std::string id;
    std::string text;
};
void describe(Fields<Note>& f) {
    f(&Note::id, "id", "who noted it");
    f(&Note::text, "text", "what he noted");
}
struct NoteConfig {
    int longest = 50;
};
void describe(Fields<NoteConfig>& f) {
    f(&NoteConfig::longest, "longest", "characters of a note").between(1, 100);
}

/// Keeps the last note of each player, durably, and counts runs of a nightly job.
class NotePlugin final : public Plugin {
public:
    int nights = 0;

private:
    void setup(Setup& setup) override {
        config_ = setup.config<NoteConfig>();
        table_ = setup.table<Note>("notes", {"id"});
        setup.behaviour("note", [this](Space& space) {
            struct Notes final : Behaviour {};
            space.on<Text>("note.put", [this, &space](cairn::Player& from, const Text& note, Reply reply) {
                if (note.text.size() > static_cast<std::size_t>(config_->longest)) throw Error(Code::too_large, "too long").at("d.text");
                Commit commit;
                table_.put(commit, {from.id(), note.text});
                const auto later = std::make_shared<Reply>(std::move(reply));
                space.storage().commit(std::move(commit), [&space, later, by = from.id()](Result<Committed> done) {
                    if (!done) return later->refuse(done.error());
                    space.broadcast("note.noted", {{"by", by}});
                    later->ok();
                });
            });
            return std::make_unique<Notes>();
        });
        setup.route({"GET", "/notes/{id}", [](const HttpRequest& request) {
                         return HttpResponse::json(200, {{"id", request.capture("id")}, {"q", request.query_value("q")}});
                     }});
    }
    void start(Runtime& runtime) override {
        runtime.schedule("0 3 * * *", "count the nights", [this](const Task&) { ++nights; });
        noted_ = &runtime.metrics().counter("cairn_note_starts_total", "Starts.", {{"kind", "any"}});
        noted_->add();
        runtime.log().info("notes are open", {{"longest", config_->longest}});
    }
    std::shared_ptr<const NoteConfig> config_;
    Table<Note> table_;
    Counter* noted_ = nullptr;
};

TEST(Host, SettingsAreCheckedWithPlaceAndCure) {
    Host host;
    host.add<NotePlugin>("note");
    try {
        host.start("plugins:\n  note: {longst: 5}\n");
        FAIL() << "an unknown key was taken";
    } catch (const Failure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("2:10"));
        EXPECT_THAT(failure.what(), HasSubstr("longest"));
    }
    EXPECT_FALSE(host.running());
    host.start("plugins: {note: {longest: 5}}");
    const Player anna = host.join("main", "Anna");
    EXPECT_EQ(anna.ask("note.put", {{"text", "too long"}}).error().field(), "d.text");
    anna.say("note.put", {{"text", "fits"}});
}

TEST(Host, APluginThatIsNotThereIsNamedWithWhereItWasLookedFor) {
    try {
        const Host host("plugins: {cairn_no_such_plugin: {}}");
        FAIL() << "was found";
    } catch (const Failure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("there is no plugin 'cairn_no_such_plugin'"));
    }
}

TEST(Host, PluginsAreFoundByNameInTheFoldersOfTheOptions) {
    Options options;
    options.plugin_dirs = {CAIRN_BINARY_DIR "/zoo"};
    Host host("plugins: {dice: {sides: 6}}", options);
    const Player anna = host.join("main", "Anna");
    anna.say("dice.roll", {{"count", 2}});
    const std::int64_t value = anna.received("dice.rolled")["value"].integer_or(0);
    EXPECT_GE(value, 2);
    EXPECT_LE(value, 12);
    EXPECT_EQ(anna.ask("dice.roll", {{"count", 21}}).error().code(), Code::invalid_field);
}

TEST(Host, AnswersComeWhenTheStoreHasAnswered) {
    Host host;
    host.add<NotePlugin>("note");
    const Player anna = host.join("main", "Anna");
    host.store().hold();
    const Request put = anna.begin("note.put", {{"text", "hello"}});
    host.run();
    EXPECT_EQ(put.code(), "none");
    EXPECT_THROW(put.result(), Failure);
    EXPECT_EQ(anna.count("note.noted"), 0U);
    host.store().release();
    host.run();
    EXPECT_EQ(put.code(), "ok");
    EXPECT_EQ(anna.count("note.noted"), 1U);
    EXPECT_EQ(host.store().rows("notes").front()["text"], Document("hello"));
}

TEST(Host, AStoreThatIsAwayIsWhatItIsForTheRealEngine) {
    Host host;
    host.add<NotePlugin>("note");
    const Player anna = host.join("main", "Anna");
    anna.say("note.put", {{"text", "before"}});
    host.store().take_away();
    anna.say("note.put", {{"text", "from the journal"}});
    host.advance(Duration(30'000));
    EXPECT_FALSE(host.logged("the store is away").empty());
    EXPECT_EQ(host.http("GET", "/health").status, 200);
    host.store().heal();
    host.advance(Duration(30'000));
    EXPECT_EQ(host.store().rows("notes").front()["text"], Document("from the journal"));
    EXPECT_FALSE(host.logged("the store takes changes again").empty());
}

TEST(Host, RestartsOverTheSameStoreAndPlayersComeBack) {
    Host host;
    host.add<NotePlugin>("note");
    Player anna = host.join("main", "Anna");
    const std::string id = anna.id();
    anna.say("note.put", {{"text", "kept"}});
    host.restart();
    EXPECT_FALSE(anna.connected());
    EXPECT_EQ(anna.close_code(), 1001);
    anna.resume();
    EXPECT_EQ(anna.id(), id);
    EXPECT_EQ(anna.space(), "main");
    ASSERT_EQ(host.store().rows("notes").size(), 1U);
    EXPECT_EQ(host.store().rows("notes").front()["id"], Document(id));
    EXPECT_EQ(host.metric("cairn_note_starts_total", {{"kind", "any"}}), 2);
    EXPECT_EQ(host.logged("notes are open").size(), 2U);
}

TEST(Host, ScheduledJobsHaveTheirTime) {
    Host host;
    host.add<NotePlugin>("note").start();
    host.advance(Duration(3 * 24 * 3600 * 1000));
    EXPECT_EQ(host.plugin<NotePlugin>("note").nights, 3);
}

TEST(Host, RoutesAnswer) {
    Host host;
    host.add<NotePlugin>("note");
    const HttpResponse answer = host.http("GET", "/notes/7?q=a%20b");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(Document::parse_json(answer.body), (Document{{"id", "7"}, {"q", "a b"}}));
    EXPECT_EQ(host.http("POST", "/notes/7").status, 405);
    EXPECT_EQ(host.http("GET", "/nothing").status, 404);
}

struct Weather {
    static constexpr ServiceId kService{"testkit.weather", 1};
    virtual ~Weather() = default;
    virtual int temperature() = 0;
};
class Winter final : public Weather {
public:
    int temperature() override { return -7; }
};
class NeedsWeather final : public Plugin {
public:
    Service<Weather> weather;

private:
    void setup(Setup& setup) override { weather = setup.require<Weather>(); }
};

TEST(Host, ServicesComeFromTheTest) {
    Winter winter;
    Host host;
    host.add<NeedsWeather>("needy").provide<Weather>(winter);
    EXPECT_EQ(host.plugin<NeedsWeather>("needy").weather->temperature(), -7);
    EXPECT_EQ(host.service<Weather>().temperature(), -7);
    Host without;
    without.add<NeedsWeather>("needy");
    try {
        without.start();
        FAIL() << "started without a service that it needs";
    } catch (const Failure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("testkit.weather/1"));
    }
}

/// A plugin may post to a loop in start and wait for it.
class Waiting final : public Plugin {
    void setup(Setup&) override {}
    void start(Runtime& runtime) override {
        std::promise<int> answer;
        runtime.loops().at(1).post([&] { answer.set_value(42); });
        if (answer.get_future().get() != 42) throw Error(Code::internal, "wrong");
        std::promise<Result<Rows>> rows;
        runtime.storage().query({"SELECT * FROM nothing", {}}, [&](Result<Rows> got) { rows.set_value(std::move(got)); });
        rows.get_future().get().value();
    }
};

TEST(Host, APhaseOfAPluginMayWaitForLoopsAndForTheStore) {
    Host host;
    host.add<Waiting>("waiting").start();
    EXPECT_TRUE(host.running());
}

TEST(Host, SpacesAreWhatTheTestSaysAndTheRestOpensByName) {
    SpaceSettings small;
    small.id = "closet";
    small.max_players = 1;
    small.settings = {{"colour", "red"}};
    Options options;
    options.spaces = {small};
    Host host(options);
    const Player anna = host.join("closet", "Anna");
    EXPECT_EQ(host.try_join("closet", "Ben").error().code(), Code::full);
    host.inside("closet", [](Space& space) {
        EXPECT_EQ(space.settings()["colour"], Document("red"));
        EXPECT_EQ(space.player_count(), 1U);
    });
    const Player carl = host.join("any-name", "Carl");
    EXPECT_EQ(carl.space(), "any-name");
    EXPECT_EQ(host.players(), 2U);
    EXPECT_THROW(host.inside("nowhere", [](Space&) {}), Failure);
    const Player root = host.join("main", "Root", {.roles = {"admin", "moderator"}, .token = {}});
    host.inside("main", [](Space& space) { EXPECT_TRUE(space.player("root")->has_role("moderator")); });
}

/// In which order the lines of two players in two spaces come to a third, as one text.
std::string order_of(std::optional<std::uint64_t> seed) {
    std::string order;
    Options options;
    options.seed = seed;
    Host host(options);
    host.behaviour([&order](Space& space) {
        space.on<Text>("order.say", [&order](cairn::Player& from, const Text& said) { order += from.name() + said.text + " "; });
    });
    std::vector<Player> players;
    for (const char* name : {"A", "B", "C", "D"}) players.push_back(host.join(std::string("space-") + name, name));
    for (int i = 0; i < 5; ++i)
        for (const Player& player : players) player.begin("order.say", {{"text", std::to_string(i)}});
    host.run();
    return order;
}

TEST(Host, ASeedChoosesAnOrderAndTheSameSeedTheSame) {
    EXPECT_EQ(order_of(std::nullopt), order_of(std::nullopt));
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const std::string order = order_of(seed);
        EXPECT_EQ(order, order_of(seed)) << seed;
        // What one of them says keeps its order.
        for (const char name : {'A', 'B', 'C', 'D'}) {
            std::string mine;
            for (std::size_t i = 0; i + 1 < order.size(); ++i)
                if (order[i] == name) mine += order[i + 1];
            EXPECT_EQ(mine, "01234") << order;
        }
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 10U);
}

}  // namespace
}  // namespace cairn::testkit
