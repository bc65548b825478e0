#pragma once

#include <functional>
#include <string>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

namespace cairn::check {

/// What became of a judgement that ran in a process of its own, so that a plugin that crashes or hangs only ends that.
struct ChildOutcome {
    Document answer;     ///< what it said; null when it did not come to that
    std::string trouble; ///< how it ended otherwise: "it was killed by signal 11 (Segmentation fault) in …"
};

/// Runs `work` in a child process. `work` may tell where it is by the function it is given; that stands in `trouble`.
/// REQUIRES: this process has no other threads. [control]
ChildOutcome run_in_child(Duration deadline,
                          const std::function<Document(const std::function<void(const std::string& where)>& at)>& work);

}  // namespace cairn::check
