#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sdk/check/check_options.hpp"
#include "sdk/check/judgement.hpp"
#include "sdk/check/plan.hpp"

namespace cairn::check {

/// Tells where a judgement is, for the case that it does not come back.
using At = std::function<void(const std::string& where)>;

/// The file itself: descriptor, build, exported symbols. Runs nothing of it. [control]
std::vector<Judgement> judge_file(const CheckOptions& options);

// Each runs the plugin in the testkit, in a child process. [control]

/// Many starts and stops: what stays behind, how long stopping takes.
std::vector<Judgement> judge_lives(const CheckOptions& options, const Plan& plan, const At& at);
/// People who come, go, lose their connection and come back, in an order that a seed chooses.
std::vector<Judgement> judge_crowd(const CheckOptions& options, const Plan& plan, const At& at);
/// Every message that it declares, with bodies that nobody should send.
std::vector<Judgement> judge_bodies(const CheckOptions& options, const Plan& plan, const At& at);

}  // namespace cairn::check
