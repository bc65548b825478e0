#pragma once

#include <string>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

#include "core/app/arguments.hpp"
#include "core/app/command.hpp"

namespace cairn::core {

/// The data folder that the configuration files of the arguments name, though they may be wrong elsewhere. Empty: the problems
/// that keep it from being known have been printed. [control]
std::string data_dir_of(const Arguments& arguments, Terminal& terminal);

}  // namespace cairn::core
