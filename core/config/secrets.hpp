#pragma once

#include <string>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

#include "core/config/problem_report.hpp"

namespace cairn::core {

/// Reads a secret from `{env: NAME}` or `{file: path}`; a relative path counts from the folder of the file that says
/// so. A secret in plain sight is a problem, and so is a file that others may read. Returns false when something was
/// reported. No message ever holds the secret. [control]
bool read_secret(const Document& node, const std::string& path, Secret& out, ProblemReport& report);

}  // namespace cairn::core
