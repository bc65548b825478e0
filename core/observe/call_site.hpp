#pragma once

namespace cairn::core {

/// A host→plugin call site: who is called. All pointers come from intern() or are literals: they last.
struct CallSite {
    const char* plugin = nullptr;
    const char* space = nullptr;  ///< nullptr outside of spaces
    const char* handler = nullptr;
};

}  // namespace cairn::core
