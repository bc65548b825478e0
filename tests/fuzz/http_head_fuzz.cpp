// Random bytes as the beginning of a connection: head, then body. However they are chopped, the outcome must be the
// same; and what is accepted must keep what a RequestHead promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <plugins/gateway/http_body.hpp>
#include <plugins/gateway/http_head.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace {

using namespace cairn::gateway;

void must_hold(bool condition) {
    if (!condition) std::abort();
}

struct Outcome {
    int head_status = -1;  ///< -1: waits for more; 0: accepted
    int body_status = -1;
    std::size_t taken = 0;
    std::string body;
    std::optional<RequestHead> head;
};

Outcome feed(std::string_view bytes, std::size_t piece) {
    Outcome outcome;
    HeadReader reader{HeadLimits{}};
    std::optional<BodyReader> body;
    for (std::size_t at = 0; at < bytes.size();) {
        std::string_view some = bytes.substr(at, piece);
        at += some.size();
        while (!some.empty()) {
            std::size_t taken = 0;
            if (!outcome.head) {
                taken = reader.feed(some);
                outcome.taken += taken;
                if (reader.state() == HeadReader::State::refused) {
                    outcome.head_status = reader.refusal().status;
                    return outcome;
                }
                if (reader.state() == HeadReader::State::complete) {
                    outcome.head_status = 0;
                    outcome.head = reader.take();
                    body.emplace(*outcome.head, 4096);
                }
            } else {
                if (body->state() != BodyReader::State::need_more) break;
                taken = body->feed(some);
                outcome.taken += taken;
            }
            must_hold(taken > 0 && taken <= some.size());
            some.remove_prefix(taken);
        }
        if (body && body->state() != BodyReader::State::need_more) break;
    }
    if (body) {
        outcome.body_status = body->state() == BodyReader::State::complete ? 0 : body->refusal().status;
        if (body->state() == BodyReader::State::need_more) outcome.body_status = -1;
        outcome.body = body->take();
        must_hold(outcome.body.size() <= 4096);
    }
    return outcome;
}

void promises_hold(const RequestHead& head) {
    must_hold(!head.path.empty() && head.path.front() == '/' && is_utf8(head.path));
    must_hold(head.path.find('\\') == std::string::npos && head.path.find('\0') == std::string::npos);
    must_hold(head.path.find("//") == std::string::npos && (head.path + "/").find("/../") == std::string::npos &&
              (head.path + "/").find("/./") == std::string::npos);
    must_hold(head.fields.size() <= 64 && head.count("host") <= 1 && head.count("content-length") <= 1);
    must_hold(!(head.chunked && head.content_length));
    for (const auto& [name, value] : head.fields) {
        must_hold(is_token(name) && name == lower_case(name));
        must_hold(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Outcome whole = feed(bytes, bytes.size() + 1);
    const Outcome chopped = feed(bytes, 1 + data[0] % 16u);
    must_hold(whole.head_status == chopped.head_status);
    must_hold(whole.body_status == chopped.body_status && whole.body == chopped.body && whole.taken == chopped.taken);
    if (!whole.head) return 0;
    promises_hold(*whole.head);
    static const OriginRule kRule({"https://good.example"}, false);
    const Handshake handshake = judge_handshake(*whole.head, kRule, {}, {"cairn.v1+json"});
    must_hold(handshake.refusal.status != 0 || handshake.answer.starts_with("HTTP/1.1 101 "));
    return 0;
}
