#include "plugins/storage_sqlite/json_check.hpp"

#include <sqlite3.h>

#include <cstddef>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr std::size_t kMaxDepth = 2000;

/// Walks over the text once, with a place per open bracket instead of recursion.
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

    const char* at() const noexcept { return at_; }
    bool document() noexcept {
        if (!one_value()) return false;
        space();
        return at_ == end_;
    }
    bool one_value() noexcept {
        for (;;) {
            if (!value()) return false;
            if (opened_) continue;  // an array's first element
            // After a value: close what ends here, until a comma asks for the next value.
            for (;;) {
                if (depth_ == 0) return true;
                space();
                if (at_ == end_) return false;
                const char c = *at_++;
                if (c == ',') {
                    if (is_object_[depth_ - 1] && !key()) return false;
                    break;
                }
                if (c != (is_object_[depth_ - 1] ? '}' : ']')) return false;
                --depth_;
            }
        }
    }

private:
    void space() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
    }
    bool take(char c) noexcept {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool word(std::string_view expected) noexcept {
        if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
            std::string_view(at_, expected.size()) != expected) {
            return false;
        }
        at_ += expected.size();
        return true;
    }

    /// A scalar, an empty bracket, or an open bracket that the next value belongs into (then opened_ is set).
    bool value() noexcept {
        opened_ = false;
        space();
        if (at_ == end_) return false;
        switch (*at_) {
            case '{':
                return open(true, '}');
            case '[':
                return open(false, ']');
            case '"':
                return text();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return number();
        }
    }
    bool open(bool object, char closing) noexcept {
        if (depth_ == kMaxDepth) return false;
        ++at_;
        space();
        if (take(closing)) return true;
        is_object_[depth_++] = object;
        opened_ = true;
        return !object || key();
    }
    bool key() noexcept {
        space();
        if (at_ == end_ || *at_ != '"' || !text()) return false;
        space();
        return take(':');
    }
    bool text() noexcept {
        ++at_;
        while (at_ != end_) {
            const char c = *at_++;
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }
    bool escape() noexcept {
        if (at_ == end_) return false;
        const char c = *at_++;
        if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        for (int i = 0; i < 4; ++i) {
            if (at_ == end_ || std::string_view("0123456789abcdefABCDEF").find(*at_) == std::string_view::npos)
                return false;
            ++at_;
        }
        return true;
    }
    bool digits() noexcept {
        const char* first = at_;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
        return at_ != first;
    }
    bool number() noexcept {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    const char* at_;
    const char* end_;
    bool is_object_[kMaxDepth];  // of the open brackets; not cleared before: rows have many values, and few are deep
    std::size_t depth_ = 0;
    bool opened_ = false;
};

void json_valid(sqlite3_context* context, int, sqlite3_value** arguments) {
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return sqlite3_result_null(context);
    const auto* bytes = sqlite3_value_text(arguments[0]);
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
    const std::string_view text(bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes),
                                bytes == nullptr ? 0 : size);
    sqlite3_result_int(context, is_json(text) ? 1 : 0);
}

}  // namespace

bool is_json(std::string_view text) noexcept {
    return Scanner(text).document();
}

std::size_t json_value_size(std::string_view text) noexcept {
    Scanner scanner(text);
    return scanner.one_value() ? static_cast<std::size_t>(scanner.at() - text.data()) : 0;
}

void register_json_valid(sqlite3* handle) {
    const int code =
        sqlite3_create_function_v2(handle, "json_valid", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                   nullptr, json_valid, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw SqliteError(handle, code, "register json_valid");
}

}  // namespace cairn::storage_sqlite
