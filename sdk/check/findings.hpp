#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <cairn/testkit/host.hpp>

#include "sdk/check/judgement.hpp"

namespace cairn::check {

/// Collects what a host of the testkit says against a plugin while it is tried.
class Findings {
public:
    /// Does `step`; what it throws is a finding.
    template <class F>
    bool may(testkit::Host& host, F&& step) {
        try {
            step();
            look(host);
            return true;
        } catch (const testkit::Failure& failure) {
            note(failure.what());
            look(host);
            return false;
        }
    }
    /// Takes over faults and forbidden calls that are new.
    void look(testkit::Host& host) {
        for (const std::string& sentence : host.violations()) note(sentence);
        for (const testkit::Fault& fault : host.faults()) {
            note("plugin " + fault.plugin + " threw in " + fault.handler +
                 (fault.space.empty() ? "" : " of space \"" + fault.space + "\"") + ": " + fault.what);
        }
    }
    void note(const std::string& sentence) {
        if (std::find(all_.begin(), all_.end(), sentence) == all_.end()) all_.push_back(sentence);
    }
    bool any() const noexcept { return !all_.empty(); }
    /// The first ones, and how many more.
    std::string text() const {
        constexpr std::size_t kShown = 3;
        std::string text;
        for (std::size_t i = 0; i < all_.size() && i < kShown; ++i) text += (i == 0 ? "" : " | ") + all_[i];
        if (all_.size() > kShown) text += " | and " + std::to_string(all_.size() - kShown) + " more";
        return text;
    }

private:
    std::vector<std::string> all_;
};

}  // namespace cairn::check
