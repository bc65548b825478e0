#include "sdk/testkit/src/metric_value.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace cairn::testkit {
namespace {

/// `{a="b",c="d"}` in order; escapes are left as they are.
std::vector<std::string> labels_of(std::string_view text) {
    std::vector<std::string> labels;
    std::string label;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted) {
            labels.push_back(std::move(label));
            label.clear();
        } else if (c != '"') {
            label += c;
        }
    }
    if (!label.empty()) labels.push_back(std::move(label));
    std::sort(labels.begin(), labels.end());
    return labels;
}

}  // namespace

double metric_value(const std::string& exposition, std::string_view name, const Labels& labels) {
    std::vector<std::string> wanted;
    for (const auto& [label, value] : labels) wanted.push_back(label + "=" + value);
    std::sort(wanted.begin(), wanted.end());
    const std::string sum = std::string(name) + "_sum";
    for (std::size_t begin = 0; begin < exposition.size();) {
        const std::size_t end = std::min(exposition.find('\n', begin), exposition.size());
        const std::string_view line = std::string_view(exposition).substr(begin, end - begin);
        begin = end + 1;
        if (line.empty() || line.front() == '#') continue;
        const std::size_t close = line.rfind('}');
        const std::size_t open = close == std::string_view::npos ? close : line.find('{');
        const std::size_t space = close == std::string_view::npos ? line.find(' ') : close + 1;
        if (space == std::string_view::npos) continue;
        const std::string_view here = line.substr(0, std::min(open, space));
        if (here != name && here != sum) continue;
        const auto has = open == std::string_view::npos ? std::vector<std::string>()
                                                        : labels_of(line.substr(open + 1, close - open - 1));
        if (has == wanted) return std::strtod(std::string(line.substr(space)).c_str(), nullptr);
    }
    return 0;
}

}  // namespace cairn::testkit
