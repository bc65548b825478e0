#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace cairn::check {

/// The program: judges the plugin that `words` name and prints one line per judgement. Returns 0 when nothing is wrong
/// with it, 1 when something is, 2 when the command line is not understood or there is no such file. [control]
int run_check(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

}  // namespace cairn::check
