#include <gtest/gtest.h>

#include <cairn/error.hpp>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/http_answer.hpp>
#include <plugins/gateway/ip_limits.hpp>
#include <plugins/gateway/settings.hpp>

namespace cairn::gateway {
namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

TEST(IpAddress, ReadsAndWrites) {
    EXPECT_EQ(ip("127.0.0.1").to_string(), "127.0.0.1");
    EXPECT_EQ(ip("[::1]").to_string(), "::1");
    EXPECT_EQ(ip("2001:DB8::1").to_string(), "2001:db8::1");
    EXPECT_EQ(ip("::ffff:10.1.2.3"), ip("10.1.2.3"));
    EXPECT_TRUE(ip("127.9.9.9").is_loopback());
    EXPECT_TRUE(ip("::1").is_loopback());
    EXPECT_FALSE(ip("128.0.0.1").is_loopback());
    for (const char* bad :
         {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::1::", "localhost", "[127.0.0.1]", "1.2.3.4 ", "::1%lo"})
        EXPECT_FALSE(IpAddress::parse(bad)) << bad;
}

TEST(NetworkSet, Contains) {
    const NetworkSet set({"10.0.0.0/8", "192.0.2.128/25", "::1", "fd00::/8", "198.51.100.7"});
    for (const char* in : {"10.255.0.1", "192.0.2.200", "::1", "fd12::1", "198.51.100.7"})
        EXPECT_TRUE(set.contains(ip(in))) << in;
    for (const char* out : {"11.0.0.1", "192.0.2.127", "::2", "fc00::1", "198.51.100.8", "0.0.0.0"})
        EXPECT_FALSE(set.contains(ip(out))) << out;
    EXPECT_TRUE(NetworkSet({"0.0.0.0/0"}).contains(ip("1.2.3.4")));
    EXPECT_FALSE(NetworkSet({"0.0.0.0/0"}).contains(ip("2001:db8::1")));
    for (const char* bad : {"10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/8/8", "lan", "10.0.0.0/-1"}) {
        EXPECT_NE(NetworkSet::complaint(bad).find("10.0.0.0/8"), std::string::npos) << bad;
        EXPECT_THROW(NetworkSet({bad}), Error) << bad;
    }
}

TEST(ListenAddress, AcceptedForms) {
    EXPECT_EQ(ListenAddress::parse("127.0.0.1:8080")->port, 8080);
    EXPECT_EQ(ListenAddress::parse("[::1]:0")->host, "::1");
    EXPECT_EQ(ListenAddress::parse("[::1]:8080")->to_string(), "[::1]:8080");
    EXPECT_EQ(ListenAddress::parse("world.example:443")->host, "world.example");
    for (const char* bad : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:8080", "[::1:8080",
                            "a b:80", "127.0.0.1:80x", "http://a:80"})
        EXPECT_NE(ListenAddress::complaint(bad), "") << bad;
}

IpLimits::Options options() {
    IpLimits::Options made;
    made.total = 5;
    made.per_address = 3;
    made.rate = {10, Duration{60000}};
    made.burst = 4;
    made.exempt = NetworkSet({"127.0.0.0/8"});
    return made;
}

using Verdict = IpLimits::Verdict;

TEST(IpLimits, CountsEachAddress) {
    IpLimits limits(options());
    const auto now = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::admitted);
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::too_many);
    EXPECT_EQ(limits.enter(ip("192.0.2.2"), now), Verdict::admitted);
    limits.leave(ip("192.0.2.1"));
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::admitted);
}

TEST(IpLimits, ABurstThenARate) {
    IpLimits limits(options());
    auto now = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::admitted);
        limits.leave(ip("192.0.2.1"));
    }
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::too_fast);
    now += std::chrono::milliseconds(5900);
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::too_fast);
    now += std::chrono::milliseconds(200);
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::admitted);
    EXPECT_EQ(limits.enter(ip("192.0.2.1"), now), Verdict::too_fast);
}

