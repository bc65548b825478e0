#include <array>
#include <string>

#include <gtest/gtest.h>

#include "core/spaces/outbox.hpp"

namespace cairn::core {
namespace {

using Verdict = Outbox::Verdict;

Frame text(const std::string& payload) {
    return Frame::make(payload);
}

/// What the outbox would write, all of it, as payloads separated by '|' (frames here are shorter than 126 bytes).
std::string drain(Outbox& outbox) {
    std::string all;
    std::array<std::string_view, 3> out;
    while (const std::size_t count = outbox.gather(out)) {
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            all += std::string(out[i].substr(2)) + "|";
            bytes += out[i].size();
        }
        outbox.written(bytes);
    }
    return all;
}

TEST(Outbox, KeepsTheOrder) {
    Outbox outbox({1000, 100});
    for (int i = 0; i < 20; ++i) EXPECT_EQ(outbox.push(text(std::to_string(i)), Delivery::must), Verdict::queued);
    EXPECT_EQ(outbox.messages(), 20u);
    EXPECT_EQ(drain(outbox), "0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|");
    EXPECT_EQ(outbox.bytes(), 0u);
    EXPECT_EQ(outbox.messages(), 0u);
}

TEST(Outbox, GoesOnInTheMiddleOfAFrame) {
    Outbox outbox({1000, 100});
    outbox.push(text("abcdef"), Delivery::must);
    outbox.push(text("ghi"), Delivery::must);
    const std::size_t whole = outbox.bytes();
    std::array<std::string_view, 8> out;
    ASSERT_EQ(outbox.gather(out), 2u);
    outbox.written(4);
    EXPECT_EQ(outbox.bytes(), whole - 4);
    ASSERT_EQ(outbox.gather(out), 2u);
    EXPECT_EQ(out[0], "cdef");
    outbox.written(out[0].size() + 1);
    ASSERT_EQ(outbox.gather(out), 1u);
    EXPECT_EQ(out[0].substr(1), "ghi");
}

TEST(Outbox, LatestReplacesTheWaitingOneInItsPlace) {
    Outbox outbox({1000, 100});
    outbox.push(text("a1"), Delivery::latest, 7);
    outbox.push(text("b"), Delivery::must);
    outbox.push(text("c1"), Delivery::latest, 8);
    outbox.push(text("a2 longer"), Delivery::latest, 7);
    EXPECT_EQ(outbox.messages(), 3u);
    EXPECT_EQ(drain(outbox), "a2 longer|b|c1|");
    EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, WhatAWriterHasSeenIsNotReplaced) {
    Outbox outbox({1000, 100});
    outbox.push(text("a1"), Delivery::latest, 7);
    std::array<std::string_view, 8> out;
    ASSERT_EQ(outbox.gather(out), 1u);
    outbox.push(text("a2"), Delivery::latest, 7);
    EXPECT_EQ(out[0].substr(2), "a1");
    outbox.written(1);
    outbox.push(text("a3"), Delivery::latest, 7);
    ASSERT_EQ(outbox.gather(out), 2u);
    EXPECT_EQ(out[0].substr(1), "a1");
    EXPECT_EQ(out[1].substr(2), "a3");
}

TEST(Outbox, DropIsLeftOutBeyondTheLimits) {
    Outbox outbox({1000, 2});
    outbox.push(text("a"), Delivery::must);
    EXPECT_EQ(outbox.push(text("b"), Delivery::drop), Verdict::queued);
    EXPECT_EQ(outbox.push(text("c"), Delivery::drop), Verdict::left_out);
    EXPECT_EQ(drain(outbox), "a|b|");
    Outbox narrow({10, 100});
    narrow.push(text("12345"), Delivery::must);
    EXPECT_EQ(narrow.push(text("12345"), Delivery::drop), Verdict::left_out);
}

TEST(Outbox, MustDrivesOutWhatMayBeLeftOut) {
    Outbox outbox({1000, 3});
    outbox.push(text("a"), Delivery::drop);
    outbox.push(text("b"), Delivery::must);
    outbox.push_stream(text("s"), 5);
    EXPECT_EQ(outbox.push(text("c"), Delivery::must), Verdict::queued);
    EXPECT_EQ(outbox.take_evicted(), std::uint64_t{1} << 5);
    EXPECT_EQ(outbox.take_evicted(), 0u);
    EXPECT_EQ(drain(outbox), "b|c|");
}

TEST(Outbox, MustHasAsMuchRoomAgainAndThenOverflows) {
    Outbox outbox({1000, 3});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(outbox.push(text("m"), Delivery::must), Verdict::queued);
    EXPECT_FALSE(outbox.over_limits());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(outbox.push(text("m"), Delivery::must), Verdict::full);
    EXPECT_TRUE(outbox.over_limits());
    EXPECT_EQ(outbox.push(text("m"), Delivery::must), Verdict::overflow);
    EXPECT_EQ(outbox.messages(), 6u);
    std::array<std::string_view, 8> out;
    outbox.gather(out);
    outbox.written(9);
    EXPECT_FALSE(outbox.over_limits());

    Outbox bytes({100, 1000});
    std::size_t taken = 0;
    while (bytes.push(text(std::string(20, 'x')), Delivery::must) != Verdict::overflow) ++taken;
    EXPECT_EQ(taken, 9u);
    EXPECT_LE(bytes.bytes(), 200u);
}

TEST(Outbox, AFrameLargerThanAllRoomGoesOutAlone) {
    Outbox outbox({50, 10});
    EXPECT_EQ(outbox.push(text(std::string(120, 'x')), Delivery::must), Verdict::full);
    EXPECT_EQ(outbox.push(text("y"), Delivery::must), Verdict::overflow);
}

TEST(Outbox, OneFramePerStreamWaits) {
    Outbox outbox({1000, 10});
    EXPECT_TRUE(outbox.stream_ready(0));
    EXPECT_EQ(outbox.push_stream(text("s0"), 0), Verdict::queued);
    EXPECT_FALSE(outbox.stream_ready(0));
    EXPECT_EQ(outbox.push_stream(text("again"), 0), Verdict::left_out);
    EXPECT_EQ(outbox.push_stream(text("s1"), 1), Verdict::queued);
    EXPECT_EQ(drain(outbox), "s0|s1|");
    EXPECT_TRUE(outbox.stream_ready(0));
    outbox.push_stream(text("s0"), 0);
    outbox.forget_streams();
    EXPECT_TRUE(outbox.stream_ready(0)) << "the next space's stream of that number is another one";
    EXPECT_EQ(drain(outbox), "s0|");
}

TEST(Outbox, ControlGoesToTheNextFrameBorder) {
    Outbox outbox({1000, 10});
    outbox.push(text("first"), Delivery::must);
    outbox.push(text("second"), Delivery::must);
    std::array<std::string_view, 8> out;
    outbox.gather(out);
    outbox.written(3);
    outbox.push_control(Frame::make("P", Frame::Opcode::pong));
    ASSERT_EQ(outbox.gather(out), 3u);
    EXPECT_EQ(out[0], "irst");
    EXPECT_EQ(out[1].substr(2), "P");
    EXPECT_EQ(out[2].substr(2), "second");
    Outbox idle({1000, 10});
    idle.push(text("x"), Delivery::must);
    idle.push_control(Frame::make("P", Frame::Opcode::pong));
    EXPECT_EQ(drain(idle), "P|x|");
}

TEST(Outbox, FinishHasTheLastWord) {
    Outbox patient({1000, 10});
    patient.push(text("a"), Delivery::must);
    patient.finish(text("bye"), false);
    EXPECT_EQ(patient.push(text("late"), Delivery::must), Verdict::left_out);
    patient.push_control(Frame::make("P", Frame::Opcode::pong));
    EXPECT_EQ(drain(patient), "a|bye|");

    Outbox urgent({1000, 10});
    urgent.push(text("begun"), Delivery::must);
    urgent.push(text("never"), Delivery::must);
    std::array<std::string_view, 1> out;
    urgent.gather(out);
    urgent.written(2);
    urgent.finish(text("bye"), true);
    std::array<std::string_view, 8> rest;
    ASSERT_EQ(urgent.gather(rest), 2u);
    EXPECT_EQ(rest[0], "begun");
    EXPECT_EQ(rest[1].substr(2), "bye");
    EXPECT_EQ(urgent.bytes(), rest[0].size() + rest[1].size());
}

}  // namespace
}  // namespace cairn::core
