// Messages of a joined player: decoding, answers, refusals, rates, and what happens when a behaviour fails.
#include <stdexcept>

#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

/// A behaviour with one handler of each shape.
BehaviourFactory speaker() {
    return behaviour("speaker", [](Space& space) {
        space
            .on<Say>("say",
                     [&space](Player& from, const Say& say) {
                         space.broadcast("said", {{"n", from.n()}, {"text", say.text}});
                         return Document{{"length", say.text.size()}};
                     })
            .meaning("says something to everybody");
        space.on<Say>("whisper", [](Player& from, const Say& say) { from.send("whispered", {{"text", say.text}}); });
        space.on<Say>("later", [&space](Player&, const Say&, Reply reply) {
            auto shared = std::make_shared<Reply>(std::move(reply));
            space.after(Duration(100), [shared] { shared->ok({{"late", true}}); });
        });
        space.on<Say>("never", [](Player&, const Say&, Reply) {});
        space.on<Say>("no",
                      [](Player&, const Say& say) { throw Error(Code::conflict, "no " + say.text).at("d.text"); });
        space.on<Say>("both", [](Player&, const Say&, Reply reply) {
            reply.refuse(Error(Code::internal, "said so itself"));
            throw Error(Code::forbidden, "thrown afterwards");
        });
        space.on<Say>("keep.and.throw", [&space](Player&, const Say&, Reply reply) {
            auto shared = std::make_shared<Reply>(std::move(reply));
            space.after(Duration(50), [shared] { shared->ok(); });
            throw Error(Code::forbidden, "thrown");
        });
    });
}

TEST(Messages, EveryShapeOfHandlerAnswers) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    ann.request("say", R"({"text":"hello"})", 1);
    EXPECT_EQ(ann.reply(1), Document::parse_json(R"({"re":1,"ok":true,"d":{"length":5}})"));
    EXPECT_EQ(ann.last("said")["d"]["text"].text(), "hello");
    ann.request("whisper", R"({"text":"psst"})", 2);
    EXPECT_EQ(ann.reply(2), Document::parse_json(R"({"re":2,"ok":true,"d":{}})"));
    ann.request("later", "{}", 3);
    EXPECT_TRUE(ann.reply(3).is_null());
    house.advance(Duration(100));
    EXPECT_TRUE(ann.reply(3)["d"]["late"].boolean_or(false));
    ann.request("never", "{}", 4);
    EXPECT_EQ(ann.refusal(4), "internal");
}

TEST(Messages, WithoutAnIdOnlyRefusalsAreTold) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    ann.forget();
    ann.send(R"({"t":"whisper","d":{"text":"x"}})");
    EXPECT_EQ(ann.connection.messages.size(), 1u);
    ann.send(R"({"t":"no","d":{"text":"way"}})");
    const Document error = ann.last("error")["d"];
    EXPECT_EQ(error["code"].text(), "conflict");
    EXPECT_EQ(error["field"].text(), "d.text");
    EXPECT_EQ(error["re_t"].text(), "no");
}

TEST(Messages, TextIdsAreEchoed) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    ann.send(R"({"t":"whisper","id":"a \"quoted\" one","d":{"text":"x"}})");
    EXPECT_EQ(ann.connection.messages.back()["re"].text(), "a \"quoted\" one");
}

TEST(Messages, WhatAHandlerThrowsIsTheAnswer) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    ann.request("no", R"({"text":"more"})", 1);
    EXPECT_EQ(ann.refusal(1), "conflict");
    EXPECT_EQ(ann.reply(1)["err"]["message"].text(), "no more");
    ann.request("both", "{}", 2);
    EXPECT_EQ(ann.refusal(2), "forbidden");
    ann.request("keep.and.throw", "{}", 3);
    house.advance(Duration(60));
    EXPECT_TRUE(ann.reply(3)["ok"].boolean_or(false)) << "who keeps the reply answers";
    std::size_t replies = 0;
    for (const Document& message : ann.connection.messages) replies += message.find("re") ? 1u : 0u;
    EXPECT_EQ(replies, 3u) << "each is answered once";
}

