// Described structs as JSON and as Documents.
#include "json_members.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <cairn/json.hpp>

namespace cairn {
namespace {

constexpr std::string_view kMasked = "***";  // what a secret looks like wherever it is shown

template <class T>
const T& as(const void* member) noexcept {
    return *static_cast<const T*>(member);
}

void append_unsigned(std::string& out, std::uint64_t value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_number(std::string& out, double value, double precision) {
    if (precision > 0) write_json_number(out, value, precision);
    else write_json_number(out, value);
}

Document member_document(const Type& type, const void* member) {
    switch (type.kind) {
        case Kind::boolean: return as<bool>(member);
        case Kind::integer: return detail::load_integer(type, member);
        case Kind::number: return as<double>(member);
        case Kind::text: return as<std::string>(member);
        case Kind::duration: return as<Duration>(member).count();
        case Kind::size: return as<Bytes>(member).value;
        case Kind::rate: return {{"count", as<Rate>(member).count}, {"per_ms", as<Rate>(member).per.count()}};
        case Kind::vector: {
            const Vec3& v = as<Vec3>(member);
            return Document::list({v.x, v.y, v.z});
        }
        case Kind::secret: return as<Secret>(member).empty() ? std::string_view() : kMasked;
        case Kind::any: return as<Document>(member);
        case Kind::list: {
            Document::List items;
            for (std::size_t i = 0; i < type.count(member); ++i) {
                items.push_back(member_document(*type.element, type.at(member, i)));
            }
            return Document::list(std::move(items));
        }
        case Kind::map: {
            Document::Map members;
            for (std::size_t i = 0; i < type.count(member); ++i) {
                members.emplace_back(type.key_at(member, i), member_document(*type.element, type.at(member, i)));
            }
            return Document::map(std::move(members));
        }
        case Kind::optional:
            return type.count(member) == 0 ? Document() : member_document(*type.element, type.at(member, 0));
        case Kind::structure: return to_document(type.structure(), member);
    }
    return {};
}

}  // namespace

const Field* StructType::find(std::string_view name) const noexcept {
    for (const Field& field : fields) {
        if (field.name == name) return &field;
    }
    return nullptr;
}

namespace detail {

std::int64_t load_integer(const Type& type, const void* member) noexcept {
    const auto load = [member]<class T>(T) {
        T value;
        std::memcpy(&value, member, sizeof value);
        return static_cast<std::int64_t>(value);
    };
    switch (type.width) {
        case 1: return type.is_signed ? load(std::int8_t{}) : load(std::uint8_t{});
        case 2: return type.is_signed ? load(std::int16_t{}) : load(std::uint16_t{});
        case 4: return type.is_signed ? load(std::int32_t{}) : load(std::uint32_t{});
        default: return load(std::int64_t{});
    }
}

void store_integer(const Type& type, void* member, std::int64_t value) noexcept {
    const auto store = [member, value]<class T>(T) {
        const T narrow = static_cast<T>(value);
        std::memcpy(member, &narrow, sizeof narrow);
    };
    switch (type.width) {  // two's complement: the same bytes for signed and unsigned
        case 1: return store(std::int8_t{});
        case 2: return store(std::int16_t{});
        case 4: return store(std::int32_t{});
        default: return store(std::int64_t{});
    }
}

void write_member(std::string& out, const Field& field, const Type& type, const void* member) {
    switch (type.kind) {
        case Kind::boolean: out += as<bool>(member) ? "true" : "false"; break;
        case Kind::integer: {
            const std::int64_t value = load_integer(type, member);
            if (value < 0 && !type.is_signed) append_unsigned(out, static_cast<std::uint64_t>(value));
            else JsonWriter(out).integer(value);
            break;
        }
        case Kind::number: append_number(out, as<double>(member), field.precision); break;
        case Kind::text: write_json_text(out, as<std::string>(member)); break;
        case Kind::duration: JsonWriter(out).integer(as<Duration>(member).count()); break;
        case Kind::size: append_unsigned(out, as<Bytes>(member).value); break;
        case Kind::vector: {
            const Vec3& v = as<Vec3>(member);
            out += '[';
            append_number(out, v.x, field.precision);
            out += ',';
            append_number(out, v.y, field.precision);
            out += ',';
            append_number(out, v.z, field.precision);
            out += ']';
            break;
        }
        case Kind::rate:
        case Kind::secret: member_document(type, member).write_json(out); break;
        case Kind::any: as<Document>(member).write_json(out); break;
        case Kind::list: {
            out += '[';
            const std::size_t count = type.count(member);
            for (std::size_t i = 0; i < count; ++i) {
                if (i != 0) out += ',';
                write_member(out, field, *type.element, type.at(member, i));
            }
            out += ']';
            break;
        }
        case Kind::map: {
            out += '{';
            const std::size_t count = type.count(member);
            for (std::size_t i = 0; i < count; ++i) {
                if (i != 0) out += ',';
                write_json_text(out, type.key_at(member, i));
                out += ':';
                write_member(out, field, *type.element, type.at(member, i));
            }
            out += '}';
            break;
        }
        case Kind::optional:
            if (type.count(member) == 0) out += "null";
            else write_member(out, field, *type.element, type.at(member, 0));
            break;
        case Kind::structure: write_json(out, type.structure(), member); break;
    }
}

}  // namespace detail

void write_json(std::string& out, const StructType& type, const void* object) {
    out += '{';
    bool first = true;
    for (const Field& field : type.fields) {
        const void* member = static_cast<const char*>(object) + field.offset;
        if (field.type->kind == Kind::optional && field.type->count(member) == 0) continue;
        if (!first) out += ',';
        first = false;
        write_json_text(out, field.name);
        out += ':';
        detail::write_member(out, field, *field.type, member);
    }
    out += '}';
}

void write_json_row(std::string& out, const StructType& type, const void* object) {
    out += '[';
    bool first = true;
    for (const Field& field : type.fields) {
        if (!first) out += ',';
        first = false;
        detail::write_member(out, field, *field.type, static_cast<const char*>(object) + field.offset);
    }
    out += ']';
}

Document to_document(const StructType& type, const void* object) {
    Document::Map members;
    members.reserve(type.fields.size());
    for (const Field& field : type.fields) {
        members.emplace_back(field.name, member_document(*field.type, static_cast<const char*>(object) + field.offset));
    }
    return Document::map(std::move(members));
}

}  // namespace cairn
