// JSON straight into described structs: parsed and judged in one pass, without a tree in between.
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <cairn/json.hpp>
#include <cairn/text.hpp>

#include "json_input.hpp"
#include "json_members.hpp"
#include "json_rules.hpp"

namespace cairn {
namespace {

using detail::check_choice;
using detail::check_count;
using detail::check_range;
using detail::must;
using detail::Place;
using detail::refuse;
using detail::refuse_unknown;
using detail::too_many;
namespace ondemand = simdjson::ondemand;
using JsonType = ondemand::json_type;

// The host's own limits, for members that name none (reliability.md section 8, row JSON).
constexpr std::size_t kMaxTextBytes = 8192;
constexpr std::size_t kMaxItems = 256;
constexpr std::size_t kMaxDepth = 16;
constexpr double kTwoTo63 = 9223372036854775808.0;

/// Which members of a struct have been seen.
class Seen {
public:
    explicit Seen(std::size_t fields) {
        if (fields > kInline * 64) more_.resize(fields / 64 + 1);
    }
    /// Marks `index`; false when it already was.
    bool mark(std::size_t index) noexcept {
        std::uint64_t& word = more_.empty() ? bits_[index / 64] : more_[index / 64];
        const std::uint64_t bit = std::uint64_t{1} << (index % 64);
        if ((word & bit) != 0) return false;
        word |= bit;
        return true;
    }
    bool has(std::size_t index) const noexcept {
        const std::uint64_t word = more_.empty() ? bits_[index / 64] : more_[index / 64];
        return (word >> (index % 64) & 1U) != 0;
    }

private:
    static constexpr std::size_t kInline = 2;
    std::array<std::uint64_t, kInline> bits_{};
    std::vector<std::uint64_t> more_;
};

class Decoder {
public:
    void object(const StructType& type, void* object, ondemand::object json, const Place& place, std::size_t depth) {
        Seen seen(type.fields.size());
        std::size_t expected = 0;  // clients mostly write members in the order of the description
        for (simdjson::simdjson_result<ondemand::field> item : json) {
            ondemand::field member;
            must(std::move(item).get(member), place);
            const std::string_view key = detail::read_key(member, place);
            const std::size_t index = find(type, key, expected);
            if (index == type.fields.size()) refuse_unknown(type, key, place);
            const Field& field = type.fields[index];
            const Place at{&place, field.name};
            if (!seen.mark(index)) refuse(Code::bad_request, at, "stands twice");
            expected = index + 1;
            void* target = static_cast<char*>(object) + field.offset;
            value(field, *field.type, target, member.value(), at, depth);
            if (field.check) {
                const std::string wrong = field.check(target);
                if (!wrong.empty()) refuse(Code::invalid_field, at, wrong);
            }
        }
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const Field& field = type.fields[i];
            if (field.required && !seen.has(i)) {
                refuse(Code::invalid_field, Place{&place, field.name}, "is missing (" + field.meaning + ")");
            }
        }
    }

    /// Reads the root, which must be an object.
    void root(const StructType& type, void* target, ondemand::value value) {
        const Place place;
        object(type, target, as_object(value, place, "the message"), place, 1);
    }

private:
    static std::size_t find(const StructType& type, std::string_view key, std::size_t expected) noexcept {
        if (expected < type.fields.size() && type.fields[expected].name == key) return expected;
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            if (type.fields[i].name == key) return i;
        }
        return type.fields.size();
    }

    static JsonType type_of_json(ondemand::value value, const Place& place) {
        JsonType type{};
        must(value.type().get(type), place);
        return type;
    }

    [[noreturn]] static void wrong_type(const Place& place, std::string_view wanted, JsonType found) {
        refuse(Code::invalid_field, place,
               "must be " + std::string(wanted) + ", it is " + std::string(detail::type_words(found)));
    }

    static void want(ondemand::value value, JsonType wanted, std::string_view words, const Place& place) {
        const JsonType found = type_of_json(value, place);
        if (found != wanted) wrong_type(place, words, found);
    }

    static ondemand::object as_object(ondemand::value value, const Place& place, std::string_view what) {
        const JsonType found = type_of_json(value, place);
        if (found != JsonType::object) {
            refuse(place.parent ? Code::invalid_field : Code::bad_request, place,
                   std::string(what) + " must be an object, it is " + std::string(detail::type_words(found)));
        }
        ondemand::object object;
        must(value.get_object().get(object), place);
        return object;
    }

    static void deeper(std::size_t depth, const Place& place) {
        if (depth >= kMaxDepth) {
            refuse(Code::too_large, place,
                   "lists and objects may be nested " + std::to_string(kMaxDepth) + " deep at most");
        }
    }

    static double finite(ondemand::value value, const Place& place, std::string_view words) {
        want(value, JsonType::number, words, place);
        double number = 0;
        const simdjson::error_code error = value.get_double().get(number);
        // A number that is well formed yet beyond the range of a double is refused here as well.
        if (error != simdjson::SUCCESS || !std::isfinite(number)) {
            refuse(Code::invalid_field, place, "must be a well-formed, finite number");
        }
        return number;
    }

