#include <plugins/gateway/http_answer.hpp>

#include <algorithm>
#include <array>

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Timestamp.h>

#include <cairn/document.hpp>

namespace cairn::gateway {

namespace {

constexpr std::array<std::string_view, 9> kOurs{"content-length", "transfer-encoding", "connection",
                                                "keep-alive",     "upgrade",           "date",
                                                "content-type",   "trailer",           "x-content-type-options"};

bool safe_value(std::string_view value) noexcept {
    return std::none_of(value.begin(), value.end(),
                        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f'; });
}

void add(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

std::string_view code_for(int status) noexcept {
    switch (status) {
        case 401:
            return "unauthenticated";
        case 403:
            return "forbidden";
        case 404:
            return "not_found";
        case 409:
            return "conflict";
        case 413:
        case 414:
        case 431:
            return "too_large";
        case 429:
            return "rate_limited";
        case 405:
        case 417:
        case 426:
        case 501:
        case 505:
            return "unsupported";
        case 503:
            return "unavailable";
        case 408:
            return "bad_request";
        default:
            return status >= 500 ? "internal" : "bad_request";
    }
}

}  // namespace

std::string answer_head(const HttpResponse& answer, const AnswerFrame& frame) {
    std::string out;
    out.reserve(320);
    const int status = answer.status >= 200 && answer.status <= 599 ? answer.status : 500;
    out.append("HTTP/1.1 ").append(std::to_string(status)).push_back(' ');
    if (status == 426)
        out.append("Upgrade Required");
    else if (status == 431)
        out.append("Request Header Fields Too Large");
    else
        out.append(
            Poco::Net::HTTPResponse::getReasonForStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status)));
    out.append("\r\n");
    add(out, "Date", http_date(frame.now));
    // RFC 9110 section 8.6: no Content-Length with 204; a 304 has none of its own either.
    const bool bodiless = status == 204 || status == 304;
    if (!bodiless) {
        add(out, "Content-Length", std::to_string(frame.length));
        if (safe_value(answer.content_type) && !answer.content_type.empty())
            add(out, "Content-Type", answer.content_type);
    }
    add(out, "X-Content-Type-Options", "nosniff");
    if (status == 426) {
        add(out, "Connection", frame.keep_alive ? "Upgrade" : "Upgrade, close");
        add(out, "Upgrade", "websocket");
    } else if (!frame.keep_alive) {
        add(out, "Connection", "close");
    }
    for (const auto& header : answer.headers) {
        const bool ours = std::any_of(kOurs.begin(), kOurs.end(),
                                      [&](std::string_view mine) { return equal_ignoring_case(mine, header.first); });
        if (!ours && is_token(header.first) && safe_value(header.second)) add(out, header.first, header.second);
    }
    out.append("\r\n");
    return out;
}

HttpResponse error_answer(int status, std::string_view message) {
    HttpResponse answer;
    answer.status = status;
    answer.body = Document{{"err", Document{{"code", code_for(status)}, {"message", message}}}}.to_json();
    return answer;
}

std::string http_date(WallTime time) {
    return Poco::DateTimeFormatter::format(Poco::Timestamp(time * 1000), Poco::DateTimeFormat::HTTP_FORMAT);
}

}  // namespace cairn::gateway
