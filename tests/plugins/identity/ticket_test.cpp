#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <cairn/error.hpp>
#include <cairn/uuid.hpp>

#include "plugins/identity/guest_names.hpp"
#include "plugins/identity/key_file.hpp"
#include "plugins/identity/ticket.hpp"

namespace cairn::identity {
namespace {

constexpr WallTime kNow = 1'800'000'000'000;
constexpr Duration kDay{24LL * 3600 * 1000};

Key key(std::uint8_t fill) {
    Key made;
    made.fill(fill);
    return made;
}

TEST(Ticket, WhatIsSealedOpens) {
    const TicketSigner signer(key(1));
    const std::string id = new_uuid();
    const std::string token = signer.seal({id, "Ada \"L\"", kNow});
    const auto ticket = signer.open(token, kNow + 5, kDay);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->id, id);
    EXPECT_EQ(ticket->name, "Ada \"L\"");
    EXPECT_EQ(ticket->issued, kNow);
    EXPECT_TRUE(token.starts_with("c1."));
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
              std::string::npos);
}

TEST(Ticket, EveryChangedCharacterCloses) {
    const TicketSigner signer(key(1));
    const std::string token = signer.seal({new_uuid(), "Ada", kNow});
    for (std::size_t i = 0; i < token.size(); ++i) {
        for (const char other : {'A', 'b', '.', '='}) {
            std::string forged = token;
            if (forged[i] == other) continue;
            forged[i] = other;
            EXPECT_FALSE(signer.open(forged, kNow, kDay)) << i << " " << other;
        }
        EXPECT_FALSE(signer.open(token.substr(0, i), kNow, kDay)) << i;
    }
    for (const char* junk : {"", ".", "c1", "c1.", "c1..", "c1...", "null", "c2.e30.e30", "a.b.c.d.e"}) {
        EXPECT_FALSE(signer.open(junk, kNow, kDay)) << junk;
    }
    EXPECT_FALSE(signer.open(token + "A", kNow, kDay));
    EXPECT_FALSE(signer.open(std::string(100'000, 'c'), kNow, kDay));
}

TEST(Ticket, AnotherKeyAndAnotherTimeClose) {
    const TicketSigner ours(key(1));
    const TicketSigner theirs(key(2));
    const std::string token = ours.seal({new_uuid(), "Ada", kNow});
    EXPECT_FALSE(theirs.open(token, kNow, kDay));
    EXPECT_TRUE(ours.open(token, kNow + kDay.count(), kDay));
    EXPECT_FALSE(ours.open(token, kNow + kDay.count() + 1, kDay));
    EXPECT_TRUE(ours.open(token, kNow - kDay.count(), kDay)) << "the clock was set back: he is still who he was";
    EXPECT_FALSE(ours.open(token, kNow - kDay.count() - 1, kDay));
    EXPECT_FALSE(ours.open(ours.seal({"admin", "Ada", kNow}), kNow, kDay))
        << "only ids of the form that the server mints";
}

class KeyFile : public ::testing::Test {
protected:
    KeyFile() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-key-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        path_ = folder_ + "/identity.key";
    }
    ~KeyFile() override { std::filesystem::remove_all(folder_); }
    mode_t mode() const {
        struct stat info {};
        EXPECT_EQ(stat(path_.c_str(), &info), 0);
        return info.st_mode & 0777;
    }
    void write(const std::string& content) { std::ofstream(path_, std::ios::binary) << content; }

    std::string folder_;
    std::string path_;
    std::string warning_;
};

TEST_F(KeyFile, IsMadeOnceAndKept) {
    const Key first = load_or_create_key(path_, warning_);
    EXPECT_EQ(warning_, "");
    EXPECT_EQ(mode(), 0600U);
    EXPECT_EQ(std::filesystem::file_size(path_), 32U);
    EXPECT_EQ(load_or_create_key(path_, warning_), first);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "nothing is left beside it";
    EXPECT_NE(load_or_create_key(folder_ + "/other.key", warning_), first);
}

TEST_F(KeyFile, IsClosedToOthersWithAWarning) {
    load_or_create_key(path_, warning_);
    std::filesystem::permissions(path_, std::filesystem::perms(0644));
    load_or_create_key(path_, warning_);
    EXPECT_NE(warning_.find("0600"), std::string::npos);
    EXPECT_EQ(mode(), 0600U);
}

TEST_F(KeyFile, AnythingElseThanAKeyIsRefusedWithTheCure) {
    for (const std::size_t size : {0u, 1u, 31u, 33u, 4096u}) {
        write(std::string(size, 'k'));
        try {
            load_or_create_key(path_, warning_);
            FAIL() << size;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find(path_), std::string::npos);
            EXPECT_NE(std::string(error.what()).find("32 bytes"), std::string::npos);
        }
    }
    EXPECT_THROW(load_or_create_key(folder_ + "/none/identity.key", warning_), Error);
}

TEST(GuestNames, RuleAndDefault) {
    EXPECT_EQ(acceptable_name("Ada"), "Ada");
    EXPECT_EQ(acceptable_name("  Ada L-1_x "), "Ada L-1_x");
    EXPECT_EQ(acceptable_name(std::string(50, 'x')), std::string(50, 'x'));
    for (const char* wrong : {"", "   ", "<b>", "a\nb", "a\xe2\x80\xae", "\xff"})
        EXPECT_FALSE(acceptable_name(wrong)) << wrong;
    EXPECT_FALSE(acceptable_name(std::string(51, 'x')));
    const std::string id = new_uuid();
    EXPECT_EQ(guest_name(id), guest_name(id));
    std::set<std::string> names;
    for (int i = 0; i < 200; ++i) {
        const std::string name = guest_name(new_uuid());
        EXPECT_TRUE(name.starts_with("Guest ") && name.size() == 10) << name;
        EXPECT_EQ(acceptable_name(name), name);
        names.insert(name);
    }
    EXPECT_GT(names.size(), 150U);
}

}  // namespace
}  // namespace cairn::identity
