#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cairn::core {

/// Walks a JSON text from value to value without building it: what is in a value is looked at when it is taken out and
/// parsed by itself. So a file of any size costs no more than its text. The text outlives the cursor.
///
/// All calls throw Error(bad_request) with line and column where the text is no JSON, as far as it was looked at.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view text) noexcept : text_(text) {}
    /// A cursor on a part of a larger text: places are told as in `whole`. REQUIRES: `part` lies in `whole`.
    JsonCursor(std::string_view whole, std::string_view part) noexcept
        : text_(whole.substr(0, static_cast<std::size_t>(part.data() - whole.data()) + part.size())),
          at_(static_cast<std::size_t>(part.data() - whole.data())) {}

    /// The first character of what comes next, white space left out; 0 at the end.
    char peek();
    /// Goes past `bracket`, which must come next.
    void open(char bracket);
    /// True while another item (or member) follows; goes past commas, and past `bracket` at the end. `first`: none has
    /// been taken yet.
    bool more(char bracket, bool first);
    /// The name of a member; goes past the colon.
    std::string key();
    /// The text of the next value; goes past it.
    std::string_view value();
    /// Nothing but white space may follow.
    void end();
    /// "line 3, column 14" of a place in the text.
    std::string place(std::size_t at) const;
    std::string place_of(std::string_view part) const {
        return place(static_cast<std::size_t>(part.data() - text_.data()));
    }

private:
    [[noreturn]] void fail(const std::string& what) const;
    void skip_space() noexcept;
    void skip_text();

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace cairn::core
