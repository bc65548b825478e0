#pragma once

#include <cairn/testkit.hpp>

namespace cairn::test {

/// The examples lie in a folder of their own, as an author's plugins do.
inline testkit::Options examples() {
    testkit::Options options;
    options.plugin_dirs = {CAIRN_BINARY_DIR "/examples/lib/cairn/plugins"};
    return options;
}

}  // namespace cairn::test
