#pragma once

#include <memory>
#include <string>

#include <cairn/plugin.hpp>

#include "sdk/testkit/src/ledger.hpp"

namespace cairn::testkit {

/// What a plugin declares with, checked; behaviours and handlers that it registers get checked surroundings.
class CheckedSetup final : public Setup {
public:
    CheckedSetup(Ledger& ledger, std::string plugin, Setup& inner)
        : ledger_(ledger), plugin_(std::move(plugin)), inner_(inner) {}

    void behaviour(std::string name, std::function<std::unique_ptr<Behaviour>(Space&)> make) override;
    const Collection& collection(std::string name, Durability usual, std::string meaning) override;
    void exchange(ExchangeSection section) override;
    void route(HttpRoute route) override;
    void files(HttpFiles files) override;
    void health(std::string name, std::function<HealthReport()> report) override;
    const std::string& share_dir() const noexcept override { return inner_.share_dir(); }

protected:
    void config_erased(const StructType& type, void* value, std::shared_ptr<void> keep) override;
    void provide_erased(ServiceId id, void* service) override;
    std::shared_ptr<void*> require_erased(ServiceId id, bool required) override;
    const TableSpec& table_erased(std::string name, std::vector<std::string> key, const StructType& row) override;

private:
    Ledger& ledger_;
    const std::string plugin_;
    Setup& inner_;
};

}  // namespace cairn::testkit
