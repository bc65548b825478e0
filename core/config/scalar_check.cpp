#include "core/config/scalar_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <cairn/text.hpp>

#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"
#include "core/config/expansion.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kMaxText = 8192;

/// Words that YAML 1.1 took for switches (the Norway problem).
bool is_old_switch(std::string_view text) {
    std::string lower(text.substr(0, 8));
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    static constexpr std::array<std::string_view, 8> kWords{"yes", "no", "on", "off", "y", "n", "true", "false"};
    return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

ScalarVerdict not_a(std::string_view wanted, const Document& node, std::string hint = {}) {
    return {"must be " + std::string(wanted) + ", it is " + node_words(node), std::move(hint)};
}

std::string out_of_range(const Field& field, const Type& type, double value) {
    const bool low = field.has_min && value < field.min;
    const bool high = field.has_max && value > field.max;
    if (!low && !high) return {};
    const std::string_view what = type.kind == Kind::rate     ? "its count"
                                  : type.kind == Kind::vector ? "each component"
                                                              : "it";
    return bound_words(type, value) + " is out of range; " + std::string(what) + " must be " + range_words(field, type);
}

/// Quotes around what would be right without them.
std::string unquote_hint(const Document& node, bool (Document::*wanted)() const noexcept) {
    if (!node.is_text()) return {};
    const Document plain = plain_scalar(node.text());
    return (plain.*wanted)() ? "write it without the quotes: " + plain.to_json() : std::string();
}

template <class T>
void store(void* out, T value) {
    std::memcpy(out, &value, sizeof value);
}

void store_width(const Type& type, std::int64_t value, void* out) {
    switch (type.width) {
        case 1: store(out, static_cast<std::int8_t>(value)); break;
        case 2: store(out, static_cast<std::int16_t>(value)); break;
        case 4: store(out, static_cast<std::int32_t>(value)); break;
        default: store(out, value); break;
    }
}

bool fits(const Type& type, std::int64_t value) {
    if (type.width == 8) return type.is_signed || value >= 0;
    const unsigned bits = type.width * 8U;
    const std::int64_t max = (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
    return value <= max && value >= (type.is_signed ? -max - 1 : 0);
}

ScalarVerdict check_boolean(const Document& node, void* out) {
    if (!node.is_boolean()) {
        return not_a(
            "true or false", node,
            node.is_text() && is_old_switch(node.text()) ? "only true and false are switches, in small letters" : "");
    }
    *static_cast<bool*>(out) = node.boolean_or(false);
    return {};
}

ScalarVerdict check_integer(const Field& field, const Type& type, const Document& node, void* out) {
    if (field.has_true_value && node.is_boolean()) {
        store_width(type, node.boolean_or(false) ? field.true_value : 0, out);
        return {};
    }
    if (!node.is_integer()) {
        const bool switch_meant = field.has_true_value && node.is_text() && is_old_switch(node.text());
        return not_a("a whole number", node,
                     switch_meant ? "only true and false are switches, in small letters"
                                  : unquote_hint(node, &Document::is_integer));
    }
    const std::int64_t value = node.integer_or(0);
    std::string wrong = out_of_range(field, type, static_cast<double>(value));
    if (wrong.empty() && !fits(type, value)) wrong = std::to_string(value) + " is out of range";
    if (wrong.empty()) store_width(type, value, out);
    return {std::move(wrong), {}};
}

ScalarVerdict check_text(const Field& field, const Type& type, const Document& node, std::string_view source,
                         bool own_lengths, void* out) {
    if (!node.is_text()) {
        const bool scalar = node.is_number() || node.is_boolean();
        if (scalar && is_expansion(source)) return not_a("text", node, "put the expansion in quotes: \"${…}\"");
        return not_a("text", node, scalar ? "put it in quotes if text is meant: \"" + node.to_json() + '"' : "");
    }
    const std::string_view text = node.text();
    const bool plain = !source.empty() && source.front() != '"' && source.front() != '\'' && source.front() != '|' &&
                       source.front() != '>';
    if (plain && is_old_switch(text) && !is_expansion(source)) {
        return {"must be text, and " + std::string(text) + " without quotes is a switch to some readers of YAML",
                "put it in quotes: \"" + std::string(text) + '"'};
    }
    const std::size_t count = code_points(text).value_or(0);
    const std::size_t max = own_lengths && field.max_length != 0 ? field.max_length : kMaxText;
    if (count > max)
        return {"has " + std::to_string(count) + " characters, at most " + std::to_string(max) + " are allowed", {}};
    if (own_lengths && count < field.min_length) {
        return {"has " + std::to_string(count) + " characters, at least " + std::to_string(field.min_length) +
                    " are needed",
                {}};
    }
    if (!field.choices.empty() && std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end()) {
        const std::string nearest = did_you_mean(text, field.choices);
        return {'"' + std::string(text) + "\" is none of the choices",
                nearest.empty() ? "" : "did you mean " + nearest + "? It accepts " + accepted_form(field)};
    }
    if (!matches(field.pattern, text)) return {"must " + std::string(pattern_words(field.pattern)), {}};
    static_cast<void>(type);
    *static_cast<std::string*>(out) = std::string(text);
    return {};
}

ScalarVerdict check_number(const Field& field, const Type& type, const Document& node, void* out) {
    if (!node.is_number()) return not_a("a number", node, unquote_hint(node, &Document::is_number));
    const double value = node.number_or(0);
    std::string wrong = out_of_range(field, type, value);
    if (wrong.empty()) *static_cast<double*>(out) = value;
    return {std::move(wrong), {}};
}

ScalarVerdict check_vector(const Field& field, const Type& type, const Document& node, void* out) {
    if (!node.is_list()) return not_a("a vector [x, y, z]", node);
    if (node.size() != 3)
        return {"must be a vector [x, y, z] of three numbers, it has " + std::to_string(node.size()), {}};
    for (const Document& part : node.items()) {
        if (!part.is_number()) return {"must be a vector of three numbers, one of them is " + node_words(part), {}};
        std::string wrong = out_of_range(field, type, part.number_or(0));
        if (!wrong.empty()) return {std::move(wrong), {}};
    }
    *static_cast<Vec3*>(out) = {node.items()[0].number_or(0), node.items()[1].number_or(0),
                                node.items()[2].number_or(0)};
    return {};
}

/// A value with a unit: `parse` reads the text, `magnitude` is what the bounds speak of. `units` are those that somebody
/// who left it out may have meant, the likeliest first.
template <class Parse, class Magnitude>
ScalarVerdict check_unit(const Field& field, const Type& type, const Document& node, std::string_view wanted,
                         std::initializer_list<const char*> units, void* out, Parse parse, Magnitude magnitude) {
    if (node.is_integer() || node.is_number()) {
        for (const char* unit : units) {
            const std::string guess = node.to_json() + unit;
            const auto value = parse(guess);
            if (!value || !out_of_range(field, type, magnitude(*value)).empty()) continue;
            return not_a(wanted, node, "write its unit too, for example " + guess);
        }
        return not_a(wanted, node);
    }
    if (!node.is_text()) return not_a(wanted, node);
    const auto value = parse(node.text());
    if (!value) return not_a(wanted, node);
    std::string wrong = out_of_range(field, type, magnitude(*value));
    if (wrong.empty()) *static_cast<std::decay_t<decltype(*value)>*>(out) = *value;
    return {std::move(wrong), {}};
}

}  // namespace

ScalarVerdict check_scalar(const Field& field, const Type& type, const Document& original, std::string_view source_text,
                           bool own_lengths, void* out) {
    // "${X}" in quotes is how flow style must write an expansion; whoever wants a number or a switch may read it as
    // one.
    Document retyped;
    const bool retype =
        original.is_text() && type.kind != Kind::text && type.kind != Kind::any && is_quoted_expansion(source_text);
    if (retype) retyped = plain_scalar(original.text());
    const Document& node = retype ? retyped : original;
    if (node.is_null() && type.kind != Kind::any) return {"has no value", {}};
    switch (type.kind) {
        case Kind::boolean: return check_boolean(node, out);
        case Kind::integer: return check_integer(field, type, node, out);
        case Kind::number: return check_number(field, type, node, out);
        case Kind::text: return check_text(field, type, node, source_text, own_lengths, out);
        case Kind::vector: return check_vector(field, type, node, out);
        case Kind::duration:
            return check_unit(field, type, node, "a duration", {"s", "ms", "m", "h"}, out, parse_duration,
                              [](Duration value) { return static_cast<double>(value.count()); });
        case Kind::size:
            return check_unit(field, type, node, "a size", {"MiB", "KiB", "GiB", "B"}, out, parse_size,
                              [](Bytes value) { return static_cast<double>(value.value); });
        case Kind::rate:
            return check_unit(field, type, node, "a rate", {"/60s"}, out, parse_rate,
                              [](Rate value) { return static_cast<double>(value.count); });
        default: *static_cast<Document*>(out) = original; return {};
    }
}

}  // namespace cairn::core
