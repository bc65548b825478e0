// Types, bounds and values in words.
#include "core/config/accepted_form.hpp"

#include <cmath>

#include <cairn/json.hpp>
#include <cairn/text.hpp>

#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

/// The innermost type: what the bounds of a list, a map or an optional speak of.
const Type& inner(const Type& type) {
    const Type* at = &type;
    while (at->kind == Kind::list || at->kind == Kind::map || at->kind == Kind::optional) at = at->element;
    return *at;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out.append(out.empty() ? "" : ", ").append(word);
    return out;
}

std::string length_words(const Field& field, std::string_view unit) {
    if (field.min_length == 0 && field.max_length == 0) return {};
    const std::string of = ' ' + std::string(unit);
    if (field.max_length == 0) return " of at least " + std::to_string(field.min_length) + of;
    if (field.min_length == 0) return " of at most " + std::to_string(field.max_length) + of;
    if (field.min_length == field.max_length) return " of " + std::to_string(field.max_length) + of;
    return " of " + std::to_string(field.min_length) + " to " + std::to_string(field.max_length) + of;
}

std::string integer_words(const Field& field, const Type& type) {
    std::string words = "a whole number";
    if (field.has_min && field.has_max && field.min == field.max) {
        words += ", " + range_words(field, type);
    } else if (field.has_min || field.has_max) {
        words += ' ' + range_words(field, type);
    } else if (type.width < 8) {
        const unsigned bits = type.width * 8U;
        const std::int64_t max = (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
        words += " from " + std::to_string(type.is_signed ? -max - 1 : 0) + " to " + std::to_string(max);
    } else if (!type.is_signed) {
        words += ", 0 or more";
    }
    if (field.has_true_value)
        words += ", or true (the same as " + std::to_string(field.true_value) + ") or false (the same as 0)";
    return words;
}

std::string with_range(std::string words, const Field& field, const Type& type) {
    const std::string range = range_words_of(field, type);
    return range.empty() ? words : std::move(words) + ", " + range;
}

/// The form of `type` under the rules of `field`; `outer` is false inside lists and maps, whose lengths are not theirs.
std::string form_words(const Field& field, const Type& type, bool outer) {
    switch (type.kind) {
        case Kind::boolean: return "true or false";
        case Kind::integer: return integer_words(field, type);
        case Kind::number: {
            const std::string range = range_words(field, type);
            return range.empty() ? "a number" : "a number " + range;
        }
        case Kind::text: {
            if (!field.choices.empty()) return "one of " + joined(field.choices);
            std::string words = "text" + (outer ? length_words(field, "characters") : std::string());
            if (field.pattern != Pattern::any) words += "; it must " + std::string(pattern_words(field.pattern));
            return words;
        }
        case Kind::duration: return with_range("a duration such as 100ms, 2s, 5m or 24h", field, type);
        case Kind::size: return with_range("a size such as 512B, 64KiB or 50MiB", field, type);
        case Kind::rate: return with_range("a rate such as 10/60s or 20/s", field, type);
        case Kind::vector: return with_range("a vector [x, y, z] of three numbers", field, type);
        case Kind::secret: return "a secret: {env: NAME} or {file: path}";
        case Kind::any: return "any value";
        case Kind::list:
            return "a list" + (outer ? length_words(field, "items") : std::string()) + ", each item " +
                   form_words(field, *type.element, false);
        case Kind::map:
            return "a map" + (outer ? length_words(field, "keys") : std::string()) + ", each value " +
                   form_words(field, *type.element, false);
        case Kind::optional: return form_words(field, *type.element, outer) + ", or nothing";
        case Kind::structure: {
            std::vector<std::string> names;
            for (const Field& member : type.structure().fields) names.push_back(member.name);
            return names.empty() ? "an empty map" : "a map with the keys " + joined(names);
        }
    }
    return "a value";
}

std::string number_text(double value) {
    std::string out;
    write_json_number(out, value);
    return out;
}

/// True when a YAML reader would take these letters for something else than this text.
bool needs_quotes(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
    if (text.find_first_of("-?:,[]{}#&*!|>'\"%@`") == 0) return true;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) return true;
    }
    if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos || text.back() == ':')
        return true;
    for (const std::string_view word : {"true", "false", "null", "yes", "no", "on", "off", "~"}) {
        if (text == word) return true;
    }
    return text.front() >= '0' && text.front() <= '9' &&
           text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

