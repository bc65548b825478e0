#pragma once

#include <string>
#include <string_view>

namespace cairn::storage_sqlite {

/// What a member of a JSON row holds, as far as a column cares.
enum class Held : unsigned char {
    nothing,  ///< null, or the member is missing
    truth,
    falsehood,
    number,
    text,
    nested,  ///< an array or an object
};

/// A member as it stands in the row.
struct Member {
    std::string_view name;   ///< without quotes, escapes as they are
    std::string_view value;  ///< the whole value as JSON, without white space around it
    Held held = Held::nothing;
};

/// Walks over the members of one JSON object and checks the object as RFC 8259 has it, nested values at most 2,000 deep.
/// The text must outlive what is returned. Used by one thread at a time.
///
///     RowReader reader(text);
///     Member member;
///     while (reader.next(member)) …
///     if (!reader.whole()) …  // what came before does not count: it is no JSON object
class RowReader {
public:
    explicit RowReader(std::string_view text) noexcept : text_(text) {}

    /// False at the end, and as soon as something is wrong.
    bool next(Member& member) noexcept;
    /// True when next() has come to the end of a faultless object.
    bool whole() const noexcept { return whole_; }

private:
    void skip_space() noexcept;
    bool take(char c) noexcept;
    bool take_text(std::string_view& inside) noexcept;
    bool take_value(Member& member) noexcept;
    void end() noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
    bool begun_ = false;
    bool whole_ = false;
};

/// What the JSON text between its quotes means. `inside` comes from a RowReader; `into` is used when there are escapes. A
/// lone half of a surrogate pair becomes U+FFFD.
std::string_view unescaped(std::string_view inside, std::string& into);

/// Without white space between its parts: `json` itself when there is none. REQUIRES: it is JSON.
std::string_view compacted(std::string_view json, std::string& into);

}  // namespace cairn::storage_sqlite
