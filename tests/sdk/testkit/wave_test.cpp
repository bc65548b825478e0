// The testkit as an author of plugins meets it.
#include <cairn/testkit.hpp>
#include <gtest/gtest.h>

CAIRN_TESTKIT_GTEST()

namespace cairn::testkit {
namespace {

struct Hand {
    std::string to;
};
void describe(Fields<Hand>& f) {
    f(&Hand::to, "to", "who is waved at").length(1, 100);
}
struct Nothing {};
void describe(Fields<Nothing>&) {}
struct WaveRow {
    std::string id;
    std::int64_t count = 0;
};
void describe(Fields<WaveRow>& f) {
    f(&WaveRow::id, "id", "who waves");
    f(&WaveRow::count, "count", "how often he has");
}

class Waves final : public Behaviour {
public:
    Waves(Space& space, Table<WaveRow> table) : space_(space), table_(table) {
        space.on<Hand>("wave.hand", [this](cairn::Player& from, const Hand& hand) {
            if (!space_.player(hand.to)) throw Error(Code::not_found, "nobody of that id is here").at("d.to");
            Commit commit;
            table_.put(commit, {from.id(), ++counts_[from.id()]});
            space_.storage().commit(std::move(commit), [this, by = from.id()](Result<Committed> done) {
                if (done) space_.broadcast("wave.waved", {{"by", by}});
            });
        });
        space.on<Nothing>("wave.count", [this](cairn::Player& from, const Nothing&, Reply reply) {
            const auto later = std::make_shared<Reply>(std::move(reply));
            space_.storage().query({"SELECT count FROM waves WHERE id = $1", {from.id()}}, [later](Result<Rows> rows) {
                if (!rows) return later->refuse(rows.error());
                later->ok(rows.value().empty() ? Document{{"count", 0}} : rows.value().front());
            });
        });
        space.every(Duration(1000), [this] { space_.broadcast("wave.tick", Document::map()); });
    }

private:
    Space& space_;
    const Table<WaveRow> table_;
    std::map<std::string, std::int64_t> counts_;
};

class WavePlugin final : public Plugin {
    void setup(Setup& setup) override {
        const auto table = setup.table<WaveRow>("waves", {"id"});
        setup.behaviour("wave", [table](Space& space) { return std::make_unique<Waves>(space, table); });
    }
};

class Wave : public ::testing::Test {
protected:
    Host& with_waves() { return host_.add<WavePlugin>("wave"); }
    Host host_;
    Player anna_ = with_waves().join("main", "Anna");
    Player ben_ = host_.join("main", "Ben");
};

TEST_F(Wave, EverybodySeesIt) {
    anna_.say("wave.hand", {{"to", ben_.id()}});
    EXPECT_EQ(ben_.received("wave.waved")["by"], anna_.id());
    EXPECT_EQ(anna_.count("wave.waved"), 1U);
    EXPECT_EQ(host_.store().rows("waves").size(), 1U);
}

TEST_F(Wave, TimePassesOnlyWhenItIsTold) {
    EXPECT_EQ(anna_.count("wave.tick"), 0U);
    host_.advance(Duration(5000));
    EXPECT_EQ(anna_.count("wave.tick"), 5U);
}

TEST_F(Wave, ServicesFailOnDemand) {
    host_.store().on_query([](const Query&) { return Rows{Document{{"count", 7}}}; });
    EXPECT_EQ(anna_.ask("wave.count").value()["count"].integer_or(0), 7);
    host_.store().fail_next(Code::unavailable);
    EXPECT_EQ(anna_.ask("wave.count").error().code(), Code::unavailable);
    EXPECT_TRUE(anna_.ask("wave.count"));
}

TEST_F(Wave, RefusalsNobodyExpectedFailTheTest) {
    try {
        anna_.say("wave.hand", {{"to", "nobody"}});
        FAIL() << "was not refused";
    } catch (const Failure& failure) {
        EXPECT_NE(std::string(failure.what()).find("Anna's wave.hand"), std::string::npos) << failure.what();
        EXPECT_NE(std::string(failure.what()).find("not_found at d.to"), std::string::npos) << failure.what();
    }
}

}  // namespace
}  // namespace cairn::testkit