std::string quoted(std::string_view text) {
    std::string out;
    write_json_text(out, text);  // JSON text is YAML text
    return out;
}

std::string container_words(const Type& type, const void* member) {
    const std::size_t count = type.count(member);
    const bool list = type.kind == Kind::list;
    std::string out(1, list ? '[' : '{');
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 0) out += ", ";
        if (!list) out.append(type.key_at(member, i)).append(": ");
        out += value_words(*type.element, type.at(member, i));
    }
    return out + (list ? ']' : '}');
}

}  // namespace

std::string bound_words(const Type& type, double bound) {
    switch (inner(type).kind) {
        case Kind::duration: return print_duration(Duration(static_cast<std::int64_t>(bound)));
        case Kind::size: return bound < 0 ? number_text(bound) : print_size(Bytes{static_cast<std::uint64_t>(bound)});
        default: return number_text(bound);
    }
}

std::string range_words(const Field& field, const Type& type) {
    std::string out;
    if (field.has_min && field.has_max && field.min == field.max) out = "exactly " + bound_words(type, field.min);
    else if (field.has_min && field.has_max)
        out = "from " + bound_words(type, field.min) + " to " + bound_words(type, field.max);
    else if (field.has_min) out = "at least " + bound_words(type, field.min);
    else if (field.has_max) out = "at most " + bound_words(type, field.max);
    return out;
}

std::string range_words_of(const Field& field, const Type& type) {
    std::string out = range_words(field, type);
    if (out.empty()) return out;
    const Kind kind = inner(type).kind;
    return kind == Kind::rate ? "its count " + out : kind == Kind::vector ? "each " + out : out;
}

std::string value_words(const Type& type, const void* member) {
    switch (type.kind) {
        case Kind::text: {
            const auto& text = *static_cast<const std::string*>(member);
            return needs_quotes(text) ? quoted(text) : text;
        }
        case Kind::duration: return print_duration(*static_cast<const Duration*>(member));
        case Kind::size: return print_size(*static_cast<const Bytes*>(member));
        case Kind::rate: return print_rate(*static_cast<const Rate*>(member));
        case Kind::secret: return static_cast<const Secret*>(member)->empty() ? "(none)" : "(secret)";
        case Kind::any:
            return static_cast<const Document*>(member)->is_null() ? "(none)"
                                                                   : static_cast<const Document*>(member)->to_json();
        case Kind::boolean: return *static_cast<const bool*>(member) ? "true" : "false";
        case Kind::number: return number_text(*static_cast<const double*>(member));
        case Kind::vector: {
            const Vec3& v = *static_cast<const Vec3*>(member);
            return '[' + number_text(v.x) + ", " + number_text(v.y) + ", " + number_text(v.z) + ']';
        }
        case Kind::integer: {
            Field unnamed;
            unnamed.type = &type;
            StructType holder;
            holder.fields.push_back(std::move(unnamed));
            std::string row;
            write_json_row(row, holder, member);
            return row.substr(1, row.size() - 2);
        }
        case Kind::list:
        case Kind::map: return container_words(type, member);
        case Kind::optional: return type.count(member) == 0 ? "(none)" : value_words(*type.element, type.at(member, 0));
        case Kind::structure: {
            std::string out = "{";
            for (const Field& field : type.structure().fields) {
                if (out.size() > 1) out += ", ";
                out.append(field.name)
                    .append(": ")
                    .append(value_words(*field.type, static_cast<const char*>(member) + field.offset));
            }
            return out + '}';
        }
    }
    return {};
}

std::string node_words(const Document& node) {
    switch (node.type()) {
        case Document::Type::null: return "empty";
        case Document::Type::boolean: return node.boolean_or(false) ? "the switch true" : "the switch false";
        case Document::Type::integer:
        case Document::Type::number: return "the number " + node.to_json();
        case Document::Type::text: {
            constexpr std::size_t kShown = 60;
            std::string_view text = node.text();
            std::size_t at = 0;
            while (at < text.size() && at < kShown) next_code_point(text, at);
            return "the text " + quoted(text.substr(0, at)) + (at < text.size() ? "…" : "");
        }
        case Document::Type::list: return "a list";
        case Document::Type::map: return "a map";
    }
    return "something else";
}

std::string accepted_form(const Field& field) {
    return form_words(field, *field.type, true);
}

}  // namespace cairn::core
