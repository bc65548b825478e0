#include "core/durability/row_codec.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

/// Where a value stands, written out only when it is wrong.
struct Place {
    const Place* parent = nullptr;
    std::string_view name;
};

std::string describe_place(const Place& place) {
    if (place.parent == nullptr) return std::string(place.name);
    return describe_place(*place.parent) + "." + std::string(place.name);
}

[[noreturn]] void refuse(const Place& place, const Document& value, std::string_view expected) {
    std::string shown = value.to_json();
    if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
    throw Error(Code::internal, "column " + describe_place(place) + " holds " + shown + ", expected " +
                                    std::string(expected) + ": the row was written by something else than this plugin");
}

template <class T>
T& as(void* member) noexcept {
    return *static_cast<T*>(member);
}

std::int64_t whole(const Document& value, const Place& place, std::string_view expected) {
    if (value.is_integer()) return value.integer_or(0);
    const double number = value.number_or(std::numeric_limits<double>::quiet_NaN());
    if (std::isfinite(number) && std::trunc(number) == number && number >= -kTwoTo63 && number < kTwoTo63) {
        return static_cast<std::int64_t>(number);
    }
    refuse(place, value, expected);
}

/// Stores `value` in an integer of the member's width. Unsigned 64-bit values beyond the signed range are not stored by
/// any of the databases, so there is nothing to read back.
void store_integer(const Type& type, void* member, std::int64_t value, const Place& place) {
    const auto store = [&]<class T>(T) {
        if (!std::in_range<T>(value)) {
            refuse(place, value,
                   "an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                       std::to_string(std::numeric_limits<T>::max()));
        }
        const T narrow = static_cast<T>(value);
        std::memcpy(member, &narrow, sizeof narrow);
    };
    switch (type.width) {
        case 1:
            return type.is_signed ? store(std::int8_t{}) : store(std::uint8_t{});
        case 2:
            return type.is_signed ? store(std::int16_t{}) : store(std::uint16_t{});
        case 4:
            return type.is_signed ? store(std::int32_t{}) : store(std::uint32_t{});
        default:
            return type.is_signed ? store(std::int64_t{}) : store(std::uint64_t{});
    }
}

double number(const Document& value, const Place& place, std::string_view expected) {
    if (!value.is_number()) refuse(place, value, expected);
    return value.number_or(0);
}

Vec3 vector(const Document& value, const Place& place) {
    constexpr std::string_view kExpected = "three numbers [x,y,z]";
    if (value.is_list()) {
        if (value.size() != 3) refuse(place, value, kExpected);
        const Document::List& items = value.items();
        return {number(items[0], place, kExpected), number(items[1], place, kExpected),
                number(items[2], place, kExpected)};
    }
    if (!value.is_map()) refuse(place, value, kExpected);
    return {number(value["x"], place, kExpected), number(value["y"], place, kExpected),
            number(value["z"], place, kExpected)};
}

void decode_value(const Type& type, void* member, const Document& value, const Place& place);

void decode_struct(const StructType& type, void* object, const Document& value, const Place& place) {
    if (!value.is_map()) refuse(place, value, "a JSON object");
    for (const Document::Member& item : value.members()) {
        const Field* field = type.find(item.key);
        if (field == nullptr) continue;
        decode_value(*field->type, static_cast<char*>(object) + field->offset, item.value, Place{&place, field->name});
    }
}

void decode_value(const Type& type, void* member, const Document& value, const Place& place) {
    if (type.kind == Kind::optional) {
        if (value.is_null())
            type.clear(member);
        else
            decode_value(*type.element, type.engage(member), value, place);
        return;
    }
    if (type.kind == Kind::any) {
        as<Document>(member) = value;
        return;
    }
    if (value.is_null()) return;  // the member keeps its default
    switch (type.kind) {
        case Kind::boolean: {
            if (value.is_boolean()) {
                as<bool>(member) = value.boolean_or(false);
                return;
            }
            const std::int64_t digit = whole(value, place, "0 or 1");
            if (digit != 0 && digit != 1) refuse(place, value, "0 or 1");
            as<bool>(member) = digit == 1;
            return;
        }
        case Kind::integer:
            return store_integer(type, member, whole(value, place, "a whole number"), place);
        case Kind::number:
            as<double>(member) = number(value, place, "a number");
            return;
        case Kind::text:
            if (!value.is_text()) refuse(place, value, "text");
            as<std::string>(member) = value.text();
            return;
        case Kind::secret:
            if (!value.is_text()) refuse(place, value, "text");
            as<Secret>(member) = Secret(std::string(value.text()));
            return;
        case Kind::duration:
            as<Duration>(member) = Duration(whole(value, place, "milliseconds"));
            return;
        case Kind::size: {
            const std::int64_t bytes = whole(value, place, "a number of bytes");
            if (bytes < 0) refuse(place, value, "a number of bytes");
            as<Bytes>(member).value = static_cast<std::uint64_t>(bytes);
            return;
        }
        case Kind::rate: {
            constexpr std::string_view kExpected = "a rate {\"count\":…,\"per_ms\":…}";
            if (!value.is_map()) refuse(place, value, kExpected);
            as<Rate>(member) = {whole(value["count"], place, kExpected),
                                Duration(whole(value["per_ms"], place, kExpected))};
            return;
        }
        case Kind::vector:
            as<Vec3>(member) = vector(value, place);
            return;
        case Kind::list:
            if (!value.is_list()) refuse(place, value, "a JSON array");
            type.clear(member);
            for (const Document& item : value.items()) decode_value(*type.element, type.append(member), item, place);
            return;
        case Kind::map:
            if (!value.is_map()) refuse(place, value, "a JSON object");
            type.clear(member);
            for (const Document::Member& item : value.members()) {
                decode_value(*type.element, type.insert(member, item.key), item.value, Place{&place, item.key});
            }
            return;
        case Kind::structure:
            return decode_struct(type.structure(), member, value, place);
        case Kind::any:
        case Kind::optional:
            return;  // above
    }
}

/// True when a column holds this kind as JSON text.
bool is_json(const Type& type) noexcept {
    switch (type.kind) {
        case Kind::vector:
        case Kind::any:
        case Kind::list:
        case Kind::map:
        case Kind::rate:
        case Kind::structure:
            return true;
        case Kind::optional:
            return is_json(*type.element);
        default:
            return false;
    }
}

/// Reads `[x,y,z]` as this program writes it; false for every other form of the same, which is read the long way.
bool plain_vector(std::string_view text, Vec3& into) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    double parts[3];
    for (int i = 0; i < 3; ++i) {
        if (at == end || *at != (i == 0 ? '[' : ',')) return false;
        ++at;
        while (at != end && *at == ' ') ++at;
        // Numbers of JSON only: from_chars also knows `inf`, `nan` and a leading point.
        if (at == end || !((*at >= '0' && *at <= '9') || *at == '-')) return false;
        const auto read = std::from_chars(at, end, parts[i]);
        if (read.ec != std::errc{} || !std::isfinite(parts[i])) return false;
        at = read.ptr;
    }
    if (end - at != 1 || *at != ']') return false;
    into = {parts[0], parts[1], parts[2]};
    return true;
}

