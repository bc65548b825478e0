#include "json_input.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <cairn/text.hpp>

namespace cairn::detail {
namespace {

constexpr std::size_t kKeepBytes = 1U << 20;  // a workspace that grew beyond this is given back
constexpr std::size_t kMaxKeyBytes = 255;

JsonInput::Workspace& thread_workspace() {
    thread_local JsonInput::Workspace workspace;
    return workspace;
}

std::string_view syntax_words(simdjson::error_code error) noexcept {
    switch (error) {
        case simdjson::UTF8_ERROR: return "it is not valid UTF-8";
        case simdjson::UNESCAPED_CHARS: return "a text holds a control character that is not escaped";
        case simdjson::UNCLOSED_STRING: return "a text is not closed";
        case simdjson::STRING_ERROR: return "a text holds an escape that does not exist, or half of a surrogate pair";
        case simdjson::NUMBER_ERROR: return "a number is malformed or too large";
        case simdjson::DEPTH_ERROR: return "it is nested too deeply";
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return "a list or an object is not closed";
        case simdjson::T_ATOM_ERROR:
        case simdjson::F_ATOM_ERROR:
        case simdjson::N_ATOM_ERROR: return "a word that is none of true, false and null";
        default: return "a comma, a colon, a bracket or a value is missing or out of place";
    }
}

/// Refuses a key that stands twice. Few keys are compared with one another, many are sorted first.
void refuse_duplicates(const Document::Map& members, const Place& place) {
    const auto refuse_key = [&place](std::string_view key) {
        refuse(Code::bad_request, place, "the member \"" + std::string(key) + "\" stands twice");
    };
    if (members.size() <= 16) {
        for (std::size_t i = 1; i < members.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (members[i].key == members[j].key) refuse_key(members[i].key);
            }
        }
        return;
    }
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const Document::Member& member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) refuse_key(*twice);
}

std::string_view checked_text(std::string_view text, const Place& place, std::size_t max_bytes, std::size_t& count) {
    if (text.size() > max_bytes) {
        refuse(
            Code::too_large, place,
            "text may have at most " + std::to_string(max_bytes) + " bytes, this has " + std::to_string(text.size()));
    }
    const std::optional<std::size_t> points = code_points(text);
    if (!points) refuse(Code::bad_request, place, "this is not JSON: an escape names half of a surrogate pair");
    if (text.find('\0') != std::string_view::npos) refuse(Code::invalid_field, place, "text must not hold U+0000");
    count = *points;
    return text;
}

Document read_number(ondemand::value value, const Place& place) {
    ondemand::number number;
    if (value.get_number().get(number) == simdjson::SUCCESS) {
        if (number.is_int64()) return number.get_int64();
        return number.as_double();
    }
    double wide = 0;  // an integer beyond 64 bits
    must(value.get_double().get(wide), place);
    return wide;
}

}  // namespace

std::string Place::words() const {
    std::string out = parent ? parent->words() : std::string();
    if (index != kNoIndex) return out + '[' + std::to_string(index) + ']';
    if (key.empty()) return out;
    if (!out.empty()) out += '.';
    return out.append(key);
}

void refuse(Code code, const Place& place, const std::string& message) {
    const std::string where = place.words();
    throw Error(code, where.empty() ? message : where + ": " + message).at(where);
}

void refuse_syntax(simdjson::error_code error, const Place& place) {
    refuse(Code::bad_request, place, "this is not JSON: " + std::string(syntax_words(error)));
}

JsonInput::JsonInput() : workspace_(&thread_workspace()) {
    if (workspace_->busy) {
        own_ = std::make_unique<Workspace>();
        workspace_ = own_.get();
    }
    workspace_->busy = true;
}

JsonInput::~JsonInput() {
    workspace_->busy = false;
    if (!own_ && workspace_->capacity > kKeepBytes) {
        workspace_->parser = ondemand::parser();
        workspace_->buffer.reset();
        workspace_->capacity = 0;
    }
}

