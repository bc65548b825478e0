#include <cairn/http.hpp>

namespace cairn {
namespace {

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& pairs,
                          std::string_view name) noexcept {
    for (const auto& [key, value] : pairs) {
        if (key == name) return value;
    }
    return {};
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// application/x-www-form-urlencoded: `+` is a space, `%XX` a byte; a broken escape stays as it is.
std::string decode_query(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const noexcept {
    return value_of(headers, lower_case_name);
}

std::string_view HttpRequest::capture(std::string_view name) const noexcept {
    return value_of(captures, name);
}

std::string HttpRequest::query_value(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        const std::size_t equals = pair.find('=');
        if (decode_query(pair.substr(0, equals)) != name) continue;
        return equals == std::string_view::npos ? std::string() : decode_query(pair.substr(equals + 1));
    }
    return {};
}

HttpResponse HttpResponse::json(int status, const Document& body) {
    HttpResponse response;
    response.status = status;
    response.body = body.to_json();
    return response;
}

HttpResponse HttpResponse::text(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

}  // namespace cairn
