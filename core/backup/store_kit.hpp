#pragma once

#include <string>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/log.hpp>
#include <cairn/services/store.hpp>

namespace cairn::core {

/// A store with all that it takes to make another one like it: what backups, restores and recovery work with.
struct StoreKit {
    services::Store* store = nullptr;
    std::vector<const TableSpec*> tables;
    std::vector<services::Migration> migrations;  ///< of its engine, cairn's own first
    std::vector<std::string> audited;             ///< as for Store::bind
    std::string data_dir;                         ///< absolute, held by this process
    std::string journal_folder;                   ///< absolute
    std::string backup_folder;                    ///< absolute
    std::string server;                           ///< the configuration's `name`
    std::string program;                          ///< the version of this program
    const Clock* clock = nullptr;
    Log* log = nullptr;
};

}  // namespace cairn::core
