#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sdk/check/findings.hpp"
#include "sdk/check/hostile_bodies.hpp"
#include "sdk/check/judges.hpp"

namespace cairn::check {
namespace {

bool well_formed(const std::string& text) {
    try {
        static_cast<void>(Document::parse_json(text));
        return true;
    } catch (const Error&) {
        return false;
    }
}

/// Texts in what a plugin answered and told: ids to ask for.
void collect(const Document& from, HostileBodies& into, int depth = 0) {
    if (from.is_text() && from.text().size() >= 1 && from.text().size() <= 64) into.know(std::string(from.text()));
    if (depth > 3) return;
    for (const Document& item : from.items()) collect(item, into, depth + 1);
    for (const Document::Member& member : from.members()) collect(member.value, into, depth + 1);
}

std::string cut(const std::string& text) {
    constexpr std::size_t kMost = 200;
    return text.size() <= kMost ? text : text.substr(0, kMost) + "… (" + std::to_string(text.size()) + " bytes)";
}

/// Sends bodies of one message from one player and judges the answers.
class Sender {
public:
    Sender(testkit::Host& host, std::string type, const Document& limit, Findings& findings)
        : host_(host),
          type_(std::move(type)),
          pause_(std::max<std::int64_t>(1, limit["per_ms"].integer_or(0))),
          burst_(std::max<std::int64_t>(1, limit["count"].integer_or(1'000'000))),
          findings_(findings) {}

    Result<Document> send(testkit::Player& from, const std::string& body) {
        // The handler shall see it, not the rate limit.
        if (++since_pause_ > burst_) {
            since_pause_ = 1;
            findings_.may(host_, [&] { host_.advance(Duration(pause_)); });
        }
        Result<Document> answer(Error(Code::bad_request, "never sent"));
        findings_.may(host_, [&] {
            if (!from.connected()) from.resume();
            const std::size_t errors = from.count("error");
            const testkit::Request request = from.begin_json(type_, body);
            host_.run();
            // What is no message at all is refused by an event, because nobody knows whose answer it would be.
            const auto heard = [&] { return request.answered() || from.count("error") > errors || !from.connected(); };
            if (!heard() && well_formed(body)) {
                host_.advance(Duration(30'000));
                if (!heard()) findings_.note(type_ + " " + cut(body) + " was never answered");
            }
            if (request.answered()) answer = request.result();
            if (!answer && answer.error().code() == Code::internal)
                findings_.note(type_ + " " + cut(body) + " was answered with `internal`: " + answer.error().what());
        });
        return answer;
    }

private:
    testkit::Host& host_;
    const std::string type_;
    const std::int64_t pause_;
    const std::int64_t burst_;
    std::int64_t since_pause_ = 0;
    Findings& findings_;
};

}  // namespace

std::vector<Judgement> judge_bodies(const CheckOptions& options, const Plan& plan, const At& at) {
    Findings findings;
    testkit::Host host(plan.options(options));
    at("starting it for its messages");
    std::optional<testkit::Player> anna, ben;
    const bool in = findings.may(host, [&] {
        host.start(plan.yaml());
        anna = host.join("", "Anna");
        ben = host.join("", "Ben");
    });
    if (!in) return {bad("messages", findings.text(), "Mend what it names.")};

    std::size_t messages = 0, sent = 0;
    const Document protocol = host.protocol();
    for (const Document::Member& message : protocol["messages"].members()) {
        if (message.value["plugin"].text() != plan.plugin) continue;
        ++messages;
        HostileBodies bodies(message.value["d"], options.seed + messages);
        bodies.know(anna->id());
        bodies.know(ben->id());
        Sender sender(host, message.key, message.value["limit"], findings);
        const auto one = [&](const std::string& body) {
            at(message.key + " " + cut(body));
            ++sent;
            const Result<Document> answer = sender.send(*anna, body);
            if (answer) collect(answer.value(), bodies);
        };
        for (int i = 0; i < 10 && !findings.any(); ++i) one(bodies.fair().to_json());
        for (const testkit::Event& event : anna->events()) collect(event.d, bodies);
        anna->forget();
        for (const std::string& body : bodies.on_purpose()) {
            if (findings.any()) break;
            one(body);
        }
        for (int i = 0; i < options.bodies && !findings.any(); ++i) one(bodies.at_random());
        findings.may(host, [&] { host.advance(Duration(1000)); });
        if (findings.any()) break;
    }
    std::vector<Judgement> all;
    if (findings.any())
        all.push_back(bad("messages", findings.text(),
                          "Refuse by throwing cairn::Error with a code of the list; bounds in describe() keep bodies out "
                          "that the handler cannot take."));
    else if (messages == 0)
        all.push_back(good("messages", "it declares none"));
    else
        all.push_back(good("messages", std::to_string(messages) + " messages, " + std::to_string(sent) +
                                           " bodies, every one answered or refused"));
    at("stopping it after its messages");
    findings.may(host, [&] { static_cast<void>(host.leaks()); });

    const testkit::Timing* slowest = nullptr;
    const std::vector<testkit::Timing> timings = host.timings();
    for (const testkit::Timing& timing : timings) {
        const bool phase = timing.handler == "start" || timing.handler == "ready" || timing.handler == "drain" ||
                           timing.handler == "stop" || timing.handler == "setup";
        if (timing.plugin != plan.plugin || phase) continue;
        if (!slowest || timing.longest_ms > slowest->longest_ms) slowest = &timing;
    }
    const auto ms = [](double value) { return std::to_string(static_cast<long>(value + 0.5)) + " ms"; };
    if (slowest && slowest->longest_ms > static_cast<double>(options.handler.count()))
        all.push_back(bad("time", "its slowest handler, " + slowest->handler + ", took " + ms(slowest->longest_ms) + "; " +
                                      std::to_string(options.handler.count()) + " ms are allowed",
                          "Everybody in the space waits for it: do less at once, or take it into background()."));
    else
        all.push_back(good("time", slowest ? "its slowest handler, " + slowest->handler + ", took " + ms(slowest->longest_ms)
                                           : "none of its handlers ran"));
    return all;
}

}  // namespace cairn::check
