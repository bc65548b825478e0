#include "plugins/storage_sqlite/row_reader.hpp"

#include <algorithm>
#include <cstdint>

#include "plugins/storage_sqlite/json_check.hpp"

namespace cairn::storage_sqlite {
namespace {

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::uint32_t hex4(std::string_view digits) noexcept {
    std::uint32_t value = 0;
    for (const char c : digits) {
        const auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        value = value << 4U | digit;
    }
    return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
        add(0xC0U | code >> 6U);
        return add(0x80U | (code & 0x3FU));
    }
    if (code < 0x10000) {
        add(0xE0U | code >> 12U);
    } else {
        add(0xF0U | code >> 18U);
        add(0x80U | (code >> 12U & 0x3FU));
    }
    add(0x80U | (code >> 6U & 0x3FU));
    add(0x80U | (code & 0x3FU));
}

}  // namespace

void RowReader::skip_space() noexcept {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool RowReader::take(char c) noexcept {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

/// Texts without escapes, which nearly all are, are taken here; the others are left to the full check.
bool RowReader::take_text(std::string_view& inside) noexcept {
    const std::size_t first = at_ + 1;
    for (std::size_t i = first; i < text_.size(); ++i) {
        const char c = text_[i];
        if (c == '"') {
            inside = text_.substr(first, i - first);
            at_ = i + 1;
            return true;
        }
        if (c == '\\') break;
        if (static_cast<unsigned char>(c) < 0x20) return false;
    }
    const std::size_t size = json_value_size(text_.substr(at_));
    if (size == 0) return false;
    inside = text_.substr(first, size - 2);
    at_ += size;
    return true;
}

bool RowReader::take_value(Member& member) noexcept {
    skip_space();
    if (at_ == text_.size()) return false;
    const std::size_t begin = at_;
    switch (text_[at_]) {
        case '"': {
            member.held = Held::text;
            std::string_view inside;
            if (!take_text(inside)) return false;
            member.value = text_.substr(begin, at_ - begin);
            return true;
        }
        case '{':
        case '[':
            member.held = Held::nested;
            break;
        case 't':
            member.held = Held::truth;
            break;
        case 'f':
            member.held = Held::falsehood;
            break;
        case 'n':
            member.held = Held::nothing;
            break;
        default:
            member.held = Held::number;
    }
    const std::size_t size = json_value_size(text_.substr(begin));
    if (size == 0) return false;
    at_ = begin + size;
    member.value = text_.substr(begin, size);
    return true;
}

void RowReader::end() noexcept {
    skip_space();
    whole_ = at_ == text_.size();
    at_ = text_.size();
}

bool RowReader::next(Member& member) noexcept {
    if (!begun_) {
        begun_ = true;
        if (!take('{')) return false;
        if (take('}')) {
            end();
            return false;
        }
    } else if (!take(',')) {
        if (take('}')) end();
        return false;
    }
    skip_space();
    return at_ < text_.size() && text_[at_] == '"' && take_text(member.name) && take(':') && take_value(member);
}

std::string_view unescaped(std::string_view inside, std::string& into) {
    std::size_t next = inside.find('\\');
    if (next == std::string_view::npos) return inside;
    into.clear();
    std::size_t at = 0;
    for (; next != std::string_view::npos; next = inside.find('\\', at)) {
        into += inside.substr(at, next - at);
        const char c = inside[next + 1];
        at = next + 2;
        switch (c) {
            case 'b':
                into += '\b';
                break;
            case 'f':
                into += '\f';
                break;
            case 'n':
                into += '\n';
                break;
            case 'r':
                into += '\r';
                break;
            case 't':
                into += '\t';
                break;
            case 'u': {
                std::uint32_t code = hex4(inside.substr(at, 4));
                at += 4;
                if (code >= 0xD800 && code < 0xE000) {
                    std::uint32_t low = 0;
                    if (code < 0xDC00 && inside.substr(at, 2) == "\\u") low = hex4(inside.substr(at + 2, 4));
                    const bool pair = low >= 0xDC00 && low < 0xE000;
                    if (pair) at += 6;
                    code = pair ? 0x10000U + ((code - 0xD800U) << 10U) + (low - 0xDC00U) : 0xFFFDU;
                }
                append_utf8(into, code);
                break;
            }
            default:
                into += c;  // the quote, the backslash, the slash
        }
    }
    into += inside.substr(at);
    return into;
}

std::string_view compacted(std::string_view json, std::string& into) {
    // What this program wrote has no white space but in texts, and most has none there.
    if (std::none_of(json.begin(), json.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; })) return json;
    bool in_text = false;
    bool copying = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_text) {
            if (c == '\\') {
                if (copying) into += c;
                ++i;
            } else if (c == '"') {
                in_text = false;
            }
        } else if (is_space(c)) {
            if (!copying) into.assign(json.substr(0, i));
            copying = true;
            continue;
        } else if (c == '"') {
            in_text = true;
        }
        if (copying) into += json[i];
    }
    return copying ? std::string_view(into) : json;
}

}  // namespace cairn::storage_sqlite
