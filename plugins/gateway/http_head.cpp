#include <plugins/gateway/http_head.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <Poco/Exception.h>
#include <Poco/MemoryStream.h>
#include <Poco/Net/HTTPRequest.h>

namespace cairn::gateway {

namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_token_char(char c) noexcept {
    return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Field values hold visible characters, blanks and bytes above 0x7f (RFC 9110 section 5.5).
bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

/// host [":" port] of RFC 3986 section 3.2.2, without userinfo.
bool is_host(std::string_view text) noexcept {
    if (text.empty() || text.size() > 260) return false;
    std::string_view port;
    if (text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || end < 3) return false;
        for (const char c : text.substr(1, end - 1))
            if (hex_value(c) < 0 && c != ':' && c != '.') return false;
        port = text.substr(end + 1);
    } else {
        const std::size_t colon = text.find(':');
        const std::string_view name = text.substr(0, colon);
        if (name.empty()) return false;
        for (const char c : name)
            if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-' && c != '_') return false;
        port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    if (port.empty()) return true;
    if (port.front() != ':' || port.size() > 6) return false;
    return std::all_of(port.begin() + 1, port.end(), is_digit);
}

Refusal parse_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head) {
    // Exactly one space between the parts: RFC 9112 section 3 lets servers be lenient here, and smugglers like it.
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return {400, "the request line is not 'METHOD /path HTTP/1.1'"};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method)) return {400, "the method is not a token"};
    const bool looks_like_version = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_digit(version[5]) &&
                                    version[6] == '.' && is_digit(version[7]);
    if (!looks_like_version) return {400, "the request line does not end with HTTP/1.1"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
        return {501, "this server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"};
    if (target.size() > limits.target) return {414, "the request target is too long"};
    for (const char c : target)
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#')
            return {400, "the request target holds a character that must be percent-encoded"};
    // Absolute-form exists for proxies; here it would be a second Host.
    if (target.empty() || target.front() != '/') return {400, "the request target must be a path beginning with '/'"};
    head.method = method;
    head.target = target;
    head.minor = version.back() - '0';
    const std::size_t question = target.find('?');
    if (question != std::string_view::npos) head.query = target.substr(question + 1);
    return decode_path(target.substr(0, question), head.path);
}

Refusal parse_field(std::string_view line, RequestHead& head) {
    if (line.front() == ' ' || line.front() == '\t') return {400, "a folded header field; write it on one line"};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {400, "a header line without a colon"};
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return {400, "a header field name that is no token (a space before the colon, perhaps)"};
    const std::string_view value = trim(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(), is_control)) return {400, "a control character in a header field"};
    head.fields.emplace_back(lower_case(name), value);
    return {};
}

Refusal judge_framing(RequestHead& head) {
    const std::size_t lengths = head.count("content-length");
    const std::size_t encodings = head.count("transfer-encoding");
    if (lengths > 1) return {400, "more than one Content-Length"};
    if (lengths > 0 && encodings > 0) return {400, "Content-Length and Transfer-Encoding together"};
    if (encodings > 0) {
        if (head.minor == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
        if (encodings > 1 || !equal_ignoring_case(head.field("transfer-encoding"), "chunked"))
            return {501, "the only transfer encoding known here is chunked"};
        head.chunked = true;
    }
    if (lengths > 0) {
        const std::string_view text = head.field("content-length");
        std::uint64_t length = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit) || error != std::errc() ||
            end != text.data() + text.size())
            return {400, "Content-Length is not one whole number"};
        head.content_length = length;
    }
    return {};
}

Refusal judge_fields(RequestHead& head) {
    const std::size_t hosts = head.count("host");
    if (hosts > 1) return {400, "more than one Host field"};
    if (hosts == 0 && head.minor == 1) return {400, "HTTP/1.1 needs a Host field"};
    if (hosts == 1) {
        if (!is_host(head.field("host"))) return {400, "the Host field is not a host name with an optional port"};
        head.host = head.field("host");
    }
    if (Refusal refusal = judge_framing(head)) return refusal;
    // HTTP/1.0 connections end after one answer: its keep-alive was never part of the standard.
    head.keep_alive = head.minor == 1 && !head.has_token("connection", "close");
    if (head.minor == 1 && head.count("expect") > 0) {
        if (head.count("expect") > 1 || !equal_ignoring_case(head.field("expect"), "100-continue"))
            return {417, "the only expectation met here is 100-continue"};
        head.expects_continue = head.has_body();
    }
    return {};
}

/// Poco reads the head too; a difference between two readings is what request smuggling lives on.
Refusal compare_with_poco(std::string_view bytes, const RequestHead& head) {
    try {
        Poco::MemoryInputStream stream(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        Poco::Net::HTTPRequest request;
        request.setFieldLimit(static_cast<int>(head.fields.size()) + 1);
        request.read(stream);
        if (request.getMethod() != head.method || request.getURI() != head.target ||
            request.getVersion() != (head.minor == 1 ? "HTTP/1.1" : "HTTP/1.0") || request.size() != head.fields.size())
            return {400, "the request head can be read in two ways"};
        // Names are compared, values are not: Poco decodes RFC 2047 words in them, we never do.
        for (const auto& field : head.fields)
            if (!request.has(field.first)) return {400, "the request head can be read in two ways"};
        return {};
    } catch (const Poco::Exception&) {
        return {431, "a header field is longer than 8192 bytes or its name longer than 256"};
    }
}

}  // namespace

