#pragma once

#include <string>
#include <string_view>

#include <cairn/metrics.hpp>

namespace cairn::testkit {

/// The value of a metric in what /metrics answers; of a histogram the sum; 0 when it is not there. Labels in any order.
double metric_value(const std::string& exposition, std::string_view name, const Labels& labels);

}  // namespace cairn::testkit
