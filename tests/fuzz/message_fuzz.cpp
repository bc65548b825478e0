// Random bytes as a message: decoded into a struct with a member of every kind, and parsed as a free-form value.
// Whatever is accepted must read back the same after it has been written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "tests/sdk/every_kind.hpp"

namespace {

void must_hold(bool condition) {
    if (!condition) std::abort();
}

void as_struct(std::string_view json) {
    using cairn::every_kind::Everything;
    std::string written;
    try {
        written = cairn::to_json(cairn::from_json<Everything>(json));
    } catch (const cairn::Error&) {
        return;
    }
    // No catch here: what we write we must accept.
    must_hold(cairn::to_json(cairn::from_json<Everything>(written)) == written);
}

void as_document(std::string_view json) {
    cairn::Document document;
    try {
        document = cairn::Document::parse_json(json);
    } catch (const cairn::Error&) {
        return;
    }
    must_hold(cairn::Document::parse_json(document.to_json()) == document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    as_struct(json);
    as_document(json);
    return 0;
}
