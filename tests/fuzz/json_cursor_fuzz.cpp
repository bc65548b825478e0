// Files of `cairn import`: whatever stands in them, the cursor ends or throws, and takes apart what is JSON.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/error.hpp>

#include "core/app/json_cursor.hpp"

namespace {

using cairn::Document;
using cairn::core::JsonCursor;

/// Takes lists and maps apart down to their leaves; returns how many values there were.
std::size_t walk(std::string_view whole, std::string_view part, int depth) {
    JsonCursor cursor(whole, part);
    const char first = cursor.peek();
    std::size_t count = 1;
    if ((first != '{' && first != '[') || depth == 0) {
        static_cast<void>(cursor.value());
        return count;
    }
    const char last = first == '{' ? '}' : ']';
    cursor.open(first);
    for (bool start = true; cursor.more(last, start); start = false) {
        if (first == '{') static_cast<void>(cursor.key());
        count += walk(whole, cursor.value(), depth - 1);
    }
    return count;
}

/// How many values a parsed text has, counted the same way.
std::size_t count(const Document& value, int depth) {
    std::size_t sum = 1;
    if (depth == 0) return sum;
    for (const Document& item : value.items()) sum += count(item, depth - 1);
    for (const Document::Member& member : value.members()) sum += count(member.value, depth - 1);
    return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int kDepth = 8;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Document parsed;
    bool is_json = true;
    try {
        parsed = Document::parse_json(text);
    } catch (const cairn::Error&) {
        is_json = false;
    }
    try {
        JsonCursor cursor(text);
        const std::string_view value = cursor.value();
        cursor.end();
        const std::size_t walked = walk(text, value, kDepth);
        // Members named twice are one in a Document.
        if (is_json && walked < count(parsed, kDepth)) std::abort();
    } catch (const cairn::Error& error) {
        if (is_json && std::string_view(error.what()).find("nested") == std::string_view::npos) std::abort();
    }
    return 0;
}