simdjson::error_code JsonInput::parse(std::string_view json, ondemand::document& document) {
    const std::size_t length = json.size() + 2;
    const std::size_t needed = length + simdjson::SIMDJSON_PADDING;
    if (workspace_->capacity < needed) {
        const std::size_t capacity = std::max(needed, workspace_->capacity * 2);
        workspace_->buffer.reset(new char[capacity]);
        workspace_->capacity = capacity;
    }
    char* buffer = workspace_->buffer.get();
    buffer[0] = '[';
    if (!json.empty()) std::memcpy(buffer + 1, json.data(), json.size());
    buffer[json.size() + 1] = ']';
    std::memset(buffer + length, ' ', simdjson::SIMDJSON_PADDING);
    return workspace_->parser.iterate(buffer, length, workspace_->capacity).get(document);
}

std::string_view type_words(ondemand::json_type type) noexcept {
    switch (type) {
        case ondemand::json_type::array: return "a list";
        case ondemand::json_type::object: return "an object";
        case ondemand::json_type::number: return "a number";
        case ondemand::json_type::string: return "text";
        case ondemand::json_type::boolean: return "true or false";
        case ondemand::json_type::null: return "null";
    }
    return "something else";
}

std::string_view read_text(ondemand::value value, const Place& place, std::size_t max_bytes,
                           std::size_t& code_point_count) {
    std::string_view text;
    must(value.get_string().get(text), place);
    return checked_text(text, place, max_bytes, code_point_count);
}

std::string_view read_key(ondemand::field& field, const Place& place) {
    std::string_view key;
    must(field.unescaped_key().get(key), place);
    std::size_t count = 0;
    return checked_text(key, place, kMaxKeyBytes, count);
}

Document read_any(ondemand::value value, const Place& place, const AnyLimits& limits, std::size_t depth,
                  std::size_t& keys) {
    ondemand::json_type type{};
    must(value.type().get(type), place);
    const bool container = type == ondemand::json_type::array || type == ondemand::json_type::object;
    if (container && depth >= limits.depth) {
        refuse(Code::too_large, place,
               "lists and objects may be nested " + std::to_string(limits.depth) + " deep at most");
    }
    switch (type) {
        case ondemand::json_type::null: {
            bool null = false;
            must(value.is_null().get(null), place);
            if (!null) refuse_syntax(simdjson::N_ATOM_ERROR, place);
            return {};
        }
        case ondemand::json_type::boolean: {
            bool truth = false;
            must(value.get_bool().get(truth), place);
            return truth;
        }
        case ondemand::json_type::number: return read_number(value, place);
        case ondemand::json_type::string: {
            std::size_t count = 0;
            return read_text(value, place, limits.text_bytes, count);
        }
        case ondemand::json_type::array: {
            ondemand::array array;
            must(value.get_array().get(array), place);
            Document::List items;
            for (auto item : array) {
                ondemand::value element;
                const Place at{&place, {}, items.size()};
                must(item.get(element), at);
                if (items.size() >= limits.items) {
                    refuse(Code::too_large, place,
                           "a list may have at most " + std::to_string(limits.items) + " items");
                }
                items.push_back(read_any(element, at, limits, depth + 1, keys));
            }
            return Document::list(std::move(items));
        }
        case ondemand::json_type::object: {
            ondemand::object object;
            must(value.get_object().get(object), place);
            Document::Map members;
            for (simdjson::simdjson_result<ondemand::field> item : object) {
                ondemand::field field;
                must(std::move(item).get(field), place);
                if (++keys > limits.keys) {
                    refuse(Code::too_large, place,
                           "it may have at most " + std::to_string(limits.keys) + " members in all");
                }
                const std::string key(read_key(field, place));
                const Place at{&place, key};
                members.emplace_back(key, read_any(field.value(), at, limits, depth + 1, keys));
            }
            refuse_duplicates(members, place);
            return Document::map(std::move(members));
        }
    }
    return {};
}

}  // namespace cairn::detail

namespace cairn {

Document Document::parse_json(std::string_view text) {
    constexpr std::size_t kMaxDepth = 64;
    Document parsed;
    detail::JsonInput input;
    input.read(text, [&parsed](detail::ondemand::value value) {
        std::size_t keys = 0;
        parsed = detail::read_any(value, detail::Place{}, detail::AnyLimits{.depth = kMaxDepth}, 0, keys);
    });
    return parsed;
}

}  // namespace cairn
