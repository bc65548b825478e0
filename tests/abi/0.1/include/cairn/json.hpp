#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/export.hpp>
#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn {

/// Writes JSON straight into a string; puts the commas itself. No checks beyond that: the caller closes what he opens.
///
/// Text is escaped so that it is safe inside an HTML script block too: `<` after which `/` or `!` follows, U+2028 and
/// U+2029 are written as escapes (reliability.md section 8, XSS). A NaN or infinity is written as null.
class CAIRN_API JsonWriter {
public:
    explicit JsonWriter(std::string& out) noexcept : out_(out) {}

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);
    JsonWriter& text(std::string_view value);
    JsonWriter& integer(std::int64_t value);
    JsonWriter& number(double value);
    /// Rounded to `precision` (for example 0.001); 0 means "as it is".
    JsonWriter& number(double value, double precision);
    JsonWriter& boolean(bool value);
    JsonWriter& null();
    JsonWriter& vector(const Vec3& value);
    JsonWriter& document(const Document& value);
    /// `json` is already JSON and is taken as it is.
    JsonWriter& raw(std::string_view json);
    /// A described struct as an object.
    template <class T>
    JsonWriter& value(const T& described) {
        separate();
        write_json(out_, struct_type<T>(), &described);
        return *this;
    }

    std::string& out() noexcept { return out_; }

private:
    void separate();
    std::string& out_;
    bool first_ = true;
    bool after_key_ = false;
};

/// Appends `value` as a JSON string, quotes included. [any]
CAIRN_API void write_json_text(std::string& out, std::string_view value);
/// Appends the shortest decimal that reads back as `value`. [any]
CAIRN_API void write_json_number(std::string& out, double value);
/// Appends `value` rounded to `precision` (> 0), without trailing zeros. [any]
CAIRN_API void write_json_number(std::string& out, double value, double precision);

/// Decodes JSON into a described struct, checking every rule of its description.
/// Throws Error(bad_request | invalid_field | too_large) naming the field. Unknown members are refused. [any]
CAIRN_API void decode_json(const StructType& type, void* object, std::string_view json);

template <class T>
T from_json(std::string_view json) {
    T value{};
    decode_json(struct_type<T>(), &value, json);
    return value;
}

template <class T>
std::string to_json(const T& described) {
    std::string out;
    write_json(out, struct_type<T>(), &described);
    return out;
}

}  // namespace cairn