Document parse_column(const Type& type, const Document& value, const Place& place) {
    try {
        return Document::parse_json(value.text());
    } catch (const Error&) {
        // A Document may also stand for a plain text column.
        const Type& inner = type.kind == Kind::optional ? *type.element : type;
        if (inner.kind == Kind::any) return value;
        refuse(place, value, "JSON");
    }
}

}  // namespace

RowDecoder::RowDecoder(const StructType& type, std::span<const std::string> columns) : type_(type) {
    fields_.reserve(columns.size());
    for (const std::string& column : columns) fields_.push_back(type_.find(column));
}

void RowDecoder::decode(std::span<const Document> values, void* row) const {
    const std::size_t count = std::min(values.size(), fields_.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Field* field = fields_[i];
        if (field == nullptr) continue;
        void* member = static_cast<char*>(row) + field->offset;
        const Place place{nullptr, field->name};
        const Document& value = values[i];
        if (value.is_text() && field->type->kind == Kind::vector && plain_vector(value.text(), as<Vec3>(member))) {
            continue;  // the hottest column there is: a million objects have three each
        } else if (value.is_text() && is_json(*field->type)) {
            decode_value(*field->type, member, parse_column(*field->type, value, place), place);
        } else if (value.is_null() && field->type->kind == Kind::any) {
            continue;  // NULL is "the default", also for a Document
        } else {
            decode_value(*field->type, member, value, place);
        }
    }
}

void decode_row(const Document& values, const StructType& type, void* row) {
    std::vector<std::string> columns;
    std::vector<Document> cells;
    for (const Document::Member& member : values.members()) {
        const bool nested = member.value.is_list() || member.value.is_map();
        columns.push_back(member.key);
        cells.push_back(nested ? Document(member.value.to_json()) : member.value);
    }
    RowDecoder(type, columns).decode(cells, row);
}

}  // namespace cairn::core
