#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <cairn/export.hpp>

namespace cairn {

/// Where a value stood in a configuration file. Line and column count from 1; line 0 means "nowhere".
struct Mark {
    std::uint32_t file = 0;  ///< index into the configuration's list of sources
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// A JSON-like value: null, boolean, integer, number, text, list or map (insertion order kept).
///
/// Copying is cheap (lists and maps are shared and copied on write), so a Document passes freely between threads
/// as long as nobody changes that very object. Written as `{{"key", value}, {"other", value}}` for a map and
/// `Document::list({a, b})` for a list.
class CAIRN_API Document {
public:
    struct Member;
    using List = std::vector<Document>;
    using Map = std::vector<Member>;
    enum class Type : std::uint8_t { null, boolean, integer, number, text, list, map };

    Document() noexcept = default;
    Document(std::nullptr_t) noexcept {}
    Document(bool value) noexcept : value_(value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Document(T value) noexcept : value_(static_cast<std::int64_t>(value)) {}
    Document(double value) noexcept : value_(value) {}
    Document(const char* value) : value_(std::string(value)) {}
    Document(std::string_view value) : value_(std::string(value)) {}
    Document(std::string value) noexcept : value_(std::move(value)) {}
    Document(std::initializer_list<Member> members);

    static Document list(List items = {});
    static Document map();
    /// A map of these members, taken as they are. REQUIRES: no key stands twice.
    static Document map(Map members);

    Type type() const noexcept { return static_cast<Type>(value_.index()); }
    bool is_null() const noexcept { return type() == Type::null; }
    bool is_boolean() const noexcept { return type() == Type::boolean; }
    bool is_integer() const noexcept { return type() == Type::integer; }
    /// True for integers too: every integer is a number.
    bool is_number() const noexcept { return type() == Type::number || type() == Type::integer; }
    bool is_text() const noexcept { return type() == Type::text; }
    bool is_list() const noexcept { return type() == Type::list; }
    bool is_map() const noexcept { return type() == Type::map; }

    /// The value, or `otherwise` when it is of another type. [any]
    bool boolean_or(bool otherwise) const noexcept;
    std::int64_t integer_or(std::int64_t otherwise) const noexcept;
    double number_or(double otherwise) const noexcept;
    /// The text, or an empty view when it is of another type; valid while this Document lives unchanged.
    std::string_view text() const noexcept;

    /// The items of a list, the members of a map; empty for other types. Of a Document that is about to go away (what a
    /// function returned) they are given by value, so that `for (auto& item : make().items())` is safe.
    const List& items() const& noexcept;
    List items() &&;
    const Map& members() const& noexcept;
    Map members() &&;
    std::size_t size() const noexcept;

    /// The member called `key`, or nullptr.
    const Document* find(std::string_view key) const noexcept;
    /// The member called `key`, or a null Document.
    const Document& operator[](std::string_view key) const& noexcept;
    Document operator[](std::string_view key) &&;

    /// Adds or replaces a member (a null becomes a map). Returns *this.
    Document& set(std::string key, Document value);
    /// Removes a member; false when there was none.
    bool remove(std::string_view key);
    /// Appends an item (a null becomes a list). Returns *this.
    Document& push(Document value);

    const Mark& mark() const noexcept { return mark_; }
    void set_mark(Mark mark) noexcept { mark_ = mark; }

    /// Compact JSON.
    std::string to_json() const;
    void write_json(std::string& out) const;
    /// Parses one JSON value. Throws Error(bad_request) with the place when `text` is not JSON. [any]
    static Document parse_json(std::string_view text);

    /// Same value; marks do not count, and the order of members does not matter.
    friend CAIRN_API bool operator==(const Document& a, const Document& b) noexcept;

private:
    using SharedList = std::shared_ptr<List>;
    using SharedMap = std::shared_ptr<Map>;
    std::variant<std::monostate, bool, std::int64_t, double, std::string, SharedList, SharedMap> value_;
    Mark mark_;
};

struct Document::Member {
    std::string key;
    Document value;
    Mark mark{};  ///< of the key

    Member(std::string_view k, Document v) : key(k), value(std::move(v)) {}
    Member(std::string_view k, Document v, Mark m) : key(k), value(std::move(v)), mark(m) {}
};

inline Document::Document(std::initializer_list<Member> members) : value_(std::make_shared<Map>(members)) {}

}  // namespace cairn
