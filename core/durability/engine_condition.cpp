#include "core/durability/engine_condition.hpp"

namespace cairn::core {

EngineCondition::EngineCondition(Metrics& metrics)
    : store_available_(metrics.gauge("cairn_storage_available", "1 while the store takes commits")),
      journal_available_(metrics.gauge("cairn_journal_available", "1 while the journal takes commits")) {
    store_available_.set(1);
    journal_available_.set(1);
}

void EngineCondition::store_is_away(const std::string& why) {
    const std::lock_guard lock(mutex_);
    away_why_ = why;
    away_.store(true, std::memory_order_release);
    store_available_.set(0);
}

void EngineCondition::store_is_back() {
    const std::lock_guard lock(mutex_);
    away_.store(false, std::memory_order_release);
    if (!failed()) store_available_.set(1);
}

void EngineCondition::journal_is_full(const std::string& why) {
    const std::lock_guard lock(mutex_);
    full_why_ = why;
    full_.store(true, std::memory_order_release);
    journal_available_.set(0);
}

void EngineCondition::journal_has_room() {
    const std::lock_guard lock(mutex_);
    full_.store(false, std::memory_order_release);
    if (!failed()) journal_available_.set(1);
}

bool EngineCondition::fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (failed_.load(std::memory_order_relaxed)) return false;
    failed_why_ = why;
    failed_.store(true, std::memory_order_release);
    store_available_.set(0);
    journal_available_.set(0);
    return true;
}

std::string EngineCondition::trouble() const {
    const std::lock_guard lock(mutex_);
    if (failed()) return failed_why_;
    std::string trouble;
    const auto add = [&](const std::string& sentence) { trouble += (trouble.empty() ? "" : "; ") + sentence; };
    if (store_away()) add("the store takes no changes: " + away_why_ + " (it is tried again until it does)");
    if (journal_full()) add("the journal takes no changes: " + full_why_ + " (it is tried again every second)");
    if (disk_low()) add("the disk of the journal is almost full: changes are refused until there is room");
    return trouble;
}

}  // namespace cairn::core
