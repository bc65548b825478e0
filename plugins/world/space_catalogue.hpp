#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/plugin.hpp>

#include "plugins/world/rows.hpp"
#include "plugins/world/world_config.hpp"

namespace cairn::world {

/// Which spaces there are, and what each is like: those of the YAML, and those that a link opens.
///
/// The settings that a space gets carry its id (the UUID of its row in `spaces`), so that every behaviour of it can
/// write rows that belong together: {id, public, bounds, permanent}.
class SpaceCatalogue final : public SpaceSource {
public:
    explicit SpaceCatalogue(std::shared_ptr<const Config> config) : config_(std::move(config)) {}

    /// Takes the spaces that have a row already. [control]
    void known(const std::vector<SpaceNameRow>& rows);
    /// From now on `name` has this row. [any]
    void remember(const std::string& name, const std::string& id);

    std::vector<SpaceSettings> initial() override;
    /// `name` is a space's name, or the id of a space that has a row (D16), or empty for the default space.
    SpaceSettings resolve(std::string_view name, std::size_t open_on_demand) override;

private:
    SpaceSettings settings(const std::string& name, const SpaceConfig& space, bool permanent);

    const std::shared_ptr<const Config> config_;
    std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> id_of_;
    std::map<std::string, std::string, std::less<>> name_of_;
};

}  // namespace cairn::world
