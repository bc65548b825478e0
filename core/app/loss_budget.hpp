#pragma once

#include <string>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/storage.hpp>

#include "core/app/host_config.hpp"
#include "core/app/preparation.hpp"

namespace cairn::core {

/// How much of something can be lost: nothing, the last moments, or all of it.
struct Loss {
    enum class Kind : unsigned char { nothing, moments, all } kind = Kind::nothing;
    Duration at_most{0};  ///< of kind moments

    static Loss last(Duration time) { return time.count() > 0 ? Loss{Kind::moments, time} : Loss{}; }
    static Loss all() { return {Kind::all, Duration(0)}; }
    /// "nothing", "at most the last 100ms", "all".
    std::string words() const;
    friend bool operator<(const Loss& a, const Loss& b) noexcept {
        return a.kind != b.kind ? a.kind < b.kind : a.at_most < b.at_most;
    }
    friend bool operator==(const Loss&, const Loss&) = default;
};

/// What the budget is reckoned from.
struct LossFacts {
    DurabilityConfig durability;
    BackupConfig backup;
    std::vector<Collection> collections;
    std::string store;               ///< the plugin that keeps rows; empty: there is none
    bool store_relaxed = false;      ///< its settings say `durability: relaxed`
    bool store_elsewhere = false;    ///< the database does not lie in data_dir
    bool backups_elsewhere = false;  ///< backup.folder lies on another disk than data_dir
    bool journal_elsewhere = false;  ///< durability.journal.folder lies on another disk than data_dir
    Duration backup_every{0};        ///< the longest time between two backups
};

/// The loss budget: what a crash (kill -9), a power loss and a dead disk can take with this configuration. [any]
struct LossBudget {
    struct Line {
        Collection what;
        Loss crash;
        Loss power;
        bool overridden = false;  ///< its class was chosen by durability.classes
    };
    std::vector<Line> lines;  ///< in the order of declaration
    Loss disk;                ///< the disk with data_dir does not come back
    std::string disk_words;
    std::vector<std::string> notes;     ///< what else an admin should know, a sentence each
    std::vector<std::string> warnings;  ///< what he should change
    bool allow_loss = false;

    /// For people.
    void print(std::ostream& out) const;
    Document to_document() const;
};

LossBudget loss_budget(const LossFacts& facts);
/// The facts of a configuration. REQUIRES: preparation.ok(). Reads where folders lie, makes none. [control]
LossFacts loss_facts(const Preparation& preparation);

/// Whether the budget keeps `NAME=LIMIT` (`objects=0`, `world.positions=100ms`, `disk=1h`, `presence=all`). Empty when
/// it does, else the sentence that says why not. Throws UsageError when the form is not that. [any]
std::string broken_requirement(const LossBudget& budget, const std::string& requirement);

}  // namespace cairn::core
