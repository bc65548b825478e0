#include <memory>
#include <string>

#include "core/spaces/host_core.hpp"
#include "core/spaces/host_session.hpp"
#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

class Book : public testing::Test {
protected:
    std::shared_ptr<HostSession> session() {
        return std::make_shared<HostSession>(core_, loops_.at(0), connection_, ConnectionInfo{});
    }
    PlayerBook::Time now() const { return clock_.steady(); }

    ManualClock clock_;
    ManualLoops loops_{1, clock_};
    PlainMetrics metrics_;
    FakeConnection connection_;
    std::shared_ptr<HostCore> core_ = std::make_shared<HostCore>(
        SpaceHost::Options{}, SpaceHost::Environment{&loops_, nullptr, nullptr, &clock_, &metrics_, nullptr, nullptr},
        std::vector<BehaviourFactory>{});
};

TEST_F(Book, CountsPlayersNotSessions) {
    PlayerBook book({2, 3});
    const auto first = session();
    const auto second = session();
    const auto entry = book.enter("ann", first, now());
    EXPECT_EQ(book.enter("ann", second, now()).record, entry.record);
    EXPECT_EQ(book.online(), 1u);
    EXPECT_TRUE(book.enter("bob", session(), now()).record);
    EXPECT_FALSE(book.enter("cid", session(), now()).record);
    EXPECT_TRUE(book.enter("ann", session(), now()).record) << "who is in may come again";
    book.leave(*entry.record, *first, now());
    book.leave(*entry.record, *first, now());
    EXPECT_EQ(book.online(), 2u);
    EXPECT_EQ(book.sessions_of(*entry.record).size(), 2u);
}

TEST_F(Book, GivesBackTheOldestSessionBeyondTheLimit) {
    PlayerBook book({10, 2});
    const auto first = session();
    EXPECT_TRUE(book.enter("ann", first, now()).oldest.empty());
    EXPECT_TRUE(book.enter("ann", session(), now()).oldest.empty());
    const auto third = book.enter("ann", session(), now());
    ASSERT_EQ(third.oldest.size(), 1u);
    EXPECT_EQ(third.oldest[0], first);
}

TEST_F(Book, ForgetsWhoHasGoneButNotWhatHeStillOwes) {
    PlayerBook book({100000, 3});
    const auto visit = [&](const std::string& id, bool owes, bool named) {
        const auto one = session();
        const auto entry = book.enter(id, one, now());
        if (owes) entry.record->buckets.of_type(3).take(now(), Rate{1, Duration(3600000)}, 1);
        if (named) book.set_name(*entry.record, "Sir " + id);
        book.leave(*entry.record, *one, now());
    };
    visit("debtor", true, false);
    visit("named", false, true);
    for (int i = 0; i < 5000; ++i) visit("guest" + std::to_string(i), false, false);
    EXPECT_LT(book.records(), 2100u);
    const auto one = session();
    const auto debtor = book.enter("debtor", one, now());
    EXPECT_GT(debtor.record->buckets.of_type(3).take(now(), Rate{1, Duration(3600000)}, 1).count(), 0);
    const auto named = book.enter("named", one, now());
    std::string name = "x";
    std::string avatar = "y";
    book.apply_names(*named.record, name, avatar);
    EXPECT_EQ(name, "Sir named");
    EXPECT_EQ(avatar, "y");
    book.leave(*named.record, *one, now());
    clock_.advance(Duration(20 * 60000));
    for (int i = 0; i < 5000; ++i) visit("later" + std::to_string(i), false, false);
    name = "fresh";
    book.apply_names(*book.enter("named", one, now()).record, name, avatar);
    EXPECT_EQ(name, "fresh") << "a name is remembered for a while, not for ever";
}

}  // namespace
}  // namespace cairn::core::test
