#include "core/backup/manifest.hpp"

#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "core/durability/migration_files.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kMany = 100000;

std::string seal_of(Manifest manifest) {
    manifest.seal.clear();
    return migration_checksum(to_json(manifest));  // SHA-256; JSON of ours has no carriage returns
}

}  // namespace

void describe(Fields<ManifestMigration>& f) {
    f(&ManifestMigration::plugin, "plugin", "whose it is").required();
    f(&ManifestMigration::number, "number", "which one").required();
    f(&ManifestMigration::checksum, "checksum", "of its SQL").required();
}

void describe(Fields<ManifestVerified>& f) {
    f(&ManifestVerified::at, "at", "milliseconds since 1970 UTC").required();
    f(&ManifestVerified::how, "how", "what was done").required();
}

void describe(Fields<Manifest>& f) {
    f(&Manifest::format, "format", "of this file").required().between(1, 1);
    f(&Manifest::serial, "serial", "order of the backups").required().at_least(1);
    f(&Manifest::file, "file", "the backup").required().length(1, 255);
    f(&Manifest::bytes, "bytes", "its size").required().at_least(1);
    f(&Manifest::sha256, "sha256", "its checksum").required().length(64, 64);
    f(&Manifest::engine, "engine", "of the store").required().length(1, 64);
    f(&Manifest::server, "server", "whose data it is").required();
    f(&Manifest::program, "program", "that wrote it").required();
    f(&Manifest::why, "why", "what it was made for").required();
    f(&Manifest::journal, "journal", "whose commits it holds").required();
    f(&Manifest::watermark, "watermark", "the last commit in it").required().at_least(0);
    f(&Manifest::state_hash, "state_hash", "of what it holds").required().length(1, 200);
    f(&Manifest::rows, "rows", "per table").required().max_length(kMany);
    f(&Manifest::schema, "schema", "migrations it holds").required().max_length(kMany);
    f(&Manifest::started, "started", "milliseconds since 1970 UTC").required();
    f(&Manifest::finished, "finished", "milliseconds since 1970 UTC").required();
    f(&Manifest::verified, "verified", "when and how it was opened");
    f(&Manifest::seal, "seal", "SHA-256 of the rest").required().max_length(64);
}

std::string write_manifest(Manifest manifest) {
    manifest.seal = seal_of(manifest);
    return to_json(manifest) + "\n";
}

Manifest read_manifest(const std::string& text) {
    auto manifest = from_json<Manifest>(text);
    if (manifest.seal != seal_of(manifest)) {
        throw Error(Code::invalid_field, "its seal does not fit its content: it was changed or is damaged").at("seal");
    }
    if (manifest.file.find('/') != std::string::npos || manifest.file == "." || manifest.file == "..") {
        throw Error(Code::invalid_field, "its file name leaves the folder").at("file");
    }
    return manifest;
}

}  // namespace cairn::core
