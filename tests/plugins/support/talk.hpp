#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/testkit.hpp>

namespace cairn::test {

/// The answer to one request, filled in when it comes.
class Answer {
public:
    explicit Answer(testkit::Request request) : request_(std::move(request)) {}
    bool ok() const { return request_.code() == "ok"; }
    /// The code of the refusal, "ok", or "none" while there is no answer.
    std::string code() const { return request_.code(); }
    Document d() const { return ok() ? request_.result().value() : Document(); }
    std::optional<Error> refused() const {
        if (!request_.answered() || ok()) return std::nullopt;
        return request_.result().error();
    }

private:
    const testkit::Request request_;
};
using AnswerPtr = std::shared_ptr<const Answer>;

/// A test that talks to plugins over a SQLite of its own. What is asked reaches the plugin at once; the store answers in
/// settle(), so that a test decides what is on its way and when.
///
/// With CAIRN_TEST_SHUFFLE set, each test runs in an order that the next number chooses, from that of the variable on;
/// `--gtest_repeat` gives as many.
class Talk : public ::testing::Test {
protected:
    using Player = testkit::Player;

    /// `plugins`: members of the YAML map `plugins`, beside the store; `more`: further lines.
    void open(const std::string& plugins, const std::string& more = {}) {
        joined_.clear();
        host_.reset();
        testkit::Options options;
        if (const char* first = std::getenv("CAIRN_TEST_SHUFFLE")) {
            static std::uint64_t seed = std::strtoull(first, nullptr, 10);
            options.seed = seed++;
            seed_ = seed;
        }
        SpaceSettings main;
        main.id = "main";
        main.permanent = true;
        main.settings = {{"id", "space-id"}};
        options.spaces.push_back(std::move(main));
        host_ = std::make_unique<testkit::Host>(more + "\nplugins: {storage_sqlite: {}, " + plugins + "}", options);
        listener_ = join("Listener");
    }
    /// As after a restart of the server; nobody is in but who listens.
    void restart() {
        joined_.clear();
        store().release();
        host_->restart();
        listener_ = join("Listener");
    }

    testkit::Host& host() { return *host_; }
    testkit::Store& store() { return host_->store(); }

    /// Somebody comes in; whatever of it concerns the store is done.
    Player join(const std::string& name, std::vector<std::string> roles = {}) {
        store().release();
        testkit::JoinOptions options;
        options.roles = std::move(roles);
        Player player = host_->join("main", name, options);
        store().hold();
        joined_.push_back(player);
        return player;
    }
    /// Who was in before a restart is in again.
    Player back(const Player& who) {
        store().release();
        who.resume();
        store().hold();
        joined_.push_back(who);
        return who;
    }
    /// An empty space has no ticks, so that days pass quickly.
    void everybody_leaves() {
        for (const Player& player : std::exchange(joined_, {})) player.drop();
    }
    /// The plugin has it, the store has not answered.
    AnswerPtr ask(const Player& who, std::string_view type, const Document& d) {
        auto answer = std::make_shared<const Answer>(who.begin(type, d));
        host_->run();
        return answer;
    }
    AnswerPtr ask_settled(const Player& who, std::string_view type, const Document& d) {
        AnswerPtr answer = ask(who, type, d);
        settle();
        return answer;
    }
    /// The store does what waits for it; what is coalesced stays so.
    void settle() {
        store().release();
        host_->run();
        store().hold();
    }
    /// The next tick; the store does nothing.
    void tick() { host_->advance(Duration(50)); }
    /// A moment later, when positions have gone out and what is coalesced is in the store.
    void saved() { advance(Duration(300)); }
    /// Time passes and the store works.
    void advance(Duration time) {
        store().release();
        host_->advance(time);
        store().hold();
    }

    /// What went to everybody, in order: the `d` of the events of a type.
    std::vector<Document> events_of(std::string_view type) { return listener_.all(type); }
    void forget_events() { listener_.forget(); }
    const Player& listener() const { return listener_; }
    /// What somebody gets of a section of space.state who comes in now.
    std::vector<Document> state(std::string_view section) {
        const Player newcomer = host_->join("main", "Newcomer");
        std::vector<Document> items = newcomer.state(section);
        newcomer.drop();
        return items;
    }
    /// What a question answers, with everything in the store that is due.
    std::vector<Document> rows(const std::string& sql, std::vector<Document> parameters = {}) {
        return store().query(sql, std::move(parameters));
    }

    void TearDown() override {
        if (seed_ != 0 && HasFailure()) std::cerr << "this order has the seed " << seed_ << "\n";
    }

private:
    std::uint64_t seed_ = 0;
    std::unique_ptr<testkit::Host> host_;
    Player listener_;
    std::vector<Player> joined_;
};

}  // namespace cairn::test