    /// A whole number, also when it is spelled 3.0 or 3e0. Returns the bits; `negative` tells how to read them.
    static std::uint64_t whole(ondemand::value value, const Place& place, std::string_view words, bool& negative) {
        want(value, JsonType::number, words, place);
        ondemand::number number;
        if (value.get_number().get(number) == simdjson::SUCCESS) {
            if (number.is_int64()) {
                negative = number.get_int64() < 0;
                return static_cast<std::uint64_t>(number.get_int64());
            }
            if (number.is_uint64()) {
                negative = false;
                return number.get_uint64();
            }
            const double real = number.get_double();
            if (std::fabs(real) < kTwoTo63 && real == std::trunc(real)) {
                negative = real < 0;
                return static_cast<std::uint64_t>(static_cast<std::int64_t>(real));
            }
        }
        refuse(Code::invalid_field, place, "must be " + std::string(words) + " that fits");
    }

    static void integer(const Field& field, const Type& type, void* target, ondemand::value value, const Place& place) {
        if (field.has_true_value && type_of_json(value, place) == JsonType::boolean) {
            bool on = false;
            must(value.get_bool().get(on), place);
            return detail::store_integer(type, target, on ? field.true_value : 0);
        }
        bool negative = false;
        const std::uint64_t bits = whole(value, place, "a whole number", negative);
        const unsigned width_bits = type.width * 8U;
        const std::uint64_t biggest =
            std::numeric_limits<std::uint64_t>::max() >> (64U - width_bits + (type.is_signed ? 1U : 0U));
        const bool fits = negative ? type.is_signed && ~bits <= biggest : bits <= biggest;
        const double number =
            negative ? static_cast<double>(static_cast<std::int64_t>(bits)) : static_cast<double>(bits);
        check_range(field, number, place);
        if (!fits) {
            refuse(Code::invalid_field, place,
                   "must be from " + (type.is_signed ? '-' + std::to_string(biggest + 1) : std::string("0")) + " to " +
                       std::to_string(biggest));
        }
        detail::store_integer(type, target, static_cast<std::int64_t>(bits));
    }

    static std::int64_t milliseconds(ondemand::value value, const Place& place) {
        bool negative = false;
        const std::uint64_t bits = whole(value, place, "a whole number of milliseconds", negative);
        // One year more than the widest clock needs; keeps every sum of two of them inside 64 bits.
        constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
        if ((negative ? ~bits : bits) > kMost) refuse(Code::invalid_field, place, "must be fewer milliseconds");
        return static_cast<std::int64_t>(bits);
    }

    static void text(const Field& field, std::string& target, ondemand::value value, const Place& place) {
        want(value, JsonType::string, "text", place);
        std::size_t count = 0;
        // A length in code points replaces the limit in bytes; what comes in is bounded by the message anyway.
        constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
        const std::string_view text =
            detail::read_text(value, place, field.max_length != 0 ? kNoLimit : kMaxTextBytes, count);
        check_count(field, count, kMaxTextBytes, "characters", place);
        if (!field.choices.empty()) check_choice(field, text, place);
        if (!matches(field.pattern, text)) {
            refuse(Code::invalid_field, place, "must " + std::string(pattern_words(field.pattern)));
        }
        target.assign(text);
    }

    static void vector(const Field& field, Vec3& target, ondemand::value value, const Place& place) {
        constexpr std::string_view kWords = "a vector [x,y,z]";
        want(value, JsonType::array, kWords, place);
        ondemand::array array;
        must(value.get_array().get(array), place);
        std::array<double, 3> parts{};
        std::size_t count = 0;
        for (auto item : array) {
            ondemand::value part;
            must(item.get(part), place);
            if (count == parts.size()) refuse(Code::invalid_field, place, "must be a vector [x,y,z] of three numbers");
            parts[count] = finite(part, place, "a vector [x,y,z] of three numbers");
            check_range(field, parts[count], place);
            ++count;
        }
        if (count != parts.size()) refuse(Code::invalid_field, place, "must be a vector [x,y,z] of three numbers");
        target = {parts[0], parts[1], parts[2]};
    }

    static void rate(Rate& target, ondemand::value value, const Place& place) {
        bool has_count = false;
        bool has_per = false;
        for (simdjson::simdjson_result<ondemand::field> item : as_object(value, place, "a rate")) {
            ondemand::field member;
            must(std::move(item).get(member), place);
            const std::string_view key = detail::read_key(member, place);
            const bool is_count = key == "count";
            if (!is_count && key != "per_ms") refuse(Code::invalid_field, place, R"(must be {"count":…,"per_ms":…})");
            bool& seen = is_count ? has_count : has_per;
            if (seen) refuse(Code::bad_request, place, "a member stands twice");
            seen = true;
            const std::int64_t number = milliseconds(member.value(), place);
            if (number < (is_count ? 0 : 1))
                refuse(Code::invalid_field, place, "count must be 0 or more, per_ms 1 or more");
            if (is_count) target.count = number;
            else target.per = Duration(number);
        }
        if (!has_count || !has_per) refuse(Code::invalid_field, place, R"(must be {"count":…,"per_ms":…})");
    }

