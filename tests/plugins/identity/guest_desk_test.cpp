#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include <cairn/uuid.hpp>

#include "plugins/identity/guest_desk.hpp"
#include "tests/plugins/support/fake_space.hpp"

namespace cairn::identity {
namespace {

using services::Admission;
using services::Claim;

const Collection kUsers{"identity", "users", "", Durability::coalesced};
const TableSpec kSpec{"users", {"id"}, &struct_type<UserRow>(), "identity"};

Key some_key() {
    Key key;
    key.fill(7);
    return key;
}

class GuestDeskTest : public ::testing::Test {
protected:
    Result<Admission> admit(const Claim& claim) {
        std::optional<Result<Admission>> got;
        desk_->admit(claim, [&](Result<Admission> result) {
            EXPECT_FALSE(got) << "answered twice";
            got = std::move(result);
        });
        settle();
        if (!got) throw std::runtime_error("not answered");
        return *got;
    }
    void settle() {
        do {
            while (!jobs_.empty()) {
                const auto job = std::move(jobs_.front());
                jobs_.pop_front();
                job();
            }
        } while (storage_.work_one());
    }
    Document row(const std::string& id) {
        const auto rows = storage_.rows("SELECT * FROM users WHERE id = $1", {id});
        return rows.empty() ? Document{} : rows.front();
    }
    void make(Config config, bool with_storage = true) {
        desk_ = std::make_unique<GuestDesk>(config, some_key(), clock_, log_, with_storage ? &storage_ : nullptr,
                                            Table<UserRow>(kSpec), kUsers);
    }

    std::deque<std::function<void()>> jobs_;
    test::HandClock clock_;
    test::KeptLog log_;
    test::MemoryStorage storage_{{"identity"}, [this](std::function<void()> job) { jobs_.push_back(std::move(job)); }};
    std::unique_ptr<GuestDesk> desk_ =
        std::make_unique<GuestDesk>(Config{}, some_key(), clock_, log_, &storage_, Table<UserRow>(kSpec), kUsers);
};

TEST_F(GuestDeskTest, ANewGuestGetsAnIdOfTheServersOwn) {
    const auto ada = admit({.name = "Ada", .token = {}, .resume = {}, .remote = {}, .user_agent = {}});
    ASSERT_TRUE(ada);
    EXPECT_TRUE(is_uuid(ada.value().id));
    EXPECT_EQ(ada.value().name, "Ada");
    EXPECT_FALSE(ada.value().known);
    EXPECT_TRUE(ada.value().roles.empty());
    const Document kept = row(ada.value().id);
    EXPECT_EQ(kept["display_name"].text(), "Ada");
    EXPECT_EQ(kept["username"].text().substr(0, 6), "guest-");
    EXPECT_EQ(kept["username"].text().size(), 18);
    EXPECT_EQ(kept["auth_provider"].text(), "guest");
    EXPECT_EQ(kept["created_at"].integer_or(0), clock_.wall());
    const auto nameless = admit({});
    EXPECT_EQ(nameless.value().name.substr(0, 6), "Guest ");
    EXPECT_NE(nameless.value().id, ada.value().id);
}

TEST_F(GuestDeskTest, HeComesBackByHisTokenAndKeepsWhatOthersWroteAboutHim) {
    Claim claim;
    claim.name = "Ada";
    const Admission first = admit(claim).value();
    storage_.run(
        "UPDATE users SET stats = '{\"objects_created\":9}', total_time_seconds = 77, is_admin = 1, avatar_url = "
        "'/a.png'");
    clock_.advance(Duration(5000));
    claim.name.clear();
    claim.resume = first.resume;
    const Admission again = admit(claim).value();
    EXPECT_TRUE(again.known);
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.name, "Ada");
    EXPECT_EQ(again.avatar, "/a.png");
    EXPECT_EQ(again.roles, std::vector<std::string>{"admin"});
    const Document kept = row(first.id);
    EXPECT_EQ(kept["total_time_seconds"].integer_or(0), 77);
    EXPECT_EQ(Document::parse_json(kept["stats"].text())["objects_created"].integer_or(0), 9);
    EXPECT_EQ(kept["last_seen_at"].integer_or(0), clock_.wall());
    EXPECT_EQ(kept["created_at"].integer_or(0), clock_.wall() - 5000);

    claim.name = "Ada Lovelace";
    claim.resume = again.resume;
    EXPECT_EQ(admit(claim).value().name, "Ada Lovelace");
    EXPECT_EQ(row(first.id)["display_name"].text(), "Ada Lovelace");
    claim.name = "<b>";
    EXPECT_EQ(admit(claim).value().name, "Ada Lovelace") << "a name that breaks the rule changes nothing";
}

TEST_F(GuestDeskTest, ATokenThatDoesNotHoldMakesANewGuest) {
    Claim claim;
    claim.name = "Ada";
    const Admission first = admit(claim).value();
    for (const std::string& token :
         {std::string("rubbish"), first.resume + "x", first.id, std::string("c1.") + first.id}) {
        claim.resume = token;
        const Admission other = admit(claim).value();
        EXPECT_FALSE(other.known);
        EXPECT_NE(other.id, first.id);
    }
    clock_.advance(Duration(31LL * 24 * 3600 * 1000));
    claim.resume = first.resume;
    EXPECT_NE(admit(claim).value().id, first.id) << "expired";
}

TEST_F(GuestDeskTest, ATokenOutlivesALostRow) {
    Claim claim;
    claim.name = "Ada";
    const Admission first = admit(claim).value();
    storage_.run("DELETE FROM users");
    claim.resume = first.resume;
    EXPECT_EQ(admit(claim).value().id, first.id);
    EXPECT_EQ(row(first.id)["created_at"].integer_or(0), clock_.wall());
}

TEST_F(GuestDeskTest, TheBannedStayOutside) {
    Claim claim;
    const Admission first = admit(claim).value();
    storage_.run("UPDATE users SET is_active = 0");
    claim.resume = first.resume;
    const auto again = admit(claim);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Code::forbidden);
    EXPECT_EQ(row(first.id)["is_active"].integer_or(1), 0);
}

TEST_F(GuestDeskTest, AccessTokensAreNotForThisServer) {
    Claim claim;
    claim.token = "eyJhbGciOiJub25lIn0..";
    const auto result = admit(claim);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::unauthenticated);
    EXPECT_TRUE(storage_.rows("SELECT * FROM users").empty());
}

TEST_F(GuestDeskTest, AClosedDoorLetsInWhoWasHereBefore) {
    Claim claim;
    const Admission first = admit(claim).value();
    Config closed;
    closed.allow_guests = false;
    make(closed);
    EXPECT_EQ(admit({}).error().code(), Code::forbidden);
    claim.resume = first.resume;
    EXPECT_EQ(admit(claim).value().id, first.id);
}

TEST_F(GuestDeskTest, WithoutTheStoreHeIsStillWhoHeWas) {
    Claim claim;
    claim.name = "Ada";
    const Admission first = admit(claim).value();
    storage_.trouble = Error(Code::unavailable, "down");
    claim.name.clear();
    claim.resume = first.resume;
    const Admission again = admit(claim).value();
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.name, "Ada");
    EXPECT_TRUE(admit({})) << "new guests come in too";
    EXPECT_GT(log_.count(LogLevel::warning), 0);
    make({}, false);
    EXPECT_EQ(admit(claim).value().id, first.id);
}

}  // namespace
}  // namespace cairn::identity
