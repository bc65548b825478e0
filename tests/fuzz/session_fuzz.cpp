// A whole session over hand-cranked loops: each line of the input is one message of a client (or, when it begins with '!', a
// moment that passes). Whatever comes, the answers are JSON and the host goes on.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "core/spaces/space_host.hpp"
#include "tests/support/fake_connection.hpp"
#include "tests/support/manual_background.hpp"
#include "tests/support/manual_loops.hpp"
#include "tests/support/memory_storage.hpp"
#include "tests/support/plain_metrics.hpp"

namespace {

using namespace cairn;
using namespace cairn::core;
using namespace cairn::test;

struct Thing {
    std::string text;
    std::optional<Vec3> at;
    std::vector<std::int64_t> numbers;
    std::map<std::string, Document> properties;
};
void describe(Fields<Thing>& f) {
    f(&Thing::text, "text", "any text").max_length(100);
    f(&Thing::at, "at", "where");
    f(&Thing::numbers, "numbers", "some");
    f(&Thing::properties, "properties", "more");
}
struct Place {
    std::int64_t n = 0;
};
void describe(Fields<Place>& f) { f(&Place::n, "n", "who").between(0, 1000); }

class Listener final : public Behaviour {
public:
    explicit Listener(Space& space) : rows_(space.stream<Place>("moved")) {
        space.on<Thing>("say", [&space](Player& from, const Thing& thing) {
                 space.broadcast("said", {{"n", from.n()}, {"text", thing.text}});
             })
            .limit(Rate{50, Duration(1000)});
        space.on<Place>("go", [this](Player&, const Place& place) { rows_.set(static_cast<std::uint64_t>(place.n), {}, place); });
        space.on<Thing>("later", [&space](Player&, const Thing&, Reply reply) {
            auto kept = std::make_shared<Reply>(std::move(reply));
            space.after(Duration(10), [kept] { kept->ok(); });
        });
        space.on<Thing>("throw", [](Player&, const Thing& thing) { throw Error(Code::conflict, thing.text).at("d.text"); });
    }

private:
    Stream<Place> rows_;
};

class Anywhere final : public SpaceSource {
public:
    std::vector<SpaceSettings> initial() override { return {}; }
    SpaceSettings resolve(std::string_view name, std::size_t) override {
        SpaceSettings settings;
        settings.id = name;
        return settings;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ManualClock clock;
    ManualLoops loops(2, clock);
    ManualBackground background;
    MemoryStorage storage;
    PlainMetrics metrics;
    Anywhere source;
    SpaceHost::Environment environment{&loops, &background, &storage, &clock, &metrics, nullptr, &source};
    SpaceHost::Options options;
    options.close_empty_after = Duration(20);
    SpaceHost host(options, environment, {{"listener", "listener", [](Space& space) { return std::make_unique<Listener>(space); }}});
    host.serve();
    loops.settle();
    FakeConnection connection;
    std::unique_ptr<Session> session;
    loops.at(0).enter([&] { session = host.open(loops.at(0), connection, {}); });

    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (!line.empty() && line.front() == '!') clock.advance(Duration(20));
        else loops.at(0).enter([&] { session->receive(line); });
        loops.settle();
        loops.at(0).enter([&] { connection.flush(*session); });
    }
    // Only what nobody can help closes a connection of one who says too much nonsense too slowly: no hello in time.
    loops.at(0).enter([&] { session.reset(); });
    clock.advance(Duration(60));
    loops.settle();
    clock.advance(Duration(60));
    loops.settle();
    if (host.players() != 0 || host.count() != 0) std::abort();
    return 0;
}