TEST(IpLimits, ExemptNetworksAreNotCounted) {
    IpLimits limits(options());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(limits.enter(ip("127.0.0.1"), {}), Verdict::admitted);
    EXPECT_EQ(limits.remembered(), 0u);
}

TEST(IpLimits, ASlash64IsOneHousehold) {
    IpLimits limits(options());
    for (const char* one : {"2001:db8::1", "2001:db8::2", "2001:db8::3"})
        EXPECT_EQ(limits.enter(ip(one), {}), Verdict::admitted);
    EXPECT_EQ(limits.enter(ip("2001:db8::4"), {}), Verdict::too_many);
    EXPECT_EQ(limits.enter(ip("2001:db8:0:1::1"), {}), Verdict::admitted);
}

TEST(IpLimits, TheTotalIsBounded) {
    IpLimits limits(options());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(limits.enter_total());
    EXPECT_FALSE(limits.enter_total());
    limits.leave_total();
    EXPECT_TRUE(limits.enter_total());
    EXPECT_EQ(limits.open(), 5u);
}

TEST(IpLimits, StrangersOfLongAgoAreForgotten) {
    IpLimits limits(options());
    auto now = std::chrono::steady_clock::now();
    for (int i = 0; i < 5000; ++i) {
        const IpAddress address = ip(("10." + std::to_string(i / 250) + ".0." + std::to_string(i % 250)).c_str());
        EXPECT_EQ(limits.enter(address, now), Verdict::admitted);
        limits.leave(address);
        now += std::chrono::seconds(1);
    }
    EXPECT_LE(limits.remembered(), 1100u);
}

TEST(HttpAnswer, FramesAreOursAndNothingSplits) {
    HttpResponse answer = HttpResponse::text(200, "hello");
    answer.headers = {{"Content-Length", "99"},
                      {"transfer-encoding", "chunked"},
                      {"Connection", "x"},
                      {"X-Good", "yes"},
                      {"X-Bad", "a\r\nSet-Cookie: b"},
                      {"Bad Name", "x"},
                      {"", "x"}};
    const std::string head = answer_head(answer, {5, false, 784111777000});
    EXPECT_EQ(head.rfind("HTTP/1.1 200 OK\r\n", 0), 0u);
    EXPECT_NE(head.find("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
    EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_NE(head.find("X-Good: yes\r\n"), std::string::npos);
    EXPECT_NE(head.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
    for (const char* absent : {"Content-Length: 99", "chunked", "Set-Cookie", "Bad Name", "Connection: x"})
        EXPECT_EQ(head.find(absent), std::string::npos) << absent;
    EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
}

TEST(HttpAnswer, StatusesWithoutABody) {
    HttpResponse answer;
    answer.status = 304;
    EXPECT_EQ(answer_head(answer, {7, true, 0}).find("Content-Length"), std::string::npos);
    answer.status = 99;
    EXPECT_EQ(answer_head(answer, {}).rfind("HTTP/1.1 500 ", 0), 0u);
    answer.status = 426;
    EXPECT_NE(answer_head(answer, {}).find("Upgrade: websocket\r\n"), std::string::npos);
}

TEST(Settings, DefaultsAreAcceptedByTheirOwnRules) {
    const Settings settings;
    for (const Field& field : struct_type<Settings>().fields)
        EXPECT_EQ(field.check ? field.check(reinterpret_cast<const char*>(&settings) + field.offset) : "", "")
            << field.name;
    Settings wrong;
    wrong.path = "ws";
    wrong.origins = {"world.example"};
    for (const char* name : {"path", "origins"}) {
        const Field* field = struct_type<Settings>().find(name);
        ASSERT_NE(field, nullptr);
        EXPECT_NE(field->check(reinterpret_cast<const char*>(&wrong) + field->offset), "") << name;
    }
}

}  // namespace
}  // namespace cairn::gateway
