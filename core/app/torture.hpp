#pragma once

#include "core/app/command.hpp"

namespace cairn::core {

Command torture_command();
/// What torture starts; not in the help.
Command torture_worker_command();

}  // namespace cairn::core