TEST(Messages, BadOnesAreRefusedWithTheFieldAndNeverClose) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    ann.request("say", R"({"text":7})", 1);
    EXPECT_EQ(ann.refusal(1), "invalid_field");
    EXPECT_EQ(ann.reply(1)["err"]["field"].text(), "d.text");
    ann.request("say", R"({"texd":"x"})", 2);
    EXPECT_EQ(ann.refusal(2), "invalid_field");
    ann.request("sya", R"({})", 3);
    EXPECT_EQ(ann.refusal(3), "unsupported");
    EXPECT_NE(ann.reply(3)["err"]["message"].text().find("did you mean \"say\""), std::string_view::npos);
    ann.request("space.jion", R"({})", 4);
    EXPECT_NE(ann.reply(4)["err"]["message"].text().find("space.join"), std::string_view::npos);
    for (const char* text : {"", "nonsense", "[1,2]", "{\"t\":5}", "{\"t\":\"say\",\"d\":{\"text\":", "\xff\xfe"})
        ann.send(text);
    EXPECT_EQ(ann.count("error"), 6u);
    EXPECT_EQ(ann.last("error")["d"]["code"].text(), "bad_request");
    ann.send(R"({"t":"say","id":9,"d":{"text":")" + std::string(70000, 'x') + "\"}}");
    EXPECT_EQ(ann.last("error")["d"]["code"].text(), "too_large");
    EXPECT_EQ(ann.connection.closes, 0);
    ann.request("say", R"({"text":"still here"})", 10);
    EXPECT_TRUE(ann.reply(10)["ok"].boolean_or(false));
}

TEST(Messages, OutsideOfASpaceAreNotReady) {
    House house({speaker()});
    Client& ann = house.join("Ann", "");
    ann.request("say", R"({"text":"x"})", 1);
    EXPECT_EQ(ann.refusal(1), "not_ready");
}

TEST(Messages, PingAnswersWithBothTimes) {
    House house({});
    Client& ann = house.join("Ann", "");
    ann.request("ping", R"({"ts":12345.5})", 1);
    EXPECT_EQ(ann.reply(1)["d"]["ts"].number_or(0), 12345.5);
    EXPECT_EQ(ann.reply(1)["d"]["server_time"].integer_or(0), house.clock.wall());
}

BehaviourFactory limited() {
    return behaviour("limited", [](Space& space) {
        space.on<Nothing>("make", [](Player&, const Nothing&) {}).limit(Rate{10, Duration(60000)});
        space.on<Nothing>("locked", [](Player&, const Nothing&) {}).limit(Rate{0, Duration(1000)});
        space.on<Nothing>("free", [](Player&, const Nothing&) {});
    });
}

TEST(Rates, TenAreFineTheEleventhIsNot) {
    House house({limited()});
    Client& ann = house.join("Ann");
    for (int i = 1; i <= 10; ++i) {
        ann.request("make", "{}", i);
        EXPECT_TRUE(ann.reply(i)["ok"].boolean_or(false)) << i;
    }
    ann.request("make", "{}", 11);
    EXPECT_EQ(ann.refusal(11), "rate_limited");
    EXPECT_EQ(ann.reply(11)["err"]["message"].text(), "too often: no more than 10 in 60 s");
    EXPECT_EQ(ann.reply(11)["err"]["retry_after_ms"].integer_or(0), 6000);
    house.advance(Duration(5990), Duration(1990));
    ann.request("make", "{}", 12);
    EXPECT_EQ(ann.refusal(12), "rate_limited");
    house.advance(Duration(10));
    ann.request("make", "{}", 13);
    EXPECT_TRUE(ann.reply(13)["ok"].boolean_or(false));
    ann.request("locked", "{}", 14);
    EXPECT_EQ(ann.refusal(14), "rate_limited");
}

TEST(Rates, ReconnectingOrChangingTheSpaceResetsNothing) {
    House house({limited()});
    Client& ann = house.join("Ann");
    for (int i = 1; i <= 10; ++i) ann.request("make", "{}", i);
    ann.request("space.join", R"({"space":"side"})", 20);
    ann.request("make", "{}", 21);
    EXPECT_EQ(ann.refusal(21), "rate_limited");
    ann.vanish();
    Client& again = house.join("Ann");
    again.request("make", "{}", 1);
    EXPECT_EQ(again.refusal(1), "rate_limited");
    Client& bob = house.join("Bob");
    bob.request("make", "{}", 1);
    EXPECT_TRUE(bob.reply(1)["ok"].boolean_or(false)) << "another player has his own";
}

