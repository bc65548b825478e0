#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <cairn/values.hpp>

namespace cairn::check {

/// What the command line of cairn-check says.
struct CheckOptions {
    std::string file;                  ///< the plugin to judge
    std::vector<std::string> with;     ///< plugin files that it needs
    std::vector<std::string> dirs;     ///< more folders to look for those in
    std::vector<std::string> sql;      ///< folders like sql/
    std::vector<std::string> settings; ///< key=value, as `cairn run --set`
    int starts = 100;
    int crowd = 2000;     ///< steps of people who come and go
    int bodies = 100;     ///< random bodies per message, beside those that are made on purpose
    Duration handler{50};
    Duration stop{5000};
    Duration deadline{120'000};  ///< of one judgement
    std::uint64_t seed = 1;
    bool json = false;
};

}  // namespace cairn::check
