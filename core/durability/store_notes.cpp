#include "core/durability/store_notes.hpp"

#include <cairn/error.hpp>

#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

constexpr const char* kJournal = "journal";
constexpr const char* kClean = "clean";

}  // namespace

StoreNotes read_notes(services::Store& store) {
    StoreNotes notes;
    try {
        notes.journal = store.note(kJournal);
        notes.clean = store.note(kClean) == "yes";
        notes.kept = true;
    } catch (const Error& error) {
        if (error.code() != Code::unsupported) throw;
    }
    return notes;
}

void check_journal_is_ours(const StoreNotes& notes, std::uint64_t watermark, const std::string& folder,
                           const std::string& id, bool empty, bool allow_loss) {
    if (!notes.kept || notes.journal.empty() || notes.journal == id) return;
    if (notes.clean && empty) {
        core_log().warning("the journal of this database is gone; it held nothing that the database lacks",
                           {{"folder", folder}, {"commits", watermark}});
        return;
    }
    const std::string what = "the journal of this database (" + notes.journal + ") is not in " + folder +
                             (empty ? "" : ", but another one is (" + id + ")") +
                             "; acknowledged changes after commit " + std::to_string(watermark) + " may be in it";
    if (!allow_loss) {
        throw Error(Code::conflict, what +
                                        ". Put it back there (durability.journal.folder says where), or start once "
                                        "with durability.allow_loss: true to go on without them");
    }
    core_log().error(what + ": started all the same, as durability.allow_loss says");
}

void note_in_use(services::Store& store, const StoreNotes& before, const std::string& id) {
    if (!before.kept) return;
    if (before.journal != id) store.set_note(kJournal, id);
    store.set_note(kClean, "no");
}

void note_clean(services::Store& store) noexcept {
    try {
        store.set_note(kClean, "yes");
    } catch (const Error& error) {
        if (error.code() == Code::unsupported) return;
        core_log().warning("the clean end could not be noted in the database", {{"reason", error.what()}});
    } catch (const std::exception& error) {
        core_log().warning("the clean end could not be noted in the database", {{"reason", error.what()}});
    }
}

}  // namespace cairn::core
