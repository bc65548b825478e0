#pragma once

#include <cstdint>
#include <string>

#include <cairn/services/store.hpp>

namespace cairn::core {

/// What a database says about the journal that it belongs to.
struct StoreNotes {
    bool kept = false;    ///< the store can keep notes at all
    std::string journal;  ///< the id of its journal; empty: it has never had one
    bool clean = false;   ///< it was closed with everything in it
};

/// [control]
StoreNotes read_notes(services::Store& store);

/// Throws Error(conflict) when the journal in `folder` is not the one of the database, unless nothing can be lost by it
/// or `allow_loss`. `id`: of the journal found there, empty when there is none; `empty`: it holds no commits. [control]
void check_journal_is_ours(const StoreNotes& notes, std::uint64_t watermark, const std::string& folder,
                           const std::string& id, bool empty, bool allow_loss);

/// Notes that the database belongs to journal `id` and is in use. [control]
void note_in_use(services::Store& store, const StoreNotes& before, const std::string& id);
/// Notes that it holds everything; never throws. [control]
void note_clean(services::Store& store) noexcept;

}  // namespace cairn::core
