#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "core/backup/store_kit.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// What start-up recovery did.
struct RecoveryReport {
    std::string backup;         ///< the file that was filled in; empty: everything came from the journal
    std::string quarantine;     ///< where the damaged database lies now; empty: nothing stood there
    std::uint64_t from = 0;     ///< the backup's watermark
    std::uint64_t reached = 0;  ///< the store's watermark now
    std::uint64_t replayed = 0;
    std::uint64_t buried = 0;    ///< refused by the database that was made anew: in its dead letters
    std::vector<SeqRange> lost;  ///< acknowledged and not reachable any more; only with allow_loss
    double seconds = 0;
};

/// Acknowledged commits cannot be reached, or there is nothing to restore from. what() is a whole sentence with the
/// missing commits and the cure.
class RecoveryRefused : public Error {
public:
    explicit RecoveryRefused(const std::string& message, std::vector<SeqRange> lost = {})
        : Error(Code::conflict, message), lost_(std::move(lost)) {}
    const std::vector<SeqRange>& lost() const noexcept { return lost_; }

private:
    std::vector<SeqRange> lost_;
};

/// Ends what a killed `cairn restore` or a killed recovery left half done: a swap that had begun is brought to its end,
/// places that nobody needs are removed. Does nothing otherwise. Call at every start, holding the data folder, before
/// Store::open and before the journal is opened. Throws Error that names the cure. [control]
void finish_interrupted_restore(const StoreKit& kit);

/// Whether an empty database of the same settings can be opened in a place beside. When it cannot, the disk, the server
/// or the settings are to blame, and no restore would help. [control]
bool opens_beside(const StoreKit& kit) noexcept;

/// Empty, or what a backup holds that neither the open store nor the journal does: a database that was deleted or
/// replaced by an older one looks whole, but for that. Not a database that a restore brought back on purpose. Throws
/// Error, JournalError. [control]
std::string lacking(const StoreKit& kit);

/// Makes the store anew from the newest verified backup and the journal, in a place beside, and puts it where the
/// configured store stood, which is kept in quarantine (P010, P063, P130, reliability.md 6, rows 18 to 20). Falls back
/// to older backups when one is damaged. Everything acknowledged is in it afterwards, or RecoveryRefused is thrown and
/// nothing was changed; with `allow_loss` it goes as far as it can and reports what is missing. Logs what it did.
///
/// Call before the journal is opened; `kit.store` must not be open (close() it first) and is not open afterwards: open,
/// migrate and bind it as usual. `damage` is what was found, for the log: "the integrity check says …". [control]
RecoveryReport recover_store(const StoreKit& kit, const std::string& damage, bool allow_loss);

}  // namespace cairn::core
