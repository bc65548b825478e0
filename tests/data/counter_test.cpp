// Additions (Table::add): what they come to, whoever adds, whatever is refused, and whenever the process ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/backup/replay.hpp"
#include "core/durability/addition.hpp"
#include "core/observe/log_sink.hpp"
#include "tests/data/engine.hpp"
#include "tests/plugins/storage_sqlite/fault_vfs.hpp"

namespace cairn::test {
namespace {

using testing::HasSubstr;

Score player(const std::string& name) {
    Score made;
    made.room = "r";
    made.player = name;
    return made;
}

class Counters : public testing::TestWithParam<std::string> {
protected:
    Commit add(const std::string& name, std::int64_t amount) {
        Commit commit;
        engine_.scores.add(commit, player(name), &Score::points, amount);
        return commit;
    }
    void must(Commit commit) {
        const Result<Committed> result = engine_.commit(std::move(commit));
        ASSERT_TRUE(result.ok()) << result.error().what();
    }

    Folder folder_;
    Engine engine_{new_database(GetParam()), folder_.path()};
};

TEST_P(Counters, NothingIsLostOfWhatManyAddAtTheSameTime) {
    for (const bool journal : {false, true}) {
        core::CommitQueue::Options options;
        options.ack = journal ? core::CommitQueue::Ack::journal : core::CommitQueue::Ack::store;
        options.apply_every = Duration(5);
        engine_.start(options);
        const std::int64_t before = journal ? engine_.points("r", "all") : 0;
        constexpr int kSpaces = 4;
        constexpr int kEach = 150;
        std::vector<std::thread> spaces;
        std::atomic<int> refused{0};
        for (int space = 0; space < kSpaces; ++space) {
            spaces.emplace_back([&, space] {
                for (int i = 0; i < kEach; ++i) {
                    Commit commit;
                    engine_.scores.add(commit, player("all"), &Score::points, i % 2 == 0 ? 3 : -1);
                    engine_.scores.add(commit, player("all"), &Score::weight, 0.25);
                    engine_.scores.add(commit, player("of " + std::to_string(space)), &Score::points, 1);
                    if (!engine_.commit(std::move(commit)).ok()) ++refused;
                }
            });
        }
        for (std::thread& space : spaces) space.join();
        EXPECT_EQ(refused, 0);
        EXPECT_EQ(engine_.points("r", "all"), before + kSpaces * kEach);
        EXPECT_EQ(engine_.score("r", "all")->weight, (journal ? 2 : 1) * kSpaces * kEach * 0.25);
        for (int space = 0; space < kSpaces; ++space) {
            EXPECT_EQ(engine_.points("r", "of " + std::to_string(space)), (journal ? 2 : 1) * kEach);
        }
        engine_.stop();
    }
}

TEST_P(Counters, EveryKindOfNumberInEveryOrderOfChanges) {
    engine_.start(Engine::ack_journal());
    Score row = player("p");
    row.points = 10;
    row.label = "kept";
    row.extra = Document{{"a", "\u00e4"}};
    Commit commit;
    engine_.scores.add(commit, row, &Score::points, 5);  // there is none: put first
    engine_.scores.add(commit, row, &Score::level, -2);
    engine_.scores.add(commit, row, &Score::wide, 4000000000);
    engine_.scores.add(commit, row, &Score::played, Duration(1500));
    engine_.scores.add(commit, row, &Score::used, 512);
    engine_.scores.add(commit, row, &Score::bonus, 7);  // an empty optional counts as 0
    engine_.scores.add(commit, row, &Score::ratio, 0.5);
    must(std::move(commit));
    const auto check = [&](std::int64_t points) {
        const Score found = *engine_.score("r", "p");
        EXPECT_EQ(found.points, points);
        EXPECT_EQ(found.level, -2);
        EXPECT_EQ(found.wide, 4000000000u);
        EXPECT_EQ(found.played, Duration(1500));
        EXPECT_EQ(found.used.value, 512u);
        EXPECT_EQ(found.bonus, 7);
        EXPECT_EQ(found.ratio, 0.5);
        EXPECT_EQ(found.label, "kept");
        EXPECT_EQ(found.extra, row.extra);
    };
    check(15);
    row.points = 1000;  // it is there now: this does not matter
    Commit again;
    engine_.scores.add(again, row, &Score::points, 1);
    must(std::move(again));
    check(16);

    // Within one batch: put, add, add; then erase and add; the order of commits decides.
    Commit put;
    engine_.scores.put(put, player("q"));
    must(std::move(put));
    must(add("q", 2));
    must(add("q", 3));
    Commit other;
    engine_.scores.put(other, player("s"));
    engine_.scores.add(other, player("s"), &Score::points, 4);
    engine_.scores.erase(other, player("s"));
    engine_.scores.add(other, player("s"), &Score::points, 6);
    must(std::move(other));
    must(add("t", 9));
    Commit gone;
    engine_.scores.erase(gone, player("t"));
    must(std::move(gone));
    EXPECT_EQ(engine_.points("r", "q"), 5);
    EXPECT_EQ(engine_.points("r", "s"), 6);
    EXPECT_FALSE(engine_.score("r", "t").has_value());
    must(add("q", 1));
    Commit over;
    engine_.scores.put(over, player("q"));
    must(std::move(over));
    EXPECT_EQ(engine_.points("r", "q"), 0) << "a row that is put behind an addition is the row";
}

TEST_P(Counters, SurviveTheEndOfTheProcessAtAnyPlace) {
    engine_.start(Engine::ack_journal());
    for (int i = 0; i < 20; ++i) must(add("p", 1));
    engine_.crash();  // in the journal alone
    engine_.start(Engine::ack_journal());
    EXPECT_EQ(engine_.points("r", "p"), 20);
    engine_.crash();  // in both
    engine_.start(Engine::ack_journal());
    for (int i = 0; i < 5; ++i) must(add("p", 1));
    EXPECT_EQ(engine_.points("r", "p"), 25);
    for (int i = 0; i < 5; ++i) must(add("p", 1));
    engine_.crash();  // some in both, some in the journal alone
    engine_.start(Engine::ack_store());
    EXPECT_EQ(engine_.points("r", "p"), 30);
    engine_.stop();
    engine_.start(Engine::ack_store());
    EXPECT_EQ(engine_.points("r", "p"), 30);
}

TEST_P(Counters, AnOperationThatComesAgainAddsOnce) {
    engine_.start();
    for (int i = 0; i < 3; ++i) {
        const Result<Committed> result = engine_.commit(add("p", 4).by("ada").operation("op-1"));
        ASSERT_TRUE(result.ok());
        EXPECT_EQ(result.value().repeated, i > 0);
    }
    engine_.crash();
    engine_.start();
    EXPECT_TRUE(engine_.commit(add("p", 4).by("ada").operation("op-1")).value().repeated);
    EXPECT_EQ(engine_.points("r", "p"), 4);
}

TEST_P(Counters, WhatIsRefusedIsNotCountedAndItsNeighboursAre) {
    for (const bool journal : {false, true}) {
        engine_.start(journal ? Engine::ack_journal() : Engine::ack_store());
        const std::string name = journal ? "journal" : "store";
        Commit first;
        engine_.deeds.put(first, Deed{"ada", 1, "unique " + name});
        must(std::move(first));
        std::vector<std::future<bool>> answers;
        for (int i = 0; i < 30; ++i) {
            Commit commit = add(name, 1);
            // Every third breaks a unique index in another table.
            if (i % 3 == 0) engine_.deeds.put(commit, Deed{"eve", i, "unique " + name});
            auto promise = std::make_shared<std::promise<bool>>();
            answers.push_back(promise->get_future());
            engine_.storage().commit(std::move(commit),
                                     [promise](Result<Committed> result) { promise->set_value(result.ok()); });
        }
        int good = 0;
        for (auto& answer : answers) good += answer.get() ? 1 : 0;
        EXPECT_EQ(good, journal ? 30 : 20) << "what the journal acknowledges is refused later, into the dead letters";
        EXPECT_EQ(engine_.points("r", name), 20);
        engine_.crash();
        engine_.start();
        EXPECT_EQ(engine_.points("r", name), 20);
        const Rows letters = engine_.query("SELECT changes FROM cairn_dead_letters ORDER BY seq").value();
        ASSERT_FALSE(letters.empty());
        const Document changes = Document::parse_json(letters[0]["changes"].text());
        EXPECT_EQ(changes.items()[0]["add"]["points"], Document(1));
        engine_.stop();
    }
}

TEST_P(Counters, ANumberThatItsTypeCannotHoldIsRefused) {
    engine_.start();
    Score full = player("p");
    full.level = 32766;
    Commit put;
    engine_.scores.put(put, full);
    must(std::move(put));
    const auto level = [&](std::int64_t amount) {
        Commit commit;
        engine_.scores.add(commit, full, &Score::level, amount);
        return engine_.commit(std::move(commit));
    };
    EXPECT_TRUE(level(1).ok());
    const Result<Committed> refused = level(1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::conflict);
    EXPECT_THAT(refused.error().what(), HasSubstr("32767 and 1 come to more than column level can hold"));
    EXPECT_TRUE(level(-5).ok());
    EXPECT_EQ(engine_.score("r", "p")->level, 32762);
}

TEST_P(Counters, CoalescedOnesAreAddedUp) {
    core::CommitQueue::Options options = Engine::ack_store();
    options.coalesce = Duration(3600000);
    engine_.start(options);
    std::vector<std::future<bool>> answers;
    const auto submit = [&](Commit commit) {
        auto promise = std::make_shared<std::promise<bool>>();
        answers.push_back(promise->get_future());
        engine_.storage().commit(std::move(commit.coalesced()),
                                 [promise](Result<Committed> result) { promise->set_value(result.ok()); });
    };
    for (int i = 0; i < 100; ++i) submit(add("p", 2));
    engine_.storage().flush_and_wait();
    EXPECT_EQ(engine_.points("r", "p"), 200);
    EXPECT_EQ(engine_.query("SELECT seq FROM cairn_watermark").value()[0]["seq"], Document(1)) << "all of them are one";
    // Behind a row that waits, before a row, and twice in one commit.
    Commit row;
    engine_.scores.put(row, player("q"));
    submit(std::move(row));
    submit(add("q", 5));
    submit(add("q", 5));
    Commit mixed;
    Score base = player("s");
    base.points = 1;
    engine_.scores.put(mixed, base);
    engine_.scores.add(mixed, base, &Score::points, 2);
    submit(std::move(mixed));
    submit(add("t", 5));
    Commit over;
    engine_.scores.put(over, player("t"));
    submit(std::move(over));
    must(add("p", 1));  // a durable one goes behind those that wait
    engine_.storage().flush_and_wait();
    EXPECT_EQ(engine_.points("r", "p"), 201);
    EXPECT_EQ(engine_.points("r", "q"), 10);
    EXPECT_EQ(engine_.points("r", "s"), 3);
    EXPECT_EQ(engine_.points("r", "t"), 0);
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
}

/// Does what it is asked for and says that it could not, as a connection does that breaks while committing.
class LosesAnswers final : public services::Store {
public:
    explicit LosesAnswers(services::Store& store) : store_(store) {}
    std::string_view engine() const noexcept override { return store_.engine(); }
    void open() override {}
    int migrate(std::span<const services::Migration>) override { return 0; }
    void bind(std::span<const TableSpec* const>, std::span<const std::string>) override {}
    services::Watermark watermark() override { return store_.watermark(); }
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override {
        store_.apply(batch, watermark);
        if (++calls_ % 2 == 1) throw Error(Code::unavailable, "the connection broke");
    }
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override {
        store_.bury(letters, watermark);
    }
    void query(const Query& query,
               const std::function<bool(std::span<const std::string>, std::span<const Document>)>& row) override {
        store_.query(query, row);
    }
    std::string note(std::string_view name) override { return store_.note(name); }
    void set_note(std::string_view name, std::string_view text) override { store_.set_note(name, text); }
    std::string integrity() override { return store_.integrity(); }
    void backup(const std::string&) override {}
    void close() noexcept override {}
    int calls() const { return calls_; }

private:
    services::Store& store_;
    int calls_ = 0;
};

TEST_P(Counters, ABatchWhoseAnswerWasLostIsNotAddedAgain) {
    const std::unique_ptr<services::Store> real = engine_.make_store();
    Engine::prepare(*real);
    LosesAnswers store(*real);
    core::CommitQueue::Options options = Engine::ack_store();
    options.retry_min = Duration(1);
    engine_.start_with(store, options);
    for (int i = 0; i < 10; ++i) must(add("p", 1));
    EXPECT_GE(store.calls(), 10);
    EXPECT_EQ(engine_.points("r", "p"), 10);
    engine_.stop();
    real->close();
}

TEST_P(Counters, AreReplayedIntoARestoredDatabase) {
    engine_.start(Engine::ack_journal());
    for (int i = 0; i < 12; ++i) must(add("p", 3));
    EXPECT_EQ(engine_.points("r", "p"), 36);
    engine_.stop();
    Folder place;
    Engine restored(new_database(GetParam()), place.path());
    const std::unique_ptr<services::Store> store = restored.make_store();
    Engine::prepare(*store);
    core::StoreKit kit;
    kit.tables = {&scores_spec(), &deeds_spec()};
    kit.log = &core::core_log();
    const core::JournalSurvey survey = core::survey_journal(engine_.journal_folder(), UINT64_MAX);
    EXPECT_EQ(core::replay(kit, *store, engine_.journal_folder(), survey, 7).commits, 7u);
    std::int64_t points = 0;
    const auto read = [&] {
        store->query({"SELECT points FROM scores", {}}, [&](std::span<const std::string>, std::span<const Document> row) {
            points = row[0].integer_or(0);
            return true;
        });
        return points;
    };
    EXPECT_EQ(read(), 21);
    EXPECT_EQ(core::replay(kit, *store, engine_.journal_folder(), survey, 12).commits, 5u);
    EXPECT_EQ(read(), 36);
    store->close();
}

TEST(Additions, MistakesAreSaidAtOnce) {
    const Table<Score> scores(scores_spec());
    Commit commit;
    EXPECT_THROW(scores.add(commit, player("p"), &Score::points, std::int64_t{1} << 60), Error);
    EXPECT_THROW(scores.add(commit, player("p"), &Score::weight, std::numeric_limits<double>::quiet_NaN()), Error);
    const Table<Deed> deeds(deeds_spec());
    EXPECT_THROW(deeds.add(commit, Deed{}, &Deed::number, 1), Error) << "part of the key";
    EXPECT_TRUE(commit.empty());
}

TEST(Additions, OfTwoComesOneAndOfARowARow) {
    const Table<Score> scores(scores_spec());
    Commit commit;
    scores.add(commit, player("p"), &Score::points, 2);
    scores.add(commit, player("p"), &Score::points, 3);
    scores.add(commit, player("p"), &Score::weight, 0.5);
    const auto& changes = commit.changes();
    std::string both = core::followed_by(scores_spec(), changes[0].row, changes[1].row);
    both = core::followed_by(scores_spec(), both, changes[2].row);
    EXPECT_TRUE(core::is_addition(both));
    const Score made = from_json<Score>(core::followed_by(scores_spec(), "", both));
    EXPECT_EQ(made.player, "p");
    EXPECT_EQ(made.points, 5);
    EXPECT_EQ(made.weight, 0.5);
}

/// A store that a full disk has closed opens again although every batch begins with a look at its rows.
TEST(Additions, AreCountedOnceWhenTheDiskWasFullAtTheirCommit) {
    using storage_sqlite::test::FaultVfs;
    const FaultVfs faults;
    const Folder folder;
    Engine engine("sqlite", folder.path());
    core::CommitQueue::Options options = Engine::ack_journal();
    options.apply_every = Duration(1);
    options.retry_min = Duration(5);
    options.retry_max = Duration(20);
    engine.start(options);
    const auto until = [](const auto& is) {
        for (int i = 0; i < 2000 && !is(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return is();
    };
    std::int64_t sum = 0;
    const auto points = [&] {
        const auto found = Engine::wait<std::optional<Score>>(
            [&](Then<std::optional<Score>> then) { engine.scores.find(engine.storage(), {"r", "p"}, std::move(then)); });
        return found.ok() && found.value() ? found.value()->points : -1;
    };
    // The log holds the commit and must be moved, for which there is no room; the log does not hold it.
    for (const FaultVfs::Call call : {FaultVfs::Call::sync, FaultVfs::Call::write}) {
        for (int i = 0; i < 2; ++i) {
            if (i == 1) {
                const auto how = call == FaultVfs::Call::sync ? FaultVfs::How::done : FaultVfs::How::undone;
                FaultVfs::arm(call, 1, how, SQLITE_FULL, 1000000);
            }
            Commit commit;
            engine.scores.add(commit, player("p"), &Score::points, ++sum);
            ASSERT_TRUE(engine.commit(std::move(commit)).ok());
            if (i == 1) {
                EXPECT_TRUE(until([] { return FaultVfs::hits() >= 3; }));
                FaultVfs::disarm();
            }
            EXPECT_TRUE(until([&] { return points() == sum * (sum + 1) / 2; })) << points();
        }
    }
    engine.stop();
}

INSTANTIATE_TEST_SUITE_P(OnEachStore, Counters, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace cairn::test
