#include <plugins/gateway/http_body.hpp>

#include <algorithm>

namespace cairn::gateway {

namespace {

constexpr std::size_t kMaxExtension = 128;  // bytes per chunk; RFC 9112 section 7.1.1 asks for a limit
constexpr std::size_t kMaxTrailers = 1024;  // bytes in all

}  // namespace

BodyReader::BodyReader(const RequestHead& head, std::size_t max_body)
    : chunked_(head.chunked), max_body_(max_body), left_(head.chunked ? 0 : head.content_length.value_or(0)) {
    if (chunked_) return;
    if (left_ > max_body_) {
        refuse(413, "the body is larger than the " + std::to_string(max_body_) + " bytes that are accepted here");
    } else if (left_ == 0) {
        state_ = State::complete;
    }
}

std::size_t BodyReader::feed(std::string_view bytes) {
    if (state_ != State::need_more) return 0;
    std::size_t taken = 0;
    if (chunked_) {
        taken = feed_chunked(bytes);
    } else {
        taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        body_.append(bytes.substr(0, taken));
        left_ -= taken;
        if (left_ == 0) state_ = State::complete;
    }
    received_ += taken;
    return taken;
}

std::size_t BodyReader::feed_chunked(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && state_ == State::need_more) {
        if (part_ == Part::data) {
            const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - taken));
            body_.append(bytes.substr(taken, some));
            taken += some;
            left_ -= some;
            if (left_ == 0) part_ = Part::data_cr;
        } else {
            chunk_byte(bytes[taken++]);
        }
    }
    return taken;
}

void BodyReader::chunk_byte(char c) {
    switch (part_) {
        case Part::size: {
            const int value = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (value >= 0) {
                if (++digits_ > 8) return refuse(400, "a chunk size of more than eight digits");
                left_ = left_ * 16 + static_cast<std::uint64_t>(value);
            } else if (digits_ > 0 && c == '\r') {
                part_ = Part::size_line_end;
            } else if (digits_ > 0 && c == ';') {
                part_ = Part::extension;
                overhead_ = 1;
            } else {
                return refuse(400, "a chunk size that is no hexadecimal number");
            }
            return;
        }
        case Part::extension:
            if (c == '\r') {
                part_ = Part::size_line_end;
            } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') {
                refuse(400, "a control character in a chunk extension");
            } else if (++overhead_ > kMaxExtension) {
                refuse(400, "a chunk extension of more than 128 bytes");
            }
            return;
        case Part::size_line_end:
            if (c != '\n') return refuse(400, "a chunk size line that does not end with CR LF");
            return end_size_line();
        case Part::data_cr:
            if (c != '\r') return refuse(400, "a chunk that is longer than its size");
            part_ = Part::data_lf;
            return;
        case Part::data_lf:
            if (c != '\n') return refuse(400, "a chunk that does not end with CR LF");
            part_ = Part::size;
            digits_ = 0;
            left_ = 0;
            return;
        case Part::trailer:
            return trailer_byte(c);
        case Part::data:
            return;
    }
}

void BodyReader::end_size_line() {
    if (left_ == 0) {
        part_ = Part::trailer;
        overhead_ = 0;
        return;
    }
    if (left_ > max_body_ - body_.size())
        return refuse(413,
                      "the body is larger than the " + std::to_string(max_body_) + " bytes that are accepted here");
    part_ = Part::data;
}

void BodyReader::trailer_byte(char c) {
    if (++overhead_ > kMaxTrailers) return refuse(400, "more than 1024 bytes of trailers");
    if (!line_.empty() && line_.back() == '\r') {
        if (c != '\n') return refuse(400, "a trailer line that does not end with CR LF");
        const std::string_view line(line_.data(), line_.size() - 1);
        if (line.empty()) {
            state_ = State::complete;
        } else if (const std::size_t colon = line.find(':');
                   colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            refuse(400, "a trailer line that is no header field");
        }
        line_.clear();
        return;
    }
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') || c == '\x7f')
        return refuse(400, "a control character in a trailer");
    line_.push_back(c);
}

void BodyReader::refuse(int status, std::string reason) {
    state_ = State::refused;
    refusal_ = {status, std::move(reason)};
    body_ = {};
}

}  // namespace cairn::gateway
