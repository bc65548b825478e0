// The judge of `cairn torture` finds each kind of fault: one that could not would prove nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/torture/checker.hpp"

namespace cairn::core::torture {
namespace {

using Kind = Operation::Kind;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckerTest : public testing::Test {
protected:
    std::uint64_t does(Kind kind, bool answered = true, std::uint64_t item = 0, std::int64_t gold = 0,
                       std::int64_t count = 0) {
        const Operation operation{++last_, 7, kind, item, 0, gold, count};
        checker_.sent(operation);
        if (answered) {
            checker_.answered(operation.number, true);
            lane_.apply(operation);
        }
        return operation.number;
    }
    std::vector<std::string> judge() {
        Dump dump;
        dump.lanes[7] = lane_;
        dump.dead_letters = letters_;
        return checker_.judge(dump);
    }
    Checker checker_;
    Lane lane_;  ///< what the database says
    std::map<std::uint64_t, int> letters_;
    std::uint64_t last_ = 0;
};

TEST_F(CheckerTest, IsContentWithWhatWasAcknowledged) {
    does(Kind::open);
    const std::uint64_t sword = does(Kind::create);
    does(Kind::trade, true, sword, 30);
    does(Kind::say, true, 0, 0, 1);
    does(Kind::place);
    does(Kind::destroy, true, sword);
    EXPECT_THAT(judge(), IsEmpty());
    EXPECT_EQ(checker_.acknowledged(), 6u);
    EXPECT_EQ(checker_.lost() + checker_.doubled(), 0u);
}

TEST_F(CheckerTest, LetsAnUnansweredOperationBeThereOrNot) {
    does(Kind::open);
    does(Kind::create, false);
    EXPECT_THAT(judge(), IsEmpty());  // not there
    const std::uint64_t other = does(Kind::create, false);
    lane_.items[other] = 0;
    EXPECT_THAT(judge(), IsEmpty());  // there
    EXPECT_EQ(checker_.unknown_found(), 1u);
    lane_.items.erase(other);  // and then it has to stay
    EXPECT_THAT(judge(), Contains(HasSubstr("is lost")));
}

TEST_F(CheckerTest, FindsWhatIsLost) {
    does(Kind::open);
    const std::uint64_t sword = does(Kind::create);
    lane_.items.erase(sword);
    EXPECT_THAT(judge(), Contains(HasSubstr("item 2 is lost")));
    EXPECT_EQ(checker_.lost(), 1u);
}

TEST_F(CheckerTest, FindsAnAcknowledgedDeletionThatCameBack) {
    does(Kind::open);
    const std::uint64_t sword = does(Kind::create);
    does(Kind::destroy, true, sword);
    lane_.items[sword] = 0;
    EXPECT_THAT(judge(), Contains(HasSubstr("although it should not")));
    EXPECT_EQ(checker_.doubled(), 1u);
}

TEST_F(CheckerTest, FindsAHalfAppliedTrade) {
    does(Kind::open);
    const std::uint64_t sword = does(Kind::create);
    does(Kind::trade, false, sword, 30);
    lane_.items[sword] = 1;  // the item went over, the gold did not
    EXPECT_THAT(judge(), Contains(HasSubstr("not as it was acknowledged")));
}

TEST_F(CheckerTest, FindsGoldFromNowhere) {
    does(Kind::open);
    lane_.gold[0] += 5;
    EXPECT_THAT(judge(), Contains(HasSubstr("the gold of both sides is 2005")));
}

TEST_F(CheckerTest, FindsAMessageThatIsMissingOrSaidTwice) {
    does(Kind::open);
    does(Kind::say, true, 0, 0, 1);
    does(Kind::say, true, 0, 0, 2);
    lane_.messages.erase(1);
    EXPECT_THAT(judge(), Contains(HasSubstr("message 1 is lost")));
    lane_.messages[3] = lane_.messages[2];
    EXPECT_THAT(judge(), Contains(HasSubstr("message 3 is there")));
    Dump dump;
    EXPECT_TRUE(dump.take("message 7 1 5"));
    EXPECT_TRUE(dump.take("message 7 1 6"));
    EXPECT_THAT(checker_.judge(dump), Contains(HasSubstr("there twice")));
}

TEST_F(CheckerTest, FindsAPlaceThatWentBack) {
    does(Kind::open);
    checker_.place_sent(7, 10);
    checker_.place_sent(7, 12);
    checker_.place_answered(7, 10);
    lane_.place = 11;
    EXPECT_THAT(judge(), IsEmpty());
    lane_.place = 9;
    EXPECT_THAT(judge(), Contains(HasSubstr("its place is 9")));
    lane_.place = 13;
    EXPECT_THAT(judge(), Contains(HasSubstr("its place is 13")));
}

TEST_F(CheckerTest, WantsPoisonOnceAmongTheDeadLettersAndNothingElse) {
    does(Kind::open);
    const std::uint64_t poison = does(Kind::poison);
    EXPECT_THAT(judge(), Contains(HasSubstr("0 times among the dead letters")));
    letters_[poison] = 1;
    EXPECT_THAT(judge(), IsEmpty());
    letters_[poison] = 2;
    EXPECT_THAT(judge(), Contains(HasSubstr("2 times among the dead letters")));
    letters_ = {{poison, 1}, {1, 1}};
    EXPECT_THAT(judge(), Contains(HasSubstr("without a fault of its own")));
}

TEST_F(CheckerTest, PoisonThatThereWasNoRoomForMayBeNowhere) {
    const Operation poison{++last_, 7, Kind::poison, 0, 0, 0, 0};
    checker_.sent(poison);
    checker_.answered(poison.number, false, false);
    EXPECT_THAT(judge(), IsEmpty());
}

TEST_F(CheckerTest, TellsAnOperationThatWasTakenForANewOne) {
    does(Kind::open);
    checker_.note_not_recognised(1);
    EXPECT_THAT(judge(), Contains(HasSubstr("taken for a new one")));
    EXPECT_EQ(checker_.doubled(), 1u);
}

TEST(TortureOperation, ReadsWhatItWrites) {
    const Operation operation{18446744073709551615u, 3, Kind::trade, 5, 1, -7, 9};
    const auto read = Operation::parse(operation.text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text(), operation.text());
    EXPECT_FALSE(Operation::parse("1 2"));
}

}  // namespace
}  // namespace cairn::core::torture
