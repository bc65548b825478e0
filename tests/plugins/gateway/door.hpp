#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <plugins/gateway/front_door.hpp>

#include "tests/plugins/gateway/support.hpp"

namespace cairn::gateway::testing {

/// A front door on a free loopback port above a SmallHost, turned by the test.
class Door : public ::testing::Test {
protected:
    Door() {
        settings.listen = "127.0.0.1:0";
        settings.limits.connect_rate = {1000, Duration{1000}};
        settings.limits.connect_burst = 1000;
    }
    ~Door() override {
        if (door) close();
    }

    template <class Job>
    auto waited(Job job) {
        auto answer = std::async(std::launch::async, std::move(job));
        while (answer.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
            host->turn(1, std::chrono::milliseconds(1));
            for (std::size_t i = 0; i < host->loops.size(); ++i) host->loops.hand(i).advance(Duration{1});
        }
        return answer.get();
    }

    void open(std::size_t loops = 1) {
        host = std::make_unique<SmallHost>(loops);
        reopen();
    }
    /// Opens above the host that is there. Opening and closing wait for the loops, so another thread does it.
    void reopen() {
        door = waited([this] { return std::make_unique<FrontDoor>(settings, services()); });
    }
    void close(Duration grace = Duration{50}) {
        waited([this, grace] {
            door->close(grace);
            door.reset();
            return 0;
        });
    }

    const HostServices& services() {
        if (!services_) services_ = std::make_unique<HostServices>(host->services());
        return *services_;
    }

    TestSocket connect(const std::string& from = {}) { return TestSocket::connect(door->port(), from); }

    /// Turns the loops until `done`, or until two seconds of real time have passed; says whether it came to pass.
    template <class Condition>
    bool until(Condition done) {
        const auto end = Steady::now() + std::chrono::seconds(2);
        while (Steady::now() < end) {
            if (done()) return true;
            host->turn(1, std::chrono::milliseconds(1));
        }
        return done();
    }
    bool until_ended(TestSocket& socket) {
        return until([&] {
            socket.receive();
            return socket.ended;
        });
    }
    bool until_received(TestSocket& socket, std::string_view text) {
        return until([&] {
            socket.receive();
            return socket.received.find(text) != std::string::npos;
        });
    }
    /// Lets `time` pass for the server, sweeps and all.
    void pass(Duration time) {
        for (Duration passed{0}; passed < time; passed += Duration{100}) {
            for (std::size_t i = 0; i < host->loops.size(); ++i) host->loops.hand(i).advance(Duration{100});
            host->turn(2);
        }
    }
    /// Opens a WebSocket and takes the 101 off what was received.
    TestSocket websocket(const std::string& more = {}) {
        TestSocket socket = connect();
        socket.send(upgrade_request(more));
        EXPECT_TRUE(until_received(socket, "\r\n\r\n"));
        EXPECT_EQ(socket.received.rfind("HTTP/1.1 101 ", 0), 0u) << socket.received;
        socket.received.erase(0, socket.received.find("\r\n\r\n") + 4);
        return socket;
    }
    std::vector<ServerFrame> frames(TestSocket& socket, std::size_t count) {
        std::vector<ServerFrame> all;
        until([&] {
            socket.receive();
            for (ServerFrame& frame : take_frames(socket.received)) all.push_back(std::move(frame));
            return all.size() >= count;
        });
        return all;
    }
    FakeSession::Record& session(std::size_t index = 0) { return *host->sessions.records.at(index); }

    Settings settings;
    std::unique_ptr<SmallHost> host;
    std::unique_ptr<HostServices> services_;
    std::unique_ptr<FrontDoor> door;
};

}  // namespace cairn::gateway::testing
