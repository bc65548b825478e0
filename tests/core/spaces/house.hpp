#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cairn/plugin.hpp>

#include "core/spaces/space_host.hpp"
#include "tests/support/fake_connection.hpp"
#include "tests/support/manual_background.hpp"
#include "tests/support/manual_loops.hpp"
#include "tests/support/memory_storage.hpp"
#include "tests/support/plain_metrics.hpp"

namespace cairn::core::test {

using namespace cairn::test;

/// Admits everybody under the id "id-<name>"; the resume token is the id. Names in `refuse` are refused with that
/// error.
class NameIdentity final : public services::Identity {
public:
    void admit(const services::Claim& claim, Then<services::Admission> then) override {
        if (const auto found = refuse.find(claim.name); found != refuse.end()) return then(found->second);
        services::Admission admission;
        admission.id = claim.resume.empty() ? "id-" + claim.name : claim.resume;
        admission.name = claim.name.empty() ? claim.resume.substr(3) : claim.name;
        admission.resume = admission.id;
        if (held)
            waiting.push_back([then, admission] { then(admission); });
        else
            then(admission);
    }
    std::map<std::string, Error> refuse;
    bool held = false;
    std::vector<std::function<void()>> waiting;
};

/// Spaces "main" and "side" exist; "room-…" open on demand; everything else is not found.
class FixedSource final : public SpaceSource {
public:
    std::vector<SpaceSettings> initial() override { return named; }
    SpaceSettings resolve(std::string_view name, std::size_t open_on_demand) override {
        for (const SpaceSettings& one : named)
            if (one.id == name) return one;
        if (!name.starts_with("room-")) throw Error(Code::not_found, "no such space").at("d.space");
        if (open_on_demand >= most_rooms) throw Error(Code::full, "too many rooms");
        SpaceSettings made = room;
        made.id = name;
        return made;
    }
    static SpaceSettings permanent(std::string id) {
        SpaceSettings settings;
        settings.id = std::move(id);
        settings.permanent = true;
        return settings;
    }
    std::vector<SpaceSettings> named{permanent("main"), permanent("side")};
    SpaceSettings room;
    std::size_t most_rooms = 100;
};

/// A behaviour that is what a lambda made of the space, and keeps what the lambda returned.
class LambdaBehaviour final : public Behaviour {
public:
    explicit LambdaBehaviour(std::function<void()> at_end = {}) : at_end_(std::move(at_end)) {}
    ~LambdaBehaviour() override {
        if (at_end_) at_end_();
    }

private:
    std::function<void()> at_end_;
};

inline BehaviourFactory behaviour(std::string plugin, std::function<void(Space&)> build,
                                  std::function<void()> at_end = {}) {
    return {plugin, plugin, [build = std::move(build), at_end = std::move(at_end)](Space& space) {
                build(space);
                return std::make_unique<LambdaBehaviour>(at_end);
            }};
}

class House;

/// A client over a FakeConnection.
class Client {
public:
    Client(House& house, std::size_t loop) : house_(house), loop_(loop) {}
    void connect();
    /// Sends one message and lets everything happen that follows from it.
    void send(const std::string& text);
    /// Sends without cranking the loops.
    void send_only(const std::string& text);
    void request(std::string_view type, const std::string& d, int id) {
        send(R"({"t":")" + std::string(type) + R"(","id":)" + std::to_string(id) + R"(,"d":)" + d + "}");
    }
    /// Says hello and joins `space` when it is not empty.
    Client& hello(const std::string& name, const std::string& space = "main");
    void vanish();
    void flush() {
        if (session) connection.flush(*session);
    }

    /// The messages of this type so far, or the last of them (a null Document when there is none).
    std::vector<Document> all(std::string_view type) const {
        std::vector<Document> found;
        for (const Document& message : connection.messages)
            if (message["t"].text() == type) found.push_back(message);
        return found;
    }
    Document last(std::string_view type) const {
        const auto found = all(type);
        return found.empty() ? Document() : found.back();
    }
    std::size_t count(std::string_view type) const { return all(type).size(); }
    Document reply(int id) const {
        for (const Document& message : connection.messages)
            if (message["re"].integer_or(-1) == id) return message;
        return {};
    }
    std::string refusal(int id) const { return std::string(reply(id)["err"]["code"].text()); }
    void forget() {
        connection.messages.clear();
        connection.texts.clear();
    }