TEST(Rates, AnyMessageHasABurstOfTwiceItsRate) {
    SpaceHost::Options options;
    options.any_message = Rate{60, Duration(1000)};
    House house({limited()}, options);
    Client& ann = house.join("Ann");
    house.advance(Duration(5000), Duration(1000));
    int fine = 0;
    for (int i = 1; i <= 130; ++i) {
        ann.request("free", "{}", i);
        fine += ann.reply(i)["ok"].boolean_or(false) ? 1 : 0;
    }
    EXPECT_EQ(fine, 120);
    EXPECT_EQ(ann.refusal(121), "rate_limited");
    house.advance(Duration(1000), Duration(100));
    fine = 0;
    for (int i = 201; i <= 300; ++i) {
        ann.request("free", "{}", i);
        fine += ann.reply(i)["ok"].boolean_or(false) ? 1 : 0;
    }
    EXPECT_EQ(fine, 60);
    EXPECT_EQ(ann.connection.closes, 0);
}

TEST(Rates, AFloodIsClosed) {
    SpaceHost::Options options;
    options.any_message = Rate{10, Duration(1000)};
    House house({limited()}, options);
    Client& ann = house.join("Ann");
    int seconds = 0;
    for (; seconds < 20 && ann.connection.closes == 0; ++seconds) {
        for (int i = 0; i < 40; ++i) ann.send_only(R"({"t":"free","d":{}})");
        house.advance(Duration(1000), Duration(250));
    }
    EXPECT_EQ(ann.connection.close_code, 4429);
    EXPECT_EQ(ann.last("bye")["d"]["code"].integer_or(0), 4429);
    EXPECT_EQ(seconds, 11);
    EXPECT_EQ(house.host->players(), 0u);
}

// ---- faults
// ----------------------------------------------------------------------------------------------------------

BehaviourFactory faulty(int* ticks) {
    return behaviour("faulty", [ticks](Space& space) {
        space.on<Say>("boom", [](Player&, const Say& say) { throw std::runtime_error("secret: " + say.text); });
        space.on<Nothing>("fine", [](Player&, const Nothing&) {});
        space.on_tick([ticks](Duration) { ++*ticks; });
    });
}

TEST(Faults, AnswerInternalWithATraceAndTellNothing) {
    int ticks = 0;
    House house({faulty(&ticks)});
    Client& ann = house.join("Ann");
    ann.request("boom", R"({"text":"password"})", 1);
    EXPECT_EQ(ann.refusal(1), "internal");
    EXPECT_FALSE(ann.reply(1)["err"]["trace"].text().empty());
    EXPECT_EQ(ann.connection.texts.back().find("secret"), std::string::npos);
    EXPECT_EQ(ann.connection.texts.back().find("password"), std::string::npos);
    EXPECT_EQ(house.metrics.value("cairn_core_plugin_faults_total{plugin=faulty,space_id=main}"), 1);
    ann.request("fine", "{}", 2);
    EXPECT_TRUE(ann.reply(2)["ok"].boolean_or(false));
}

TEST(Faults, ThreeInTenSecondsSwitchTheBehaviourOffInThatSpaceOnly) {
    int ticks = 0;
    House house({faulty(&ticks), speaker()});
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob", "side");
    for (int i = 1; i <= 2; ++i) ann.request("boom", "{}", i);
    ann.request("fine", "{}", 3);
    EXPECT_TRUE(ann.reply(3)["ok"].boolean_or(false));
    ann.request("boom", "{}", 4);
    EXPECT_EQ(ann.refusal(4), "internal");
    ann.request("fine", "{}", 5);
    EXPECT_EQ(ann.refusal(5), "unavailable");
    ann.request("say", R"({"text":"others go on"})", 6);
    EXPECT_TRUE(ann.reply(6)["ok"].boolean_or(false));
    bob.request("fine", "{}", 1);
    EXPECT_TRUE(bob.reply(1)["ok"].boolean_or(false)) << "another space goes on";
    bob.vanish();
    house.advance(Duration(200));
    const int before = ticks;
    house.advance(Duration(1000), Duration(10));
    EXPECT_EQ(ticks, before) << "its ticks have stopped";
    EXPECT_EQ(house.join("Cid").count("space.state"), 1u) << "the space takes players in all the same";
}

