#include "core/spaces/envelope.hpp"

#include <cstring>
#include <vector>

#include <cairn/json.hpp>

#include <simdjson.h>

namespace cairn::core {

namespace ondemand = simdjson::ondemand;

struct EnvelopeReader::State {
    ondemand::parser parser;
    std::vector<char> buffer;
};

namespace {

Error bad(const std::string& what) {
    return Error(Code::bad_request, what + R"(; a message looks like {"t":"chat.send","id":1,"d":{…}})");
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

std::optional<Error> read_type(ondemand::value value, std::string_view& out) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS || text.empty() || text.size() > kMaxTypeName)
        return bad("\"t\" is not a text of 1 to " + std::to_string(kMaxTypeName) + " bytes").at("t");
    out = text;
    return std::nullopt;
}

std::optional<Error> read_id(ondemand::value value, std::string_view& out) {
    const std::string_view raw = trimmed(value.raw_json_token());
    ondemand::json_type type{};
    bool good = false;
    if (value.type().get(type) == simdjson::SUCCESS) {
        if (type == ondemand::json_type::string) {
            std::string_view text;
            good = value.get_string().get(text) == simdjson::SUCCESS && raw.size() <= kMaxRequestId + 2;
        } else if (type == ondemand::json_type::number) {
            std::int64_t number = 0;
            std::uint64_t large = 0;
            good = value.get_int64().get(number) == simdjson::SUCCESS ||
                   value.get_uint64().get(large) == simdjson::SUCCESS;
        }
    }
    if (!good)
        return bad("\"id\" is neither an integer nor a text of at most " + std::to_string(kMaxRequestId) + " bytes")
            .at("id");
    out = raw;
    return std::nullopt;
}

std::optional<Error> read_d(ondemand::value value, std::string_view& out) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return bad("\"d\" is not an object").at("d");
    std::string_view raw;
    if (object.raw_json().get(raw) != simdjson::SUCCESS) return bad("the message is not JSON");
    out = trimmed(raw);
    return std::nullopt;
}

}  // namespace

EnvelopeReader::EnvelopeReader() : state_(std::make_unique<State>()) {}
EnvelopeReader::~EnvelopeReader() = default;

std::optional<Error> EnvelopeReader::read(std::string_view message, Envelope& out) {
    out = Envelope{{}, {}, "{}"};
    // simdjson reads a little beyond the end, so the text moves into a buffer with room behind it.
    std::vector<char>& buffer = state_->buffer;
    if (buffer.size() < message.size() + simdjson::SIMDJSON_PADDING)
        buffer.resize(message.size() + simdjson::SIMDJSON_PADDING + 1024);
    std::memcpy(buffer.data(), message.data(), message.size());
    std::memset(buffer.data() + message.size(), ' ', simdjson::SIMDJSON_PADDING);

    ondemand::document document;
    if (const auto error = state_->parser.iterate(buffer.data(), message.size(), buffer.size()).get(document))
        return bad(std::string("the message is not JSON (") + simdjson::error_message(error) + ")");
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return bad("the message is not a JSON object");

    bool has_type = false;
    bool has_id = false;
    bool has_d = false;
    std::optional<Error> wrong;
    for (auto item : object) {
        ondemand::field field;
        std::string_view key;
        if (std::move(item).get(field) != simdjson::SUCCESS || field.unescaped_key().get(key) != simdjson::SUCCESS)
            return bad("the message is not JSON");
        bool* const seen = key == "t" ? &has_type : key == "id" ? &has_id : key == "d" ? &has_d : nullptr;
        if (!seen) continue;  // room for later versions
        if (*seen) return bad("\"" + std::string(key) + "\" is there twice");
        *seen = true;
        std::optional<Error> problem = seen == &has_type ? read_type(field.value(), out.type)
                                       : seen == &has_id ? read_id(field.value(), out.id)
                                                         : read_d(field.value(), out.d);
        // The rest is read all the same: the id may still come, and the answer needs it.
        if (problem && !wrong) wrong = std::move(problem);
    }
    const char* end = nullptr;
    if (document.current_location().get(end) == simdjson::SUCCESS)
        return bad("something follows the message's closing brace");
    if (wrong) return wrong;
    if (!has_type) return bad("\"t\", the message's type, is missing").at("t");
    return std::nullopt;
}

void begin_event(std::string& out, std::string_view type, std::uint64_t number) {
    out += "{\"t\":";
    write_json_text(out, type);
    if (number > 0) {
        out += ",\"s\":";
        out += std::to_string(number);
    }
    out += ",\"d\":";
}

std::string event_json(std::string_view type, std::string_view d_json) {
    std::string out;
    out.reserve(type.size() + d_json.size() + 16);
    begin_event(out, type, 0);
    out += d_json;
    out += '}';
    return out;
}

std::string reply_json(std::string_view id, std::string_view d_json) {
    std::string out;
    out.reserve(id.size() + d_json.size() + 32);
    out += "{\"re\":";
    out += id;
    out += ",\"ok\":true,\"d\":";
    out += d_json;
    out += '}';
    return out;
}

std::string refusal_json(std::string_view id, std::string_view type, const Error& error, std::string_view trace) {
    std::string out;
    if (id.empty()) {
        out += "{\"t\":\"error\",\"d\":";
    } else {
        out += "{\"re\":";
        out += id;
        out += ",\"err\":";
    }
    JsonWriter json(out);
    json.begin_object().key("code").text(code_name(error.code())).key("message").text(error.what());
    if (!error.field().empty()) json.key("field").text(error.field());
    if (error.retry_after().count() > 0) json.key("retry_after_ms").integer(error.retry_after().count());
    if (!trace.empty()) json.key("trace").text(trace);
    if (id.empty() && !type.empty()) json.key("re_t").text(type);
    json.end_object();
    out += '}';
    return out;
}

}  // namespace cairn::core
