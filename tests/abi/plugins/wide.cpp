// A plugin that uses as much of the SDK as it can, built with the frozen headers of a minor and run by today's host. It
// reports what it saw in the answer to `<name>.run`; tests/abi/abi_test.cpp knows what that must be. ABI_NAME is
// the plugin's name, so that one host can load one of each compiler.
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cairn/iso_time.hpp>
#include <cairn/plugin.hpp>
#include <cairn/services/store.hpp>
#include <cairn/text.hpp>
#include <cairn/uuid.hpp>

namespace wide {

using namespace cairn;

struct Inner {
    std::string word = "inner";
    double weight = 0.5;
};
void describe(Fields<Inner>& f) {
    f(&Inner::word, "word", "a word").length(1, 20).matching(Pattern::name);
    f(&Inner::weight, "weight", "a weight").between(0, 1).precision(0.01);
}

struct Config {
    bool on = true;
    std::int64_t number = 7;
    double ratio = 0.25;
    std::string text = "text";
    Duration period{1500};
    Bytes size{4096};
    Rate rate{100, Duration{1000}};
    Vec3 place{1, 2, 3};
    Secret secret;
    std::vector<std::string> list{"a", "b"};
    std::map<std::string, std::int64_t> map{{"one", 1}};
    std::optional<std::int64_t> maybe;
    Inner inner;
    Document any;
    std::string choice = "red";
};
void describe(Fields<Config>& f) {
    f(&Config::on, "on", "a switch");
    f(&Config::number, "number", "a number").between(0, 100).reload(Reload::live);
    f(&Config::ratio, "ratio", "a ratio").at_least(0).at_most(1);
    f(&Config::text, "text", "a text").max_length(100).example("hello");
    f(&Config::period, "period", "a time").between(Duration(1), Duration(60000));
    f(&Config::size, "size", "a size");
    f(&Config::rate, "rate", "a rate");
    f(&Config::place, "place", "a place");
    f(&Config::secret, "secret", "a secret");
    f(&Config::list, "list", "a list").length(0, 10);
    f(&Config::map, "map", "a map");
    f(&Config::maybe, "maybe", "perhaps a number");
    f(&Config::inner, "inner", "a struct");
    f(&Config::any, "any", "anything");
    f(&Config::choice, "choice", "a choice").one_of({"red", "blue"}).check([](const std::string& text) {
        return text == "red" ? std::string() : std::string("must be red");
    });
}

struct Run {
    std::string word = "go";
    std::vector<Inner> inners;
    std::optional<Vec3> at;
};
void describe(Fields<Run>& f) {
    f(&Run::word, "word", "a word").required();
    f(&Run::inners, "inners", "structs");
    f(&Run::at, "at", "a place");
}

struct Row {
    std::string id;
    std::string word;
    std::int64_t number = 0;
    double ratio = 0;
    bool on = false;
    Document any;
    std::optional<std::string> maybe;
};
void describe(Fields<Row>& f) {
    f(&Row::id, "id", "key").required();
    f(&Row::word, "word", "a word");
    f(&Row::number, "number", "a number");
    f(&Row::ratio, "ratio", "a ratio");
    f(&Row::on, "is_on", "a switch");
    f(&Row::any, "anything", "JSON");
    f(&Row::maybe, "maybe", "perhaps a text");
}

struct Position {
    std::uint32_t n = 0;
    double x = 0;
};
void describe(Fields<Position>& f) {
    f(&Position::n, "n", "who");
    f(&Position::x, "x", "where").precision(0.01);
}

/// A service of the plugin itself, offered and asked for.
struct Greeter {
    static constexpr ServiceId kService{ABI_NAME ".greeter", 1};
    virtual ~Greeter() = default;
    virtual std::string greet(std::string_view who) = 0;  // [any]
};
struct Nobody {
    static constexpr ServiceId kService{ABI_NAME ".nobody", 3};
    virtual ~Nobody() = default;
};

const std::string kName = ABI_NAME;

/// Facts of the process that spaces and routes look at.
struct Shared {
    std::shared_ptr<const Config> config;
    Service<services::Store> store;
    Table<Row> table;
    const Collection* kept = nullptr;
    const Collection* loose = nullptr;
    Runtime* runtime = nullptr;
    std::atomic<int> served{0};
};

class Room final : public Behaviour {
public:
    Room(Space& space, std::shared_ptr<Shared> shared) : space_(space), shared_(std::move(shared)) {
        const auto hold = space.hold("what " + kName + " remembers");
        space.storage().query({"SELECT count(*) AS n FROM " + kName + "_rows WHERE id <> $1", {"none"}, true},
                              [this, hold](Result<Rows> rows) {
                                  if (!rows) return hold->fail(rows.error());
                                  before_ = rows.value().front()["n"].integer_or(-1);
                              });
        positions_ = space.stream<Position>(kName + ".moved");
        space.on<Run>(kName + ".run", [this](Player& from, const Run& run, Reply reply) {
                 start(from, run, std::make_shared<Reply>(std::move(reply)));
             })
            .limit({50, Duration(1000)})
            .meaning("does everything");
        space.on<Inner>(kName + ".echo", [](Player& from, const Inner& inner) -> Document {
            return {{"word", inner.word}, {"weight", inner.weight}, {"by", from.id()}};
        });
        space.on<Inner>(kName + ".refuse", [](Player&, const Inner& inner) {
            throw Error(Code::conflict, "not " + inner.word).at("d.word").retry_after(std::chrono::milliseconds(250));
        });
        space.on_join([this](Player& player) { ++joined_[player.id()]; });
        space.on_leave([this](Player& player, LeaveReason reason) {
            joined_.erase(player.id());
            space_.broadcast(kName + ".gone", {{"why", leave_reason_name(reason)}});
        });
        space.on_tick([this](Duration since) { ticked_ = ticked_ || since.count() >= 0; });
        space.on_state(kName, [this](Player& joining) {
            auto written = std::make_shared<bool>(false);
            StateSection section;
            section.count = 1;
            section.next = [this, written, n = joining.n()](JsonWriter& out) {
                if (std::exchange(*written, true)) return false;
                out.begin_object().key("n").integer(n).key("before").integer(before_).end_object();
                return true;
            };
            return section;
        });
        space.on_tell(kName + ".topic", [this](const Document& message) { told_ = message["word"].text(); });
        every_ = space.every(Duration(10), [this] { ++beats_; });
    }

private:
    void start(Player& from, const Run& run, const SharedReply& reply) {
        Document seen{{"word", run.word}, {"inners", run.inners.size()}, {"at", run.at ? run.at->y : -1}};
        seen.set("space", space_.id()).set("players", space_.player_count());
        seen.set("room_for", space_.max_players() > 0).set("settings", space_.settings().is_null() ? "none" : "some");
        seen.set("found", space_.player(from.n()) == &from && space_.player(from.id()) == &from);
        std::int64_t visited = 0;
        space_.each_player([&visited](Player&) { ++visited; });
        seen.set("visited", visited);
        seen.set("remote", from.remote()).set("agent", !from.user_agent().empty() || from.user_agent().empty());
        seen.set("admin", from.has_role("admin")).set("joined", joined_[from.id()]);
        from.set_avatar("/avatars/wide.png");
        seen.set("avatar", from.avatar());
        from.send(kName + ".alone", {{"n", from.n()}}, Delivery::latest);
        from.send_json(kName + ".alone", "{\"json\":true}");
        space_.broadcast_json(kName + ".json", "{\"raw\":[1,2]}");
        space_.broadcast_except(from, kName + ".others", {{"by", from.id()}});
        positions_.set(from.n(), {1, 0, 0}, {from.n(), 1.234});
        positions_.set(999999, {0, 0, 0}, {999999, 0});
        positions_.forget(999999);
        seen.set("settings_read", settings_read());
        seen.set("documents", documents());
        seen.set("texts", texts());
        space_.cancel(space_.after(Duration(3600000), [] {}));
        space_.tell(space_.id(), kName + ".topic", {{"word", "told"}});
        space_.log().info("running", {{"by", from.id()}});
        seen.set("clock", space_.clock().wall() > 1600000000000 && space_.clock().steady().time_since_epoch().count() > 0);
        store(from.id(), std::move(seen), reply);
    }

