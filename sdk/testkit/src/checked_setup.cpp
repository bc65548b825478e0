#include "sdk/testkit/src/checked_setup.hpp"

#include <utility>

#include "sdk/testkit/src/checked_space.hpp"

namespace cairn::testkit {
namespace {

struct Erased : Setup {
    static auto config() noexcept { return &Erased::config_erased; }
    static auto provide() noexcept { return &Erased::provide_erased; }
    static auto require() noexcept { return &Erased::require_erased; }
    static auto table() noexcept { return &Erased::table_erased; }
};

}  // namespace

void CheckedSetup::behaviour(std::string name, std::function<std::unique_ptr<Behaviour>(Space&)> make) {
    ledger_.need_setup(plugin_, "Setup::behaviour");
    if (!make) return inner_.behaviour(std::move(name), nullptr);
    inner_.behaviour(std::move(name), [&ledger = ledger_, plugin = plugin_, make = std::move(make)](Space& space) {
        return CheckedSpace::dress(ledger, plugin, space, make);
    });
}

const Collection& CheckedSetup::collection(std::string name, Durability usual, std::string meaning) {
    ledger_.need_setup(plugin_, "Setup::collection");
    return inner_.collection(std::move(name), usual, std::move(meaning));
}

void CheckedSetup::exchange(ExchangeSection section) {
    ledger_.need_setup(plugin_, "Setup::exchange");
    inner_.exchange(std::move(section));
}

void CheckedSetup::route(HttpRoute route) {
    ledger_.need_setup(plugin_, "Setup::route");
    if (route.handler) {
        route.handler = [&ledger = ledger_, plugin = plugin_, what = route.method + " " + route.pattern,
                         handler = std::move(route.handler)](const HttpRequest& request) {
            return call_plugin(ledger, {Place::Kind::worker, nullptr, plugin, {}, what}, true,
                               [&] { return handler(request); });
        };
    }
    inner_.route(std::move(route));
}

void CheckedSetup::files(HttpFiles files) {
    ledger_.need_setup(plugin_, "Setup::files");
    inner_.files(std::move(files));
}

void CheckedSetup::health(std::string name, std::function<HealthReport()> report) {
    ledger_.need_setup(plugin_, "Setup::health");
    if (report) {
        report = [&ledger = ledger_, plugin = plugin_, report = std::move(report)] {
            return call_plugin(ledger, {Place::Kind::worker, nullptr, plugin, {}, "health"}, true, report);
        };
    }
    inner_.health(std::move(name), std::move(report));
}

void CheckedSetup::config_erased(const StructType& type, void* value, std::shared_ptr<void> keep) {
    ledger_.need_setup(plugin_, "Setup::config");
    (inner_.*Erased::config())(type, value, std::move(keep));
}

void CheckedSetup::provide_erased(ServiceId id, void* service) {
    ledger_.need_setup(plugin_, "Setup::provide");
    (inner_.*Erased::provide())(id, service);
}

std::shared_ptr<void*> CheckedSetup::require_erased(ServiceId id, bool required) {
    ledger_.need_setup(plugin_, required ? "Setup::require" : "Setup::want");
    return (inner_.*Erased::require())(id, required);
}

const TableSpec& CheckedSetup::table_erased(std::string name, std::vector<std::string> key, const StructType& row) {
    ledger_.need_setup(plugin_, "Setup::table");
    return (inner_.*Erased::table())(std::move(name), std::move(key), row);
}

}  // namespace cairn::testkit
