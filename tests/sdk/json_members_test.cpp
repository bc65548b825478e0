// Described structs written, read back, and read back after damage.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include <cairn/error.hpp>

#include "allocation_count.hpp"
#include "every_kind.hpp"

namespace cairn {
namespace {

using every_kind::Everything;
using every_kind::Move;

TEST(JsonWrite, AllocatesNothingIntoAWarmBuffer) {
    Move move{{12.3456, 1.5, -33.25}, {0, 1.57081, 0}, 123456789, "obj-1"};
    std::string out;
    write_json_row(out, struct_type<Move>(), &move);
    EXPECT_EQ(out, R"([[12.346,1.5,-33.25],[0,1.5708,0],123456789,"obj-1"])");
    const std::size_t before = allocation_count();
    for (int i = 0; i < 1000; ++i) {
        out.clear();
        write_json_row(out, struct_type<Move>(), &move);
    }
    EXPECT_EQ(allocation_count(), before);
}

TEST(JsonWrite, ObjectsLeaveEmptyOptionalsOutRowsWriteNull) {
    struct_type<Everything>();
    Everything e;
    const std::string object = to_json(e);
    EXPECT_EQ(object.find("maybe"), std::string::npos);
    std::string row;
    write_json_row(row, struct_type<Everything>(), &e);
    const Document parsed = Document::parse_json(row);
    ASSERT_EQ(parsed.size(), struct_type<Everything>().fields.size());
    EXPECT_TRUE(parsed.items()[27].is_null());
}

TEST(JsonWrite, MasksSecrets) {
    Everything e;
    e.secret = Secret("hunter2");
    EXPECT_EQ(to_json(e).find("hunter2"), std::string::npos);
    EXPECT_EQ(to_document(struct_type<Everything>(), &e)["secret"].text(), "***");
    e.secret = Secret();
    EXPECT_EQ(to_document(struct_type<Everything>(), &e)["secret"].text(), "");
}

TEST(JsonWrite, DocumentAndTextAgree) {
    Everything e;
    e.any = Document{{"k", 1}};
    e.list = {1, 2};
    e.maybe = 2;
    e.huge = 5;
    Document d = to_document(struct_type<Everything>(), &e);
    const Document text = Document::parse_json(to_json(e));
    for (const Document::Member& member : text.members()) EXPECT_EQ(member.value, d[member.key]) << member.key;
    EXPECT_TRUE(d["maybe_at"].is_null());
}

Everything random_everything(std::mt19937_64& random) {
    Everything e;
    const auto real = [&random] {
        return std::round(std::ldexp(static_cast<double>(static_cast<std::int32_t>(random())), -22) * 1000) / 1000;
    };
    e.flag = random() % 2 == 0;
    e.tiny = static_cast<std::int8_t>(random());
    e.byte = static_cast<std::uint8_t>(random());
    e.small = static_cast<std::int16_t>(random());
    e.wide = static_cast<std::uint32_t>(random());
    e.big = static_cast<std::int64_t>(random());
    e.huge = random();
    e.bounded = 1 + static_cast<int>(random() % 20);
    e.number = real() * 1e10;
    e.ratio = static_cast<double>(random() % 101) / 100;
    e.text = random() % 2 ? "a</b>\n\xE2\x80\xA8é" : "";
    e.choice = random() % 2 ? "green" : "blue";
    e.wait = Duration(100 + static_cast<std::int64_t>(random() % 1000));
    e.size = Bytes{random() % 100'000};
    e.rate = Rate{static_cast<std::int64_t>(random() % 1000), Duration(1 + static_cast<std::int64_t>(random() % 1000))};
    e.at = {real() * 7, real(), real()};
    e.in_box = {real(), real(), real()};
    e.any = random() % 2 ? Document{{"a", Document::list({1, "b", nullptr})}} : Document("x");
    for (std::size_t i = random() % 5; i > 0; --i) e.list.push_back(static_cast<int>(random() % 10));
    for (std::size_t i = random() % 4; i > 0; --i) e.inners.push_back({static_cast<int>(random() % 11) - 5, "w"});
    for (std::size_t i = random() % 4; i > 0; --i) e.weights["k" + std::to_string(random() % 9)] = std::fabs(real());
    if (random() % 2) e.maybe = 1 + static_cast<int>(random() % 3);
    if (random() % 2) e.maybe_list = std::vector<int>{static_cast<int>(random() % 100)};
    return e;
}

TEST(JsonMembers, ReadBackWhatWasWritten) {
    std::mt19937_64 random(11);
    for (int i = 0; i < 5000; ++i) {
        const Everything made = random_everything(random);
        std::string json = to_json(made);
        const Everything back = from_json<Everything>(json);
        ASSERT_EQ(to_json(back), json);
        ASSERT_EQ(back.at, made.at);
        ASSERT_EQ(back.huge, made.huge);
    }
}

TEST(JsonMembers, ChangedMessagesAreReadOrRefusedNothingElse) {
    std::mt19937_64 random(12);
    int accepted = 0;
    for (int i = 0; i < 50'000; ++i) {
        std::string json = to_json(random_everything(random));
        for (std::size_t n = 1 + random() % 3; n > 0; --n) {
            const std::size_t at = random() % json.size();
            switch (random() % 3) {
                case 0: json[at] = static_cast<char>(random()); break;
                case 1: json.erase(at, 1 + random() % 4); break;
                default: json.insert(at, 1, "{}[]\",:0e-"[random() % 10]); break;
            }
            if (json.empty()) break;
        }
        try {
            from_json<Everything>(json);
            ++accepted;
        } catch (const Error& error) {
            ASSERT_TRUE(error.code() == Code::bad_request || error.code() == Code::invalid_field ||
                        error.code() == Code::too_large)
                << error.what();
        }
    }
    EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace cairn
