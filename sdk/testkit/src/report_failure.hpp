#pragma once

#include <string>

namespace cairn::testkit {

/// To whom report_failures_by() named. [any]
void report_failure(const std::string& what) noexcept;

}  // namespace cairn::testkit
