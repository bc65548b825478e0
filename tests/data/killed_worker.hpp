#pragma once

#include <string>

namespace cairn::test {

/// The first argument of this program when it is to be killed.
inline constexpr const char* kWorkerWord = "--worker";

/// Commits until it is killed: three threads, each commit a deed of the thread, one point for the thread and one for
/// everybody. Each answer is a line "name number" on the standard output. Returns only when something is wrong.
int work_until_killed(const std::string& database, const std::string& folder, const std::string& ack);

}  // namespace cairn::test
