#include <cairn/testkit/host.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "core/spaces/hosted_space.hpp"
#include "sdk/testkit/src/host_impl.hpp"
#include "sdk/testkit/src/metric_value.hpp"
#include "sdk/testkit/src/report_failure.hpp"

namespace cairn::testkit {

Host::Host() : Host(Options{}) {}

Host::Host(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Host::Host(std::string_view yaml, Options options) : Host(std::move(options)) {
    impl_->start(yaml);
    impl_->surface();
}

Host::~Host() {
    const bool failing = std::uncaught_exceptions() > impl_->exceptions;
    std::string text;
    try {
        impl_->stop();
        impl_->surface();
    } catch (const std::exception& failure) {
        text = failure.what();
    }
    const auto add = [&text](const std::string& sentence) { text += (text.empty() ? "" : "\n") + sentence; };
    const Ledger& ledger = impl_->ledger;
    for (std::size_t i = ledger.faults_seen; i < ledger.faults.size(); ++i) {
        const Fault& fault = ledger.faults[i];
        add("plugin " + fault.plugin + " threw in " + fault.handler +
            (fault.space.empty() ? "" : " of space \"" + fault.space + "\"") + ": " + fault.what +
            ". Refuse with cairn::Error where somebody asks, and catch elsewhere; Host::faults() accepts it.");
    }
    for (std::size_t i = ledger.leaks_seen; i < ledger.leaks.size(); ++i) add(ledger.leaks[i]);
    impl_.reset();
    if (!text.empty() && !failing) report_failure(text);
}

Host& Host::add(std::string name, std::function<std::unique_ptr<Plugin>()> make) {
    if (impl_->life) throw Failure("add(\"" + name + "\") has to come before the host of this test starts");
    impl_->added.emplace_back(std::move(name), std::move(make));
    return *this;
}

Host& Host::setup(std::function<void(Setup&)> declare) {
    if (impl_->life) throw Failure("what a test declares has to come before its host starts");
    impl_->declared.push_back(std::move(declare));
    return *this;
}

Host& Host::behaviour(std::function<void(Space&)> build) {
    struct Built final : Behaviour {};
    const std::string name = "test" + std::to_string(impl_->declared.size());
    return setup([name, build = std::move(build)](Setup& setup) {
        setup.behaviour(name, [build](Space& space) {
            build(space);
            return std::make_unique<Built>();
        });
    });
}

void Host::start(std::string_view yaml) {
    impl_->start(yaml);
    impl_->surface();
}

void Host::stop() {
    impl_->stop();
    impl_->surface();
}

void Host::restart() {
    impl_->stop();
    impl_->start(std::string(impl_->yaml));
    impl_->surface();
}

bool Host::running() const noexcept {
    return impl_->life != nullptr;
}

Player Host::connect(std::string_view name, const JoinOptions& options) {
    impl_->need_running();
    auto state = std::make_shared<Player::State>(*impl_);
    state->wished = name;
    impl_->players.push_back(state);
    state->connect(options);
    const Request hello = state->hello();
    impl_->settle();
    impl_->surface();
    if (!hello.answered())
        throw Failure(std::string(name) + "'s hello was not answered: the identity has not said who he is. If the store "
                                          "is held, release() it first.");
    hello.result().value();
    return Player(std::move(state));
}

Result<Player> Host::try_join(std::string_view space, std::string_view name, const JoinOptions& options) {
    try {
        Player player = connect(name, options);
        const Result<Document> answer = player.try_enter(space);
        if (!answer) return answer.error();
        return player;
    } catch (const Error& error) {
        return error;
    }
}

Player Host::join(std::string_view space, std::string_view name, const JoinOptions& options) {
    Result<Player> player = try_join(space, name, options);
    if (player) return std::move(player.value());
    const Error& error = player.error();
    throw Failure(std::string(name) + " could not enter " + std::string(space) + ": " +
                  std::string(code_name(error.code())) + " (" + error.what() +
                  "). Where a refusal is what you expect, use try_join().");
}

void Host::run() {
    impl_->need_running();
    impl_->settle();
    impl_->surface();
}

void Host::advance(Duration time) {
    impl_->advance(time);
    impl_->surface();
}

void Host::shuffle(std::uint64_t seed) {
    impl_->options.seed = seed;
    impl_->random.emplace(seed);
}

const Clock& Host::clock() const noexcept {
    return impl_->clock;
}

void Host::set_wall(WallTime wall) noexcept {
    impl_->clock.set_wall(wall);
}

void Host::inside(std::string_view space, const std::function<void(Space&)>& look) {
    run();
    core::SpaceHost& spaces = *impl_->life->spaces;
    const auto there = spaces.find(space);
    if (!there) throw Failure("no space \"" + std::string(space) + "\" is open; somebody has to join() it first");
    ManualLoop& loop = impl_->life->loops->at(there->loop().index());
    loop.enter([&] {
        const Inside inside(impl_->ledger, {Place::Kind::space, there.get(), {}, there->id(), "Host::inside"});
        look(*there);
    });
    run();
}

Store& Host::store() {
    return *impl_->store;
}

HttpResponse Host::http(std::string_view method, std::string_view target, std::string body,
                        std::vector<std::pair<std::string, std::string>> headers) {
    run();
    HttpRequest request;
    request.method = method;
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    request.body = std::move(body);
    request.headers = std::move(headers);
    request.remote = "127.0.0.1";
    const HttpRoutes& routes = impl_->life->plugins->declarations().routes;
    const HttpRoute* route = nullptr;
    std::string allowed;
    switch (routes.match(request.method, request.path, route, request.captures, allowed)) {
        case HttpRoutes::Match::found:
            break;
        case HttpRoutes::Match::wrong_method:
            return HttpResponse::text(405, "allowed: " + allowed);
        case HttpRoutes::Match::none:
            return HttpResponse::text(404, "there is no route " + request.path);
    }
    if (request.body.size() > route->max_body) return HttpResponse::text(413, "too large");
    HttpResponse answer = routes.call(*route, request);
    run();
    return answer;
}

Document Host::protocol() {
    run();
    return impl_->life->spaces->protocol();
}

double Host::metric(std::string_view name, const Labels& labels) const {
    return metric_value(impl_->metrics.text(), name, labels);
}

const std::vector<LogLine>& Host::log() const {
    return impl_->log;
}

std::vector<LogLine> Host::logged(std::string_view text) const {
    std::vector<LogLine> found;
    for (const LogLine& line : impl_->log)
        if (line.message.find(text) != std::string::npos) found.push_back(line);
    return found;
}

std::size_t Host::players() const {
    impl_->need_running();
    impl_->settle();
    return impl_->life->spaces->players();
}

std::size_t Host::spaces() const {
    impl_->need_running();
    impl_->settle();
    return impl_->life->spaces->count();
}

const std::string& Host::data_dir() const {
    return impl_->folder.path();
}

std::vector<Timing> Host::timings() const {
    return impl_->ledger.timings();
}

std::vector<Fault> Host::faults() {
    impl_->ledger.faults_seen = impl_->ledger.faults.size();
    return impl_->ledger.faults;
}

std::vector<std::string> Host::violations() {
    impl_->ledger.violations_seen = impl_->ledger.violations.size();
    return impl_->ledger.violations;
}

std::vector<std::string> Host::leaks() {
    impl_->stop();
    impl_->ledger.leaks_seen = impl_->ledger.leaks.size();
    return impl_->ledger.leaks;
}

std::pair<std::string_view, std::string_view> Host::here() noexcept {
    const Place& place = Ledger::here();
    return {place.plugin, place.handler};
}

Plugin& Host::plugin_object(std::string_view name) {
    impl_->need_running();
    const auto found = impl_->objects.find(name);
    if (found == impl_->objects.end()) throw Failure("this test has no plugin \"" + std::string(name) + "\"");
    return found->second->inner();
}

void* Host::service_object(ServiceId id) {
    impl_->need_running();
    const core::ServiceRegistry& services = impl_->life->plugins->declarations().services;
    if (void* found = services.find(id)) return found;
    throw Failure("no plugin of this test offers the service " + core::ServiceRegistry::key(id));
}

}  // namespace cairn::testkit
