#pragma once

#include <string>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/testkit/host.hpp>

#include "sdk/check/check_options.hpp"
#include "sdk/check/judgement.hpp"

namespace cairn::check {

/// How a plugin is to be run: with whom, with which settings.
struct Plan {
    std::string plugin;
    std::vector<std::string> helpers;   ///< names of plugins beside it
    std::vector<std::string> settings;  ///< key=value
    std::vector<std::string> folders;

    std::string yaml() const;
    testkit::Options options(const CheckOptions& given) const;
    Document to_document() const;
    static Plan from_document(const Document& document);
};

/// Loads the plugin, judges what it declares (settings, services) and finds who offers what it needs. In a child. [control]
Plan make_plan(const CheckOptions& options, std::vector<Judgement>& judgements);

}  // namespace cairn::check
