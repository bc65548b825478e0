#include "plugins/world/space_catalogue.hpp"

#include <cairn/error.hpp>
#include <cairn/uuid.hpp>

namespace cairn::world {

void SpaceCatalogue::known(const std::vector<SpaceNameRow>& rows) {
    for (const SpaceNameRow& row : rows) remember(row.name, row.id);
}

void SpaceCatalogue::remember(const std::string& name, const std::string& id) {
    const std::lock_guard lock(mutex_);
    id_of_[name] = id;
    name_of_[id] = name;
}

std::vector<SpaceSettings> SpaceCatalogue::initial() {
    std::vector<SpaceSettings> all;
    for (const auto& [name, space] : config_->spaces) all.push_back(settings(name, space, true));
    return all;
}

SpaceSettings SpaceCatalogue::resolve(std::string_view asked, std::size_t open_on_demand) {
    std::string name(asked.empty() ? std::string_view(config_->default_space) : asked);
    if (is_uuid(name)) {
        const std::lock_guard lock(mutex_);
        if (const auto found = name_of_.find(name); found != name_of_.end()) name = found->second;
    }
    if (const auto found = config_->spaces.find(name); found != config_->spaces.end()) {
        return settings(name, found->second, true);
    }
    if (const std::string problem = space_name_problem(name); !problem.empty()) {
        throw Error(Code::invalid_field, problem).at("d.space");
    }
    if (config_->on_demand == 0) throw Error(Code::not_found, "there is no space `" + name + "` here").at("d.space");
    if (open_on_demand >= static_cast<std::size_t>(config_->on_demand)) {
        throw Error(Code::full, "too many spaces are open at the moment; try again when one has emptied")
            .at("d.space")
            .retry_after(Duration(30'000));
    }
    const OnDemandConfig& like = config_->on_demand_settings;
    return settings(name, {true, like.max_users, like.bounds, like.tick}, false);
}

SpaceSettings SpaceCatalogue::settings(const std::string& name, const SpaceConfig& space, bool permanent) {
    std::string id;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = id_of_.find(name); found != id_of_.end()) id = found->second;
    }
    // A new id is remembered only once its row is on disk; until then each asking makes another one.
    if (id.empty()) id = new_uuid();
    SpaceSettings made;
    made.id = name;
    made.max_players = static_cast<std::size_t>(space.max_users);
    made.tick = space.tick;
    made.permanent = permanent;
    made.settings = {{"id", id}, {"public", space.is_public}, {"bounds", space.bounds}, {"permanent", permanent}};
    return made;
}

}  // namespace cairn::world