std::string_view RequestHead::field(std::string_view lower_case_name) const noexcept {
    for (const auto& [name, value] : fields)
        if (name == lower_case_name) return value;
    return {};
}

std::size_t RequestHead::count(std::string_view lower_case_name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == lower_case_name; }));
}

bool RequestHead::has_token(std::string_view lower_case_name, std::string_view token) const noexcept {
    for (const auto& [name, value] : fields) {
        if (name != lower_case_name) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            if (equal_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
    }
    return false;
}

std::size_t HeadReader::feed(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && state_ == State::need_more) {
        const char c = bytes[taken++];
        const char before = bytes_.empty() ? '\0' : bytes_.back();
        if (before == '\r' && c != '\n') {
            refuse(400, "a carriage return that ends no line");
        } else if (c == '\n' && before != '\r') {
            refuse(400, "lines end with CR LF, not with LF alone");
        } else if (c != '\r' && c != '\n' && is_control(c)) {
            refuse(400, bytes_.empty() && c == '\x16' ? "this port speaks plain HTTP, not TLS: use http:// and ws://"
                                                      : "a control character in the request head");
        } else if (bytes_.empty() && (c == ' ' || c == '\t')) {
            refuse(400, "a blank before the request line");
        } else if (bytes_.size() >= limits_.bytes) {
            refuse(431, "the request head is larger than " + std::to_string(limits_.bytes) + " bytes");
        } else {
            bytes_.push_back(c);
            // One empty line before a request is forgiven (RFC 9112 section 2.2); a second one is not a request.
            if (bytes_.size() == 4 && bytes_ == "\r\n\r\n")
                refuse(400, "empty lines instead of a request");
            else if (c == '\n' && bytes_.size() >= 4 && bytes_.compare(bytes_.size() - 4, 4, "\r\n\r\n") == 0)
                finish();
        }
    }
    return taken;
}

void HeadReader::reset() {
    state_ = State::need_more;
    bytes_ = {};
    head_ = {};
    refusal_ = {};
}

void HeadReader::refuse(int status, std::string reason) {
    state_ = State::refused;
    refusal_ = {status, std::move(reason)};
    bytes_ = {};
}

void HeadReader::finish() {
    std::string_view head = bytes_;
    if (head.starts_with("\r\n")) head.remove_prefix(2);
    if (Refusal refusal = parse_head(head, limits_, head_)) {
        refuse(refusal.status, std::move(refusal.reason));
        return;
    }
    state_ = State::complete;
    bytes_ = {};
}

Refusal parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
    head = {};
    if (bytes.size() > limits.bytes) return {431, "the request head is too large"};
    std::string_view rest = bytes;
    bool first = true;
    bool ended = false;
    while (!rest.empty()) {
        const std::size_t end = rest.find("\r\n");
        if (end == std::string_view::npos) break;
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
            return {400, "a line of the request head holds CR, LF or NUL"};
        if (line.empty()) {
            if (first) return {400, "an empty line instead of a request line"};
            ended = true;
            break;
        }
        Refusal refusal = first ? parse_request_line(line, limits, head) : parse_field(line, head);
        if (refusal) return refusal;
        first = false;
        if (head.fields.size() > limits.fields)
            return {431, "more than " + std::to_string(limits.fields) + " header fields"};
    }
    if (!ended || !rest.empty()) return {400, "the request head does not end with one empty line"};
    if (Refusal refusal = judge_fields(head)) return refusal;
    return compare_with_poco(bytes, head);
}

Refusal decode_path(std::string_view encoded, std::string& path) {
    path.clear();
    path.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        char c = encoded[i];
        if (c == '%') {
            const int high = i + 1 < encoded.size() ? hex_value(encoded[i + 1]) : -1;
            const int low = i + 2 < encoded.size() ? hex_value(encoded[i + 2]) : -1;
            if (high < 0 || low < 0) return {400, "a '%' in the path that two hexadecimal digits do not follow"};
            c = static_cast<char>(high * 16 + low);
            i += 2;
            if (c == '/') return {400, "an encoded slash in the path"};
            if (c == '%' && i + 2 < encoded.size() && hex_value(encoded[i + 1]) >= 0 && hex_value(encoded[i + 2]) >= 0)
                return {400, "the path is percent-encoded twice"};
        }
        if (c == '\\') return {400, "a backslash in the path"};
        if (is_control(c) || c == '\t') return {400, "a control character in the path"};
        path.push_back(c);
    }
    if (path.empty() || path.front() != '/') return {400, "the path must begin with '/'"};
    if (!is_utf8(path)) return {400, "the path is not UTF-8"};
    for (std::size_t at = 1; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view segment = std::string_view(path).substr(at, end - at);
        if (segment == "." || segment == "..") return {400, "a dot segment in the path"};
        if (segment.empty()) return {400, "an empty segment in the path"};
        at = end + 1;
    }
    return {};
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        std::size_t length = 1;
        std::uint32_t code = lead;
        if (lead >= 0xf0 && lead < 0xf5) {
            length = 4;
            code = lead & 0x07u;
        } else if (lead >= 0xe0 && lead < 0xf0) {
            length = 3;
            code = lead & 0x0fu;
        } else if (lead >= 0xc2 && lead < 0xe0) {
            length = 2;
            code = lead & 0x1fu;
        } else if (lead >= 0x80) {
            return false;
        }
        if (i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0u) != 0x80u) return false;
            code = (code << 6) | (next & 0x3fu);
        }
        const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
        if (overlong || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return false;
        i += length;
    }
    return true;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return lower;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace cairn::gateway
