#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/app/command.hpp"
#include "core/app/migrate_session.hpp"

namespace cairn::core {

/// What the verbs of `cairn migrate` have in common: reads the configuration, prints its problems, opens the session and
/// hands it on. `make` as for MigrateSession. [control]
int with_migrations(const Arguments& arguments, Terminal& terminal, bool make,
                    const std::function<int(MigrateSession&)>& work);

/// The text for `cairn help`: the lines about -c and --set between the two.
std::string migrate_details(std::string_view before, std::string_view after);

}  // namespace cairn::core
