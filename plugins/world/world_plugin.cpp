#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>
#include <cairn/services/store.hpp>

#include "plugins/world/exchange.hpp"
#include "plugins/world/session_cleanup.hpp"
#include "plugins/world/space_catalogue.hpp"
#include "plugins/world/world_config.hpp"
#include "plugins/world/world_space.hpp"

namespace cairn::world {

/// Spaces, the people in them and the objects they place.
class WorldPlugin final : public Plugin, public SpaceSource {
public:
    void setup(Setup& setup) override {
        config_ = setup.config<Config>();
        store_ = setup.require<services::Store>();
        tables_.spaces = setup.table<SpaceRow>("spaces", {"id"});
        tables_.sessions = setup.table<SessionRow>("sessions", {"id"});
        tables_.objects = setup.table<ObjectRow>("world_objects", {"space_id", "object_id"});
        kept_ = declare_collections(setup);
        setup.exchange(space_section(tables_.spaces));
        std::vector<ExchangeSection> sections = scene_sections(tables_.objects);
        for (ExchangeSection& section : sections) setup.exchange(std::move(section));
        setup.provide<SpaceSource>(*this);
        setup.behaviour("world", [this](Space& space) {
            return std::make_unique<WorldSpace>(space, *config_, tables_, kept_, *catalogue_,
                                                store_->engine() == "postgres");
        });
        setup.health("world", [] {
            return Setup::HealthReport{true,
                                       {{"users", WorldSpace::users()}, {"objects", Scene::total()}, {"models", 0}}};
        });
    }

    void start(Runtime& runtime) override {
        if (config_->on_demand == 0 && !config_->spaces.contains(config_->default_space)) {
            throw Error(Code::invalid_field,
                        "plugins.world.default_space names `" + config_->default_space +
                            "`, which is not among plugins.world.spaces; add it there, name another, "
                            "or allow spaces on demand");
        }
        catalogue_ = std::make_unique<SpaceCatalogue>(config_);
        auto read = std::make_shared<std::promise<Result<std::vector<SpaceNameRow>>>>();
        auto rows = read->get_future();
        runtime.storage().load<SpaceNameRow>(
            {std::string(kSelectSpaceNames), {}},
            [read](Result<std::vector<SpaceNameRow>> names) { read->set_value(std::move(names)); });
        if (rows.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
            throw Error(Code::unavailable, "world: the store has not answered which spaces there are within 60 s");
        }
        catalogue_->known(rows.get().value());
        if (config_->sessions.keep.count() > 0) {
            cleanup_.emplace(runtime.storage(), runtime.clock(), runtime.log(), tables_.sessions,
                             config_->sessions.keep);
            runtime.schedule(config_->sessions.cleanup, "take out old sessions",
                             [this](const Task& task) { cleanup_->run(task); });
        }
    }

    std::vector<SpaceSettings> initial() override { return catalogue_->initial(); }
    SpaceSettings resolve(std::string_view name, std::size_t open_on_demand) override {
        return catalogue_->resolve(name, open_on_demand);
    }

private:
    std::shared_ptr<const Config> config_;
    Service<services::Store> store_;
    Tables tables_;
    Collections kept_;
    std::unique_ptr<SpaceCatalogue> catalogue_;
    std::optional<SessionCleanup> cleanup_;
};

}  // namespace cairn::world

CAIRN_PLUGIN(cairn::world::WorldPlugin, "world", "0.1.0")