    Document settings_read() const {
        const Config& c = *shared_->config;
        return {{"on", c.on},
                {"number", c.number},
                {"ratio", c.ratio},
                {"period", c.period.count()},
                {"size", c.size.value},
                {"rate", c.rate.count},
                {"place", c.place.z},
                {"secret", c.secret.reveal()},
                {"list", c.list.size()},
                {"map", c.map.count("two")},
                {"maybe", c.maybe.value_or(-1)},
                {"inner", c.inner.word},
                {"any", c.any["deep"].integer_or(0)}};
    }

    static Document documents() {
        Document list = Document::list({1, 2.5, "three", nullptr, true});
        list.push(Document{{"k", "v"}});
        Document copy = list;
        copy.push(7);
        const Document parsed = Document::parse_json(list.to_json());
        std::string out;
        JsonWriter writer(out);
        writer.begin_object().key("a").begin_array().integer(1).number(0.1234, 0.01).boolean(true).null().end_array();
        writer.key("v").vector({1, 2, 3}).key("t").text("<!").key("d").document({{"x", 1}}).key("r").raw("[0]");
        writer.key("s").value(Inner{}).end_object();
        const Inner back = from_json<Inner>(to_json(Inner{"round", 0.25}));
        Document removed{{"a", 1}, {"b", 2}};
        const bool gone = removed.remove("a") && removed.find("a") == nullptr;
        return {{"same", parsed == list},        {"size", copy.size()}, {"written", Document::parse_json(out)["a"].size()},
                {"back", back.word},             {"gone", gone},        {"unicode", out.find("<!") == std::string::npos},
                {"items", make_list().items().size()}};
    }
    static Document make_list() { return Document::list({1, 2}); }

