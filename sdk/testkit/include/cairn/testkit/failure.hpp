#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include <cairn/testkit/export.hpp>

namespace cairn::testkit {

/// Why a test cannot go on, in a sentence that says what to do: a plugin was not found, a setting is wrong, somebody was
/// refused whom nobody meant to refuse, an SDK call came from where it is not allowed. Every test framework shows it as
/// the failure of the test that it ends.
class CAIRN_TESTKIT_API Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& what);
    ~Failure() override;
};

/// Who hears what a Host has against a test when it goes away: faults, leaks and forbidden calls that nobody has looked
/// at. A destructor cannot throw. Until somebody is named here it is written to standard error, and the program ends with
/// exit code 1 whatever its tests say. [control]
CAIRN_TESTKIT_API void report_failures_by(std::function<void(const std::string& what)> report);

}  // namespace cairn::testkit

/// Once in a program of GoogleTest, at namespace scope: such failures fail the test that they belong to.
#define CAIRN_TESTKIT_GTEST()                                                    \
    [[maybe_unused]] static const bool cairn_testkit_reports =                   \
        (::cairn::testkit::report_failures_by(                                   \
             [](const std::string& what) { ADD_FAILURE() << what; }),            \
         true);