    void list(const Field& field, const Type& type, void* target, ondemand::value value, const Place& place,
              std::size_t depth) {
        want(value, JsonType::array, "a list", place);
        deeper(depth, place);
        ondemand::array array;
        must(value.get_array().get(array), place);
        type.clear(target);
        std::size_t count = 0;
        const std::size_t most = field.max_length != 0 ? field.max_length : kMaxItems;
        const Field rules = element_rules(field);
        for (auto item : array) {
            const Place at{&place, {}, count};
            ondemand::value element;
            must(item.get(element), at);
            if (++count > most) too_many(field, most, "items", place);
            this->value(rules, *type.element, type.append(target), element, at, depth + 1);
        }
        check_count(field, count, kMaxItems, "items", place);
    }

    void map(const Field& field, const Type& type, void* target, ondemand::value value, const Place& place,
             std::size_t depth) {
        ondemand::object object = as_object(value, place, "it");
        deeper(depth, place);
        type.clear(target);
        const Field rules = element_rules(field);
        const std::size_t most = field.max_length != 0 ? field.max_length : kMaxItems;
        std::size_t count = 0;
        for (simdjson::simdjson_result<ondemand::field> item : object) {
            ondemand::field member;
            must(std::move(item).get(member), place);
            const std::string key(detail::read_key(member, place));
            const Place at{&place, key};
            if (++count > most) too_many(field, most, "members", place);
            void* slot = type.insert(target, key);
            if (type.count(target) != count) refuse(Code::bad_request, at, "stands twice");
            this->value(rules, *type.element, slot, member.value(), at, depth + 1);
        }
        check_count(field, count, kMaxItems, "members", place);
    }

    /// What holds for each element: everything but the lengths, which count the elements, and the rule for the whole.
    static Field element_rules(const Field& field) {
        Field rules;
        rules.has_min = field.has_min;
        rules.has_max = field.has_max;
        rules.min = field.min;
        rules.max = field.max;
        rules.pattern = field.pattern;
        rules.choices = field.choices;
        rules.has_true_value = field.has_true_value;
        rules.true_value = field.true_value;
        return rules;
    }

    void value(const Field& field, const Type& type, void* target, ondemand::value value, const Place& place,
               std::size_t depth) {
        switch (type.kind) {
            case Kind::boolean: {
                want(value, JsonType::boolean, "true or false", place);
                bool truth = false;
                must(value.get_bool().get(truth), place);
                *static_cast<bool*>(target) = truth;
                break;
            }
            case Kind::integer: integer(field, type, target, value, place); break;
            case Kind::number: {
                const double number = finite(value, place, "a number");
                check_range(field, number, place);
                *static_cast<double*>(target) = number;
                break;
            }
            case Kind::text: text(field, *static_cast<std::string*>(target), value, place); break;
            case Kind::duration: {
                const std::int64_t number = milliseconds(value, place);
                check_range(field, static_cast<double>(number), place);
                *static_cast<Duration*>(target) = Duration(number);
                break;
            }
            case Kind::size: {
                bool negative = false;
                const std::uint64_t bytes = whole(value, place, "a whole number of bytes", negative);
                if (negative) refuse(Code::invalid_field, place, "must not be negative");
                check_range(field, static_cast<double>(bytes), place);
                static_cast<Bytes*>(target)->value = bytes;
                break;
            }
            case Kind::rate: {
                Rate& made = *static_cast<Rate*>(target);
                rate(made, value, place);
                check_range(field, static_cast<double>(made.count), place);
                break;
            }
            case Kind::vector: vector(field, *static_cast<Vec3*>(target), value, place); break;
            case Kind::secret: {
                std::string plain;
                text(field, plain, value, place);
                *static_cast<Secret*>(target) = Secret(std::move(plain));
                break;
            }
            case Kind::any: {
                std::size_t keys = 0;
                const detail::AnyLimits limits{
                    .depth = kMaxDepth, .keys = kMaxItems, .items = kMaxItems, .text_bytes = kMaxTextBytes};
                *static_cast<Document*>(target) = detail::read_any(value, place, limits, depth, keys);
                break;
            }
            case Kind::list: list(field, type, target, value, place, depth); break;
            case Kind::map: map(field, type, target, value, place, depth); break;
            case Kind::optional: {
                if (type_of_json(value, place) == JsonType::null) {
                    bool null = false;
                    must(value.is_null().get(null), place);
                    if (!null)
                        refuse(Code::bad_request, place,
                               "this is not JSON: a word that is none of true, false and null");
                    type.clear(target);
                    break;
                }
                this->value(field, *type.element, type.engage(target), value, place, depth);
                break;
            }
            case Kind::structure: {
                const ondemand::object json = as_object(value, place, "it");
                deeper(depth, place);
                object(type.structure(), target, json, place, depth + 1);
                break;
            }
        }
    }
};

}  // namespace

void decode_json(const StructType& type, void* object, std::string_view json) {
    detail::JsonInput input;
    Decoder decoder;
    input.read(json, [&](ondemand::value value) { decoder.root(type, object, value); });
}

}  // namespace cairn
