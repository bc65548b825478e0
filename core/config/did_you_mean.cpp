#include <cairn/text.hpp>

#include "core/config/configuration.hpp"

namespace cairn::core {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const std::vector<std::string_view> views(candidates.begin(), candidates.end());
    return std::string(nearest_name(word, views));
}

}  // namespace cairn::core
