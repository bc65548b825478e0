#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <utility>

#include "core/loops/loop_group.hpp"
#include "tests/core/loops/waiting.hpp"

namespace cairn::core {

/// Two connected sockets that do not block.
struct Pair {
    Pair() {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        near = ends[0];
        far = ends[1];
    }
    ~Pair() {
        close_near();
        close_far();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    void close_near() {
        if (near >= 0) close(std::exchange(near, -1));
    }
    void close_far() {
        if (far >= 0) close(std::exchange(far, -1));
    }
    void say(const std::string& text) const {
        EXPECT_EQ(write(far, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    int near = -1;
    int far = -1;
};

/// What there is to read right now.
inline std::string read_all(int fd) {
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = read(fd, buffer.data(), buffer.size());
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// A handler made of a function.
struct Handler final : IoHandler {
    explicit Handler(std::function<void(bool, bool, bool)> does) : call(std::move(does)) {}
    void on_io(bool readable, bool writable, bool hangup) override { call(readable, writable, hangup); }
    std::function<void(bool, bool, bool)> call;
};

/// One running loop.
class EventLoopTest : public testing::Test {
protected:
    EventLoopTest() { group.start(); }
    ~EventLoopTest() override { group.stop(); }
    void on_loop(std::function<void()> job) { run_on(loop(), std::move(job)); }
    Loop& loop() { return group.at(0); }

    LoopGroup group{1};
};

}  // namespace cairn::core
