#include "core/backup/scratch_place.hpp"

#include <filesystem>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "core/backup/durable_file.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

std::string scratch_folder(const StoreKit& kit) {
    return kit.data_dir + "/scratch";
}

std::string write_record(const StoreKit& kit, const std::string& reason, const std::string& place) {
    make_folder(scratch_folder(kit), "the folder");
    for (int number = 1;; ++number) {
        const std::string path = scratch_folder(kit) + "/" + reason + "-" + std::to_string(number);
        if (fs::exists(path)) continue;
        write_durably(path, place);
        return path;
    }
}

void forget(const StoreKit& kit, const std::string& record) {
    remove_file(record);
    sync_folder(scratch_folder(kit));
}

}  // namespace

ScratchPlace::ScratchPlace(const StoreKit& kit, const std::string& reason)
    : kit_(kit), place_(kit.store->place_beside(reason)), store_(kit.store->elsewhere(place_)) {
    record_ = write_record(kit, reason, place_);
}

ScratchPlace::ScratchPlace(const StoreKit& kit, const std::string&, std::string named)
    : kit_(kit), place_(std::move(named)), store_(kit.store->elsewhere(place_)) {
    std::error_code ignored;
    if (place_.front() == '/' && fs::exists(place_, ignored)) {
        throw Error(Code::conflict, place_ + " is there already; name a place where nothing stands");
    }
}

ScratchPlace::~ScratchPlace() {
    if (!owned_) return;
    try {
        clear();
        if (!record_.empty()) forget(kit_, record_);
    } catch (const std::exception& error) {
        kit_.log->warning("a temporary copy could not be removed; the next start tries again",
                          {{"place", place_}, {"reason", error.what()}});
    }
}

void ScratchPlace::fill(const std::string& path) {
    try {
        store_->fill(path);
    } catch (const Error& error) {
        if (error.code() == Code::conflict) owned_ = false;  // somebody else's
        throw;
    }
}

void ScratchPlace::clear() {
    store_->close();
    store_->remove();
}

void ScratchPlace::release() {
    store_->close();
    owned_ = false;
    if (!record_.empty()) forget(kit_, record_);
}

void sweep_scratch_places(const StoreKit& kit) {
    std::vector<std::string> records;
    std::error_code error;
    for (fs::directory_iterator entry(scratch_folder(kit), error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        records.push_back(entry->path().string());
    }
    for (const std::string& record : records) {
        try {
            if (record.size() < 4 || record.compare(record.size() - 4, 4, ".tmp") != 0) {
                const std::string place = read_file(record);
                kit.store->elsewhere(place)->remove();
                kit.log->info("removed a temporary copy that a killed process left", {{"place", place}});
            }
            forget(kit, record);
        } catch (const std::exception& trouble) {
            kit.log->warning("a temporary copy of an earlier run could not be removed; the next start tries again",
                             {{"record", record}, {"reason", trouble.what()}});
        }
    }
}

}  // namespace cairn::core
