#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <simdjson.h>

#include <cairn/document.hpp>
#include <cairn/error.hpp>

namespace cairn::detail {

namespace ondemand = simdjson::ondemand;

/// Where in a document the reader is: a chain on the stack, turned into words only when something is wrong.
struct Place {
    const Place* parent = nullptr;
    std::string_view key;
    std::size_t index = kNoIndex;

    static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
    /// "list[3].x"; empty for the root.
    std::string words() const;
};

/// Refuses with `code`, naming the place.
[[noreturn]] void refuse(Code code, const Place& place, const std::string& message);

/// Turns an error of the parser into a refusal, in our words.
[[noreturn]] void refuse_syntax(simdjson::error_code error, const Place& place);
inline void must(simdjson::error_code error, const Place& place) {
    if (error != simdjson::SUCCESS) refuse_syntax(error, place);
}

/// One parser and one padded buffer per thread, so that decoding a flat message allocates nothing once it has run. A
/// decode inside a decode (a check rule may do that) gets a parser of its own.
class JsonInput {
public:
    JsonInput();
    ~JsonInput();
    JsonInput(const JsonInput&) = delete;
    JsonInput& operator=(const JsonInput&) = delete;

    /// Calls `read` with the one value that `json` consists of. Everything else around it is refused.
    /// REQUIRES: `read` consumes the whole value: the parser does not check what is passed over.
    template <class Read>
    void read(std::string_view json, Read read) {
        const Place root;
        ondemand::document document;
        must(parse(json, document), root);
        ondemand::array whole;
        must(document.get_array().get(whole), root);
        bool found = false;
        for (auto item : whole) {
            ondemand::value value;
            must(item.get(value), root);
            if (found) refuse(Code::bad_request, root, "one JSON value is expected, a comma and more stand behind it");
            found = true;
            read(value);
        }
        if (!found) refuse(Code::bad_request, root, "a JSON value is expected, there is none");
        if (document.current_location().error() == simdjson::SUCCESS) {
            refuse(Code::bad_request, root, "one JSON value is expected, more stands behind it");
        }
    }

    struct Workspace {
        ondemand::parser parser;
        std::unique_ptr<char[]> buffer;
        std::size_t capacity = 0;
        bool busy = false;
    };

private:
    /// Copies `json` between two brackets and starts on it. A root that is always an array spares the special rules
    /// that simdjson has for scalars at the root.
    simdjson::error_code parse(std::string_view json, ondemand::document& document);

    Workspace* workspace_;
    std::unique_ptr<Workspace> own_;
};

/// What a free-form value may be.
struct AnyLimits {
    std::size_t depth = 16;                                 ///< lists and maps within one another, from the root
    std::size_t keys = static_cast<std::size_t>(-1);        ///< in all its maps together
    std::size_t items = static_cast<std::size_t>(-1);       ///< per list
    std::size_t text_bytes = static_cast<std::size_t>(-1);  ///< per text
};

/// Reads any value. `depth` is how many containers are around it; `keys` counts up.
Document read_any(ondemand::value value, const Place& place, const AnyLimits& limits, std::size_t depth,
                  std::size_t& keys);

/// The text of `value`, checked: valid UTF-8 (escapes can spell lone surrogates), no U+0000. Valid until the next
/// parse.
std::string_view read_text(ondemand::value value, const Place& place, std::size_t max_bytes,
                           std::size_t& code_point_count);
/// As read_text for the key of `field`, at most 255 bytes.
std::string_view read_key(ondemand::field& field, const Place& place);

/// "text", "a list", … for messages.
std::string_view type_words(ondemand::json_type type) noexcept;

}  // namespace cairn::detail
