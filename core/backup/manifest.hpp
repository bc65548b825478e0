#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

/// A migration that a backup's database holds.
struct ManifestMigration {
    std::string plugin;
    std::int64_t number = 0;
    std::string checksum;
};

/// That a backup was opened, checked and read as a whole.
struct ManifestVerified {
    WallTime at = 0;
    std::string how;
};

/// What is known of a backup: a JSON file beside it, written last. A file without one is not a backup.
struct Manifest {
    std::int64_t format = 1;
    std::int64_t serial = 0;  ///< grows with every backup in the folder: the order, whatever the clock did
    std::string file;         ///< without the folder
    std::int64_t bytes = 0;
    std::string sha256;
    std::string engine;
    std::string server;   ///< the configuration's `name`
    std::string program;  ///< the version of cairn that wrote it
    std::string why;      ///< "scheduled", "first", "manual", "before-migration", "final", "restore"
    std::string journal;  ///< id of the journal whose commits it holds; empty: there was none
    std::int64_t watermark = 0;
    std::string state_hash;
    std::map<std::string, std::int64_t> rows;
    std::vector<ManifestMigration> schema;
    WallTime started = 0;
    WallTime finished = 0;
    std::optional<ManifestVerified> verified;
    /// SHA-256 of all the above: a manifest that somebody or a disk has changed does not count.
    std::string seal;
};

void describe(Fields<ManifestMigration>& f);
void describe(Fields<ManifestVerified>& f);
void describe(Fields<Manifest>& f);

/// Seals it and gives its text. [any]
std::string write_manifest(Manifest manifest);
/// Throws Error(bad_request | invalid_field) that says what is wrong: not JSON, a member missing or unknown, a broken
/// seal, a file name that leaves the folder. [any]
Manifest read_manifest(const std::string& text);

}  // namespace cairn::core