    FakeConnection connection;
    std::unique_ptr<Session> session;
    std::size_t loop() const noexcept { return loop_; }

private:
    House& house_;
    const std::size_t loop_;
};

/// A SpaceHost with everything around it turned by hand.
class House {
public:
    explicit House(std::vector<BehaviourFactory> behaviours, SpaceHost::Options options = {},
                   std::size_t loop_count = 1)
        : loops(loop_count, clock) {
        SpaceHost::Environment environment;
        environment.loops = &loops;
        environment.background = &background;
        environment.storage = &storage;
        environment.clock = &clock;
        environment.metrics = &metrics;
        environment.identity = &identity;
        environment.source = &source;
        host = std::make_unique<SpaceHost>(options, environment, std::move(behaviours));
        host->serve();
        settle();
    }
    ~House() {
        for (auto& client : clients) client->vanish();
        close();
    }

    /// What a control thread does in a running host, while the loops are cranked here.
    void close() {
        if (closed_) return;
        closed_ = true;
        std::thread control([this] {
            host->close_all(Duration(0));
            done_ = true;
        });
        while (!done_) settle();
        control.join();
        settle();
    }

    Client& connect(std::size_t loop = 0) {
        clients.push_back(std::make_unique<Client>(*this, loop));
        clients.back()->connect();
        return *clients.back();
    }
    Client& join(const std::string& name, const std::string& space = "main", std::size_t loop = 0) {
        return connect(loop).hello(name, space);
    }
    void settle() {
        for (int round = 0; round < 100; ++round) {
            loops.settle();
            bool wrote = false;
            for (auto& client : clients) {
                if (!client->session || !client->connection.woken) continue;
                loops.at(client->loop()).enter([&] { client->flush(); });
                wrote = true;
            }
            if (!wrote) return;
        }
    }
    void advance(Duration by, Duration step = Duration(5)) {
        for (Duration passed{0}; passed < by; passed += step) {
            clock.advance(std::min(step, by - passed));
            settle();
        }
    }

    ManualClock clock;
    ManualLoops loops;
    ManualBackground background;
    MemoryStorage storage;
    PlainMetrics metrics;
    NameIdentity identity;
    FixedSource source;
    std::unique_ptr<SpaceHost> host;
    std::vector<std::unique_ptr<Client>> clients;

private:
    bool closed_ = false;
    std::atomic<bool> done_{false};
};

inline void Client::connect() {
    house_.loops.at(loop_).enter([&] {
        ConnectionInfo info;
        info.remote = "127.0.0.1";
        info.user_agent = "test";
        info.codec = "cairn.v1+json";
        session = house_.host->open(house_.loops.at(loop_), connection, info);
    });
    house_.settle();
}

inline void Client::send_only(const std::string& text) {
    house_.loops.at(loop_).enter([&] {
        if (session) session->receive(text);
    });
}

inline void Client::send(const std::string& text) {
    send_only(text);
    house_.settle();
}

inline Client& Client::hello(const std::string& name, const std::string& space) {
    Document d{{"name", name}};
    if (!space.empty()) d.set("space", space);
    send(R"({"t":"hello","d":)" + d.to_json() + "}");
    return *this;
}

inline void Client::vanish() {
    if (!session) return;
    house_.loops.at(loop_).enter([&] { session.reset(); });
    house_.settle();
}

/// Messages of tests: {"text": "…"} and {}.
struct Say {
    std::string text;
};
inline void describe(Fields<Say>& f) {
    f(&Say::text, "text", "what is said").max_length(2000);
}
struct Nothing {};
inline void describe(Fields<Nothing>&) {}
/// A row of a stream: [n, x].
struct Place {
    std::int64_t n = 0;
    double x = 0;
};
inline void describe(Fields<Place>& f) {
    f(&Place::n, "n", "who");
    f(&Place::x, "x", "where").precision(0.001);
}

}  // namespace cairn::core::test
