#pragma once

#include <string>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

/// Asks the server that runs on `data_dir` and gives its answer. Throws what the server answered, and Error(unavailable)
/// when none runs, or it does not answer within `at_most`. [worker]
Document ask_control(const std::string& data_dir, const Document& request, Duration at_most);

}  // namespace cairn::core
