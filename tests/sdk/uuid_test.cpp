#include <gtest/gtest.h>

#include <set>
#include <string>

#include <cairn/uuid.hpp>

namespace cairn {
namespace {

TEST(Uuid, RandomOnesAreWellFormedAndDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string id = new_uuid();
        EXPECT_TRUE(is_uuid(id)) << id;
        EXPECT_EQ(id[14], '4') << id;
        EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
        EXPECT_TRUE(seen.insert(id).second) << id << " came twice";
    }
}

TEST(Uuid, TimedOnesSortByTimeThenCounter) {
    const std::string early = new_uuid_at(1000, 4095);
    const std::string later = new_uuid_at(1001, 0);
    const std::string latest = new_uuid_at(1001, 1);
    EXPECT_TRUE(is_uuid(early)) << early;
    EXPECT_EQ(early[14], '7') << early;
    EXPECT_LT(early, later);
    EXPECT_LT(later, latest);
    EXPECT_EQ(new_uuid_at(0x0123456789ab, 0xabc).substr(0, 18), "01234567-89ab-7abc");
    EXPECT_EQ(new_uuid_at(-5, 0).substr(0, 13), "00000000-0000");
}

TEST(Uuid, JudgesForm) {
    EXPECT_TRUE(is_uuid("0189ABCD-0000-7000-8000-00000000000f"));
    for (const char* wrong : {"", "main", "0189abcd-0000-7000-8000-00000000000", "0189abcd-0000-7000-8000-00000000000g",
                              "0189abcd00000-7000-8000-00000000000f", "0189abcd-0000-7000-8000-00000000000ff"}) {
        EXPECT_FALSE(is_uuid(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace cairn
