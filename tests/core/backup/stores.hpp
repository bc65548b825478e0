#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "tests/core/backup/file_store.hpp"
#include "tests/core/backup/world.hpp"

namespace cairn::core::test {

/// A kind of store that the tests run on.
struct StoreCase {
    std::string name;
    World::Make make;
};

inline void PrintTo(const StoreCase& store, std::ostream* out) {
    *out << store.name;
}

inline World::Make file_store() {
    return [](const std::string& folder) { return std::make_shared<FileStore>(folder + "/world.db"); };
}

inline std::string case_name(const ::testing::TestParamInfo<StoreCase>& info) {
    return info.param.name;
}

}  // namespace cairn::core::test