    static Document texts() {
        std::size_t at = 0;
        const char32_t first = next_code_point("\xC3\xA4x", at);
        const std::vector<std::string_view> words{"sides", "count"};
        return {{"points", code_points("h\xC3\xA4").value_or(0)},
                {"first", first == U'\u00e4' && at == 2},
                {"line", matches(Pattern::line, "a\nb")},
                {"words", !pattern_words(Pattern::url).empty()},
                {"near", nearest_name("side", words)},
                {"uuid", is_uuid(new_uuid()) && is_uuid(new_uuid_at(1, 2)) && !is_uuid("no")},
                {"time", read_iso_time("2026-01-31T12:00:00.000Z").value_or(0)},
                {"code", code_name(Code::rate_limited)}};
    }

    void store(const std::string& player, Document seen, const SharedReply& reply) {
        Row row{"row-" + player, "kept", 41, 0.5, true, {{"deep", Document::list({1, 2})}}, std::nullopt};
        Commit commit;
        commit.by(player).operation("op-" + player + new_uuid()).answer("{\"again\":true}").of(*shared_->kept);
        shared_->table.put(commit, row);
        row.id = "gone-" + player;
        shared_->table.put(commit, row);
        shared_->table.erase(commit, row);
        space_.storage().commit(std::move(commit), [this, seen, reply, player](Result<Committed> done) mutable {
            if (!done) return reply->refuse(done.error());
            seen.set("committed", done.value().seq > 0 && !done.value().repeated);
            Commit loose;
            loose.of(*shared_->loose).coalesced();
            shared_->table.put(loose, Row{"loose-" + player, "loose", 1, 0, false, {}, "there"});
            space_.storage().commit(std::move(loose));
            load(player, std::move(seen), reply);
        });
    }

    void load(const std::string& player, Document seen, const SharedReply& reply) {
        space_.storage().load<Row>(
            {"SELECT * FROM " + kName + "_rows WHERE id = $1", {"row-" + player}},
            [this, seen, reply, player](Result<std::vector<Row>> rows) mutable {
                if (!rows) return reply->refuse(rows.error());
                const std::vector<Row>& got = rows.value();
                if (got.empty() && ++tries_ < 200) {  // the store follows the journal
                    space_.after(Duration(20), [this, player, seen, reply] { load(player, seen, reply); });
                    return;
                }
                seen.set("rows", got.size());
                if (!got.empty()) {
                    seen.set("row", Document{{"word", got[0].word},
                                             {"number", got[0].number},
                                             {"ratio", got[0].ratio},
                                             {"on", got[0].on},
                                             {"deep", got[0].any["deep"].size()},
                                             {"maybe", got[0].maybe.value_or("absent")}});
                }
                work(std::move(seen), reply);
            });
    }

    void work(Document seen, const SharedReply& reply) {
        const Task task = space_.background().compute<std::int64_t>(
            Lane::general, "a sum",
            [](const Task& self) -> std::int64_t {
                std::int64_t sum = 0;
                for (int i = 0; i < 1000 && !self.cancelled(); ++i) sum += i;
                return sum;
            },
            [this, seen, reply](Result<std::int64_t> sum) mutable {
                seen.set("sum", sum ? sum.value() : -1);
                space_.background().compute<int>(
                    Lane::files, "a refusal", [](const Task&) -> int { throw Error(Code::not_found, "not here"); },
                    [this, seen, reply](Result<int> nothing) mutable {
                        seen.set("refused", nothing ? "no" : code_name(nothing.error().code()));
                        space_.post([this, seen, reply]() mutable { finish(std::move(seen), reply); });
                    });
            });
        seen_task_ = task.state() != nullptr;
    }

