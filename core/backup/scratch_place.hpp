#pragma once

#include <memory>
#include <string>

#include "core/backup/store_kit.hpp"

namespace cairn::core {

/// A second place of the store for a while: to look at a backup, to restore into. It is removed at the end, and when
/// the process is killed meanwhile, at the next start: a line in `data_dir/scratch/` says that it is there. [worker]
class ScratchPlace {
public:
    /// `reason` becomes part of the name: "verify", "drill", "restore". Throws Error.
    ScratchPlace(const StoreKit& kit, const std::string& reason);
    /// A place that people named. What stands there already is never touched: fill() refuses it.
    ScratchPlace(const StoreKit& kit, const std::string& reason, std::string named);
    ~ScratchPlace();
    ScratchPlace(const ScratchPlace&) = delete;
    ScratchPlace& operator=(const ScratchPlace&) = delete;

    const std::string& place() const noexcept { return place_; }
    services::Store& store() noexcept { return *store_; }
    /// As Store::fill; Error(conflict) when something stands there.
    void fill(const std::string& path);
    /// Closes and removes what is there, to begin again at the same place.
    void clear();
    /// From now on the place belongs to somebody else. Closes the store.
    void release();

private:
    const StoreKit& kit_;
    std::string place_;
    std::string record_;  ///< empty: a place that people named
    std::unique_ptr<services::Store> store_;
    bool owned_ = true;  ///< to be removed at the end
};

/// Removes the places that a killed process left, those whose line is in `data_dir/scratch/`. What cannot be removed is
/// logged and tried again next time. [control]
void sweep_scratch_places(const StoreKit& kit);

}  // namespace cairn::core
