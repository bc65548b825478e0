// Arbitrary bytes as the manifest of a backup: whatever they are, nothing crashes, only Error is thrown, and what is
// accepted says the same when it is written again. The first byte says what the others are: odd ones are sealed anew
// first, so that what the members hold is looked at, too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "core/backup/backup_folder.hpp"
#include "core/backup/manifest.hpp"

namespace {

using namespace cairn;
using namespace cairn::core;

void must_hold(bool condition) {
    if (!condition) std::abort();
}

void read(const std::string& text) {
    Manifest manifest;
    try {
        manifest = read_manifest(text);
    } catch (const Error&) {
        return;
    }
    must_hold(manifest.file.find('/') == std::string::npos && !manifest.file.empty());
    must_hold(manifest.bytes >= 1 && manifest.serial >= 1 && manifest.watermark >= 0);
    const Manifest again = read_manifest(write_manifest(manifest));
    must_hold(to_json(again) == to_json(manifest));
    must_hold(to_document(Backup{"", "", manifest, ""}).is_map());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 1) {
        try {
            text = write_manifest(from_json<Manifest>(text));
        } catch (const Error&) {
            return 0;
        }
    }
    read(text);
    return 0;
}