    void finish(Document seen, const SharedReply& reply) {
        if ((!ticked_ || beats_ == 0) && ++tries_ < 400) {  // all of it may have been faster than the first tick
            space_.after(Duration(20), [this, seen, reply] { finish(seen, reply); });
            return;
        }
        seen.set("told", told_).set("beats", beats_ > 0).set("ticked", ticked_).set("task", seen_task_);
        seen.set("engine", shared_->store ? shared_->store->engine() : std::string_view("none"));
        seen.set("tables", shared_->runtime->tables().size() > 0);
        reply->ok_json(seen.to_json());
        if (!reply->answered()) space_.log().error("not answered");
    }

    Space& space_;
    std::shared_ptr<Shared> shared_;
    Stream<Position> positions_;
    std::map<std::string, std::int64_t> joined_;
    std::int64_t before_ = -1;
    std::string told_;
    TimerId every_ = 0;
    int beats_ = 0;
    int tries_ = 0;
    bool ticked_ = false;
    bool seen_task_ = false;
};

class Wide final : public Plugin, public Greeter {
    void setup(Setup& setup) override {
        auto& s = *shared_;
        s.config = setup.config<Config>();
        s.store = setup.require<services::Store>();
        s.table = setup.table<Row>(kName + "_rows", {"id"});
        s.kept = &setup.collection("rows", Durability::durable, "what the plugin of an older minor keeps");
        s.loose = &setup.collection("loose", Durability::coalesced, "what may be a little behind");
        setup.provide<Greeter>(*this);
        nobody_ = setup.want<Nobody>();
        setup.behaviour(kName, [shared = shared_](Space& space) { return std::make_unique<Room>(space, shared); });
        setup.route({"GET", "/" + kName + "/{what}", [this](const HttpRequest& request) { return answer(request); }, 1024});
        HttpFiles files;
        files.prefix = "/" + kName + "/files/";
        files.folder = setup.share_dir() + "/sql";
        files.headers = {{"X-Wide", "1"}};
        setup.files(files);
        setup.health(kName, [shared = shared_] { return Setup::HealthReport{true, {{"served", shared->served.load()}}}; });
        ExchangeSection section;
        section.name = kName;
        section.list = true;
        section.rows = {"SELECT * FROM " + kName + "_rows WHERE id <> $1 ORDER BY id", {}};
        section.write = [](const Document& row) { return std::pair<std::string, Document>(row["id"].text(), row); };
        section.read = [table = s.table](std::string_view, const std::string&, const Document& entry, Commit& commit) {
            table.put(commit, from_json<Row>(entry.to_json()));
        };
        setup.exchange(section);
    }

    void start(Runtime& runtime) override {
        shared_->runtime = &runtime;
        runtime.metrics().counter("cairn_" + kName + "_starts_total", "starts", {{"kind", "wide"}}).add();
        runtime.metrics().gauge("cairn_" + kName + "_level", "a level").set(3);
        runtime.metrics().histogram("cairn_" + kName + "_seconds", "times", {0.1, 1}).observe(0.5);
        runtime.schedule("0 0 1 1 *", "new year", [](const Task&) {});
        runtime.log().info("started", {{"data", !runtime.data_dir().empty()}, {"folder", !runtime.plugin_dir().empty()}});
    }

    void ready(Runtime& runtime) override {
        runtime.announce(kName, "loops " + std::to_string(runtime.loops().size() > 0 ? 1 : 0));
        runtime.spaces().broadcast(kName + ".ready", {{"spaces", runtime.spaces().count()}});
        runtime.spaces().tell("main", kName + ".topic", {{"word", "ready"}});
    }
    void drain() override { shared_->runtime->log().info("draining"); }
    void stop() override { shared_->runtime->log().info("stopped"); }

    std::string greet(std::string_view who) override { return "hello " + std::string(who); }

    HttpResponse answer(const HttpRequest& request) {
        ++shared_->served;
        if (request.capture("what") == "text") return HttpResponse::text(202, request.query_value("q"));
        return HttpResponse::json(200, {{"method", request.method},
                                        {"path", request.path},
                                        {"what", request.capture("what")},
                                        {"host", !request.header("host").empty()},
                                        {"nobody", static_cast<bool>(nobody_)},
                                        {"players", shared_->runtime->spaces().players()},
                                        {"sessions", shared_->runtime->sessions().sessions_open()}});
    }

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
    Service<Nobody> nobody_;
};

}  // namespace wide

CAIRN_PLUGIN(wide::Wide, ABI_NAME, "1.0.0")
