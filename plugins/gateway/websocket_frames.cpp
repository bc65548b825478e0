#include <plugins/gateway/websocket_frames.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include <sys/types.h>
#include <wslay/wslay.h>

#include <cairn/error.hpp>
#include <cairn/session.hpp>

#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

/// One wslay context and who is using it.
struct FrameParser {
    wslay_event_context_ptr context = nullptr;
    FrameReader* reader = nullptr;

    explicit FrameParser(std::size_t max_message) {
        wslay_event_callbacks callbacks{};
        callbacks.recv_callback = [](wslay_event_context_ptr ctx, std::uint8_t* into, std::size_t room, int,
                                     void* user) -> ssize_t {
            const std::size_t taken = self(user).reader->read(into, room);
            if (taken == 0) {
                wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
                return -1;
            }
            return static_cast<ssize_t>(taken);
        };
        // wslay queues pongs and closes of its own; ours go through the session, so these are thrown away.
        callbacks.send_callback = [](wslay_event_context_ptr, const std::uint8_t*, std::size_t length, int,
                                     void*) -> ssize_t { return static_cast<ssize_t>(length); };
        callbacks.on_frame_recv_start_callback = [](wslay_event_context_ptr,
                                                    const wslay_event_on_frame_recv_start_arg* arg, void* user) {
            self(user).reader->frame_started(arg->opcode, arg->fin != 0, arg->payload_length);
        };
        callbacks.on_frame_recv_chunk_callback = [](wslay_event_context_ptr,
                                                    const wslay_event_on_frame_recv_chunk_arg* arg, void* user) {
            self(user).reader->chunk({reinterpret_cast<const char*>(arg->data), arg->data_length});
        };
        callbacks.on_frame_recv_end_callback = [](wslay_event_context_ptr, void* user) {
            self(user).reader->frame_ended();
        };
        callbacks.on_msg_recv_callback = [](wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* arg,
                                            void* user) {
            if (!wslay_is_ctrl_frame(arg->opcode)) return;
            self(user).reader->control_received(arg->opcode, arg->status_code,
                                                {reinterpret_cast<const char*>(arg->msg), arg->msg_length});
        };
        if (wslay_event_context_server_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
        // Data is gathered here as it arrives; wslay would allocate what a header merely announces.
        wslay_event_config_set_no_buffering(context, 1);
        wslay_event_config_set_max_recv_msg_length(context, max_message);
    }
    ~FrameParser() { wslay_event_context_free(context); }
    FrameParser(const FrameParser&) = delete;
    FrameParser& operator=(const FrameParser&) = delete;

    static FrameParser& self(void* user) noexcept { return *static_cast<FrameParser*>(user); }
};

namespace {
constexpr std::size_t kSpareParsers = 16;
}

FrameParserPool::FrameParserPool(std::size_t max_message) : max_message_(max_message) {
    spare_.reserve(kSpareParsers);
}
FrameParserPool::~FrameParserPool() = default;

std::unique_ptr<FrameParser> FrameParserPool::lend() {
    if (spare_.empty()) return std::make_unique<FrameParser>(max_message_);
    auto parser = std::move(spare_.back());
    spare_.pop_back();
    return parser;
}

void FrameParserPool::give_back(std::unique_ptr<FrameParser> parser) noexcept {
    parser->reader = nullptr;
    if (spare_.size() < kSpareParsers) spare_.push_back(std::move(parser));
}

FrameReader::FrameReader(FrameParserPool& pool, const FrameLimits& limits, FrameSink& sink)
    : pool_(pool), limits_(limits), sink_(sink) {}

FrameReader::~FrameReader() = default;

void FrameReader::feed(std::string_view bytes, std::chrono::steady_clock::time_point now) {
    if (finished_ || bytes.empty()) return;
    if (parser_) {
        check_time(now);
        if (finished_) return;
    } else {
        parser_ = pool_.lend();
        parser_->reader = this;
        started_ = now;
        fed_ = whole_frames_ = 0;
    }
    input_ = bytes;
    now_ = now;
    const int result = wslay_event_recv(parser_->context);
    if (!finished_ && (result != 0 || wslay_event_get_read_enabled(parser_->context) == 0)) {
        // wslay has queued a Close of its own; sending it to nobody makes it tell its code.
        wslay_event_send(parser_->context);
        const std::uint16_t code = wslay_event_get_status_code_sent(parser_->context);
        violate(code >= 1000 && code < 1015 && code != 1005 ? code : close_code::kProtocol, "");
    }
    input_ = {};
    if (finished_) {
        parser_.reset();
        message_ = {};
        return;
    }
    if (wslay_event_want_write(parser_->context) != 0) wslay_event_send(parser_->context);
    // Between two messages wslay knows nothing that we need to keep.
    if (!in_message_ && fed_ == whole_frames_) pool_.give_back(std::move(parser_));
}

void FrameReader::check_time(std::chrono::steady_clock::time_point now) {
    if (finished_ || !parser_ || now - started_ <= limits_.fragment_time) return;
    violate(close_code::kPolicy, "a message took too long to arrive");
    parser_.reset();
    message_ = {};
}

std::size_t FrameReader::read(std::uint8_t* into, std::size_t room) noexcept {
    const std::size_t some = std::min(room, input_.size());
    std::memcpy(into, input_.data(), some);
    input_.remove_prefix(some);
    fed_ += some;
    return some;
}

void FrameReader::frame_started(std::uint8_t opcode, bool final, std::uint64_t length) {
    if (finished_) return;
    frame_size_ = 2 + 4 + (length > 0xffff ? 8u : length > 125 ? 2u : 0u) + length;
    in_control_ = wslay_is_ctrl_frame(opcode) != 0;
    if (in_control_) {
        // The one miss of wslay: RFC 6455 section 5.5.1, a close payload begins with a code of two bytes.
        if (opcode == WSLAY_CONNECTION_CLOSE && length == 1)
            violate(close_code::kProtocol, "a close payload of one byte");
        return;
    }
    if (opcode == WSLAY_BINARY_FRAME) return violate(close_code::kUnsupported, "binary data under a text codec");
    if (opcode != WSLAY_CONTINUATION_FRAME) {
        announced_ = 0;
        fragments_ = 0;
        in_message_ = true;
    }
    announced_ += length;
    if (announced_ > limits_.message) return violate(close_code::kTooBig, "the message is too large");
    if (++fragments_ > limits_.fragments) return violate(close_code::kPolicy, "the message has too many fragments");
    final_ = final;
    frame_left_ = length;
}

void FrameReader::chunk(std::string_view bytes) {
    if (finished_ || in_control_ || bytes.empty()) return;
    frame_left_ -= std::min<std::uint64_t>(frame_left_, bytes.size());
    if (final_ && frame_left_ == 0 && message_.empty()) {
        // The whole message lies in wslay's buffer: no copy. frame_ended() would come with nothing to add, but the
        // UTF-8 of its end has not been judged yet, so the message is kept when it may end inside a character.
        if ((static_cast<unsigned char>(bytes.back()) & 0x80u) == 0) {
            in_message_ = false;
            sink_.on_message(bytes);
            return;
        }
    }
    message_.append(bytes);
}

void FrameReader::frame_ended() {
    if (finished_) return;
    whole_frames_ += frame_size_;
    if (in_control_ || !final_) return;
    started_ = now_;  // what follows in this very read has only just begun
    if (!in_message_) return;
    in_message_ = false;
    const std::string message = std::move(message_);
    message_ = {};
    sink_.on_message(message);
}

void FrameReader::control_received(std::uint8_t opcode, std::uint16_t code, std::string_view payload) {
    if (finished_) return;
    if (opcode == WSLAY_PING) return sink_.on_ping(payload);
    if (opcode == WSLAY_PONG) return sink_.on_pong(payload);
    const std::string_view reason = payload.size() > 2 ? payload.substr(2) : std::string_view();
    // wslay overlooks this when the payload comes in pieces: it skips two bytes of each.
    if (!is_utf8(reason)) return violate(close_code::kBadData, "a close reason that is not UTF-8");
    finished_ = true;
    sink_.on_close(code == 0 ? std::uint16_t{1005} : code, reason);
}

void FrameReader::violate(std::uint16_t code, std::string_view why) {
    if (finished_) return;
    finished_ = true;
    if (parser_) wslay_event_shutdown_read(parser_->context);
    if (why.empty()) {
        why = code == close_code::kTooBig    ? "the message is too large"
              : code == close_code::kBadData ? "text that is not UTF-8"
                                             : "a frame that breaks RFC 6455";
    }
    sink_.on_violation(code, why);
}

}  // namespace cairn::gateway
