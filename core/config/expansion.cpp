#include "core/config/expansion.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <cairn/text.hpp>

namespace cairn::core {
namespace {

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_variable_name(std::string_view name) noexcept {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

/// Replaces the expansion whose inside is `inside`; false when something is wrong.
bool replace(std::string_view inside, const ProblemReport& environment, Expanded& out) {
    const std::size_t split = inside.find(":-");
    const std::string name(inside.substr(0, split));
    if (!is_variable_name(name)) {
        out.wrong = "\"${" + std::string(inside) + "}\" names no environment variable";
        out.cure = "names consist of letters, digits and _; write $${ for the characters ${ themselves";
        return false;
    }
    std::optional<std::string> value = environment.environment(name);
    if ((!value || value->empty()) && split != std::string_view::npos) value = std::string(inside.substr(split + 2));
    if (!value) {
        out.wrong = "the environment variable " + name + " is not set";
        out.cure = "set it, or give a default: ${" + name + ":-default}";
        return false;
    }
    if (!code_points(*value)) {
        out.wrong = "the environment variable " + name + " is not valid UTF-8";
        out.cure = "set it to UTF-8 text";
        return false;
    }
    out.text += *value;
    return true;
}

}  // namespace

Expanded expand(std::string_view scalar, const ProblemReport& environment) {
    Expanded out;
    std::size_t pieces = 0;
    std::size_t at = 0;
    while (at < scalar.size()) {
        if (scalar.substr(at).starts_with("$${")) {
            out.text += "${";
            out.changed = true;
            pieces += 2;
            at += 3;
        } else if (scalar.substr(at).starts_with("${")) {
            const std::size_t end = scalar.find('}', at);
            if (end == std::string_view::npos) {
                out.wrong = "\"${\" is not closed";
                out.cure = "write ${NAME} or ${NAME:-default}; write $${ for the characters ${ themselves";
                return out;
            }
            const std::string_view inside = scalar.substr(at + 2, end - at - 2);
            if (inside.find("${") != std::string_view::npos) {
                out.wrong = "a default cannot hold another ${…}";
                out.cure = "write ${NAME:-default} with a plain default";
                return out;
            }
            if (!replace(inside, environment, out)) return out;
            out.changed = true;
            ++pieces;
            at = end + 1;
        } else {
            out.text += scalar[at++];
            pieces += 2;
        }
    }
    out.sole = out.changed && pieces == 1;
    return out;
}

Document plain_scalar(std::string_view text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
    if (text == "true") return true;
    if (text == "false") return false;
    const bool is_signed = text.front() == '-' || text.front() == '+';
    const std::string_view body = text.substr(is_signed ? 1 : 0);
    if (body.empty() || (!is_digit(body.front()) && body.front() != '.')) return text;
    if (body.size() > 2 && body.front() == '0' && (body[1] == 'x' || body[1] == 'o') && !is_signed) {
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(body.data() + 2, body.data() + body.size(), value, body[1] == 'x' ? 16 : 8);
        if (error == std::errc() && end == body.data() + body.size() && body[2] != '-') return value;
        return text;
    }
    // 0640 is octal to some and decimal to others; it stays text, and whoever wants a number says so.
    if (body.size() > 1 && body.front() == '0' && is_digit(body[1])) return text;
    const std::string_view number = text.front() == '+' ? body : text;
    std::int64_t whole = 0;
    const auto integer = std::from_chars(number.data(), number.data() + number.size(), whole);
    if (integer.ec == std::errc() && integer.ptr == number.data() + number.size()) return whole;
    double real = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), real);
    if (parsed.ec == std::errc() && parsed.ptr == number.data() + number.size() && std::isfinite(real)) return real;
    return text;
}

bool is_expansion(std::string_view source_text) {
    if (!source_text.empty() && (source_text.front() == '"' || source_text.front() == '\''))
        source_text.remove_prefix(1);
    return source_text.starts_with("${");
}

bool is_quoted_expansion(std::string_view source_text) {
    if (source_text.size() < 2 || (source_text.front() != '"' && source_text.front() != '\'')) return false;
    const char quote = source_text.front();
    source_text.remove_prefix(1);
    if (!source_text.starts_with("${")) return false;
    const std::size_t end = source_text.find('}');
    return end != std::string_view::npos && end + 1 < source_text.size() && source_text[end + 1] == quote;
}

}  // namespace cairn::core
