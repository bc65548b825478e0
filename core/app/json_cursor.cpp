#include "core/app/json_cursor.hpp"

#include <algorithm>

#include <cairn/document.hpp>
#include <cairn/error.hpp>

namespace cairn::core {
namespace {

/// As deep as any of the parsers behind this goes.
constexpr std::size_t kDeepest = 128;

bool is_space(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

std::string JsonCursor::place(std::size_t at) const {
    const std::string_view before = text_.substr(0, std::min(at, text_.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t start = before.rfind('\n');
    const std::size_t column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

void JsonCursor::fail(const std::string& what) const {
    throw Error(Code::bad_request, place(at_) + ": " + what);
}

void JsonCursor::skip_space() noexcept {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

char JsonCursor::peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
}

void JsonCursor::open(char bracket) {
    if (peek() != bracket) fail(std::string("expected ") + bracket);
    ++at_;
}

bool JsonCursor::more(char bracket, bool first) {
    const char next = peek();
    if (next == bracket) {
        ++at_;
        return false;
    }
    if (first) return true;
    if (next != ',') fail(std::string("expected , or ") + bracket);
    ++at_;
    if (peek() == bracket) fail("a comma with nothing behind it");
    return true;
}

std::string JsonCursor::key() {
    if (peek() != '"') fail("expected the name of a member in quotes");
    const std::size_t begin = at_;
    skip_text();
    const std::string name(Document::parse_json(text_.substr(begin, at_ - begin)).text());
    if (peek() != ':') fail("expected :");
    ++at_;
    return name;
}

void JsonCursor::skip_text() {
    for (++at_; at_ < text_.size(); ++at_) {
        if (text_[at_] == '\\') {
            ++at_;
        } else if (text_[at_] == '"') {
            ++at_;
            return;
        }
    }
    at_ = text_.size();
    fail("a text in quotes does not end");
}

std::string_view JsonCursor::value() {
    const char first = peek();
    const std::size_t begin = at_;
    if (first == '"') {
        skip_text();
    } else if (first == '{' || first == '[') {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                skip_text();
                continue;
            }
            if ((c == '{' || c == '[') && ++depth > kDeepest) fail("nested too deeply");
            ++at_;
            if ((c == '}' || c == ']') && --depth == 0) break;
        }
        if (depth != 0) fail(std::string(first == '{' ? "{" : "[") + " of " + place(begin) + " is not closed");
    } else {
        while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
               text_[at_] != '}')
            ++at_;
        if (at_ == begin) fail("expected a value");
    }
    return text_.substr(begin, at_ - begin);
}

void JsonCursor::end() {
    if (peek() != '\0') fail("something stands behind the end");
}

}  // namespace cairn::core