TEST(Faults, SlowOnesDoNotAddUp) {
    int ticks = 0;
    House house({faulty(&ticks)});
    Client& ann = house.join("Ann");
    for (int i = 1; i <= 6; ++i) {
        ann.request("boom", "{}", i);
        house.advance(Duration(5100), Duration(1700));
    }
    ann.request("fine", "{}", 10);
    EXPECT_TRUE(ann.reply(10)["ok"].boolean_or(false));
}

TEST(Faults, RefusalsOnPurposeAreNone) {
    House house({speaker()});
    Client& ann = house.join("Ann");
    for (int i = 1; i <= 10; ++i) ann.request("no", R"({"text":"x"})", i);
    ann.request("say", R"({"text":"x"})", 11);
    EXPECT_TRUE(ann.reply(11)["ok"].boolean_or(false));
}

TEST(Faults, OfTicksTimersAndCompletionsCountToo) {
    for (const std::string where : {"tick", "timer", "storage", "post", "leave"}) {
        int calls = 0;
        House house({behaviour("bad", [&calls, where](Space& space) {
            const auto fail = [&calls] {
                ++calls;
                throw std::logic_error("no");
            };
            if (where == "tick") space.on_tick([fail](Duration) { fail(); });
            if (where == "timer") space.every(Duration(50), fail);
            if (where == "storage")
                space.every(Duration(50),
                            [&space, fail] { space.storage().query({}, [fail](Result<Rows>) { fail(); }); });
            if (where == "post") space.every(Duration(50), [&space, fail] { space.post(fail); });
            if (where == "leave") space.on_leave([fail](Player&, LeaveReason) { fail(); });
            space.on<Nothing>("ask", [](Player&, const Nothing&) {});
        })});
        Client& ann = house.join("Ann");
        for (int i = 0; i < 5 && where == "leave"; ++i) house.join("B" + std::to_string(i)).vanish();
        house.advance(Duration(2000), Duration(10));
        EXPECT_EQ(calls, 3) << where;
        ann.request("ask", "{}", 1);
        EXPECT_EQ(ann.refusal(1), "unavailable") << where;
    }
}

TEST(Faults, AConstructorThatThrowsLeavesTheRestWorking) {
    House house({behaviour("broken",
                           [](Space& space) {
                               space.on<Nothing>("half", [](Player&, const Nothing&) {});
                               space.on_join([](Player&) { throw std::runtime_error("must not be called"); });
                               throw std::runtime_error("no licence");
                           }),
                 speaker()});
    Client& ann = house.join("Ann");
    EXPECT_EQ(ann.last("welcome")["d"]["n"].integer_or(0), 1);
    ann.request("half", "{}", 1);
    EXPECT_EQ(ann.refusal(1), "unavailable");
    ann.request("say", R"({"text":"x"})", 2);
    EXPECT_TRUE(ann.reply(2)["ok"].boolean_or(false));
}

TEST(Faults, ATypeThatIsHandledTwiceIsTheSecondOnesFault) {
    House house(
        {speaker(), behaviour("thief", [](Space& space) { space.on<Say>("say", [](Player&, const Say&) {}); })});
    Client& ann = house.join("Ann");
    ann.request("say", R"({"text":"four"})", 1);
    EXPECT_EQ(ann.reply(1)["d"]["length"].integer_or(0), 4);
}

TEST(Faults, MessagesAreFixedOnceTheSpaceIsOpen) {
    std::string said;
    House house({behaviour("late", [&said](Space& space) {
        space.on<Nothing>("more", [&](Player&, const Nothing&) {
            try {
                space.on<Say>("new", [](Player&, const Say&) {});
            } catch (const Error& error) {
                said = error.what();
            }
        });
    })});
    house.join("Ann").request("more", "{}", 1);
    EXPECT_NE(said.find("constructor"), std::string::npos);
}

}  // namespace
}  // namespace cairn::core::test
