#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/export.hpp>
#include <cairn/values.hpp>

namespace cairn {

struct StructType;

/// What a described member is. Containers and structs refer to the type of what they hold.
enum class Kind : std::uint8_t {
    boolean,   ///< bool
    integer,   ///< any integral type; `width` bytes, signed or not
    number,    ///< double
    text,      ///< std::string
    duration,  ///< cairn::Duration
    size,      ///< cairn::Bytes
    rate,      ///< cairn::Rate
    vector,    ///< cairn::Vec3
    secret,    ///< cairn::Secret
    any,       ///< cairn::Document, taken as it comes
    list,      ///< std::vector<element>
    map,       ///< std::map<std::string, element>
    optional,  ///< std::optional<element>
    structure, ///< a struct with its own describe()
};

/// The shape of a C++ type, so that the host can read and write it without knowing it. One static object per type.
struct Type {
    Kind kind = Kind::any;
    std::uint8_t width = 0;
    bool is_signed = false;
    const Type* element = nullptr;
    const StructType& (*structure)() = nullptr;

    // list: append a default element; map: the element under `key`, made when absent; optional: engage.
    void* (*append)(void* list) = nullptr;
    void* (*insert)(void* map, std::string_view key) = nullptr;
    void* (*engage)(void* optional) = nullptr;
    void (*clear)(void* container) = nullptr;
    std::size_t (*count)(const void* container) = nullptr;                       // optional: 0 or 1
    const void* (*at)(const void* container, std::size_t index) = nullptr;       // list, map, optional
    const std::string& (*key_at)(const void* map, std::size_t index) = nullptr;  // map (linear, for small maps)
};

/// What a change of a setting needs to take effect.
enum class Reload : std::uint8_t { restart, reconnect, live };

/// Named rules for text, checked by the host.
enum class Pattern : std::uint8_t {
    any,         ///< valid UTF-8 without U+0000
    name,        ///< letters, digits, underscore, space, hyphen (P169)
    identifier,  ///< letters, digits, `_ - . :`
    line,        ///< one line: no control characters, no bidirectional overrides
    url,         ///< http, https or a path beginning with one `/`
};

/// One described member.
struct Field {
    std::string name;
    std::string meaning;
    const Type* type = nullptr;
    std::size_t offset = 0;

    bool required = false;
    bool has_min = false;
    bool has_max = false;
    double min = 0;  ///< numbers as they are, durations in ms, sizes in bytes, rates by count, vectors per component
    double max = 0;
    std::size_t min_length = 0;  ///< text: code points; lists and maps: elements
    std::size_t max_length = 0;  ///< 0: the host's default (text 8 KiB, lists 256)
    Pattern pattern = Pattern::any;
    std::vector<std::string> choices;
    double precision = 0;            ///< numbers are written rounded to this; 0: as they are
    bool has_true_value = false;     ///< an integer that also accepts true (= true_value) and false (= 0)
    std::int64_t true_value = 0;
    Reload reload = Reload::restart;
    std::string example;
    std::function<std::string(const void* member)> check;  ///< empty text: fine; else what is wrong and the cure
};

/// A described struct: its members, its size, and how to make one.
struct StructType {
    std::vector<Field> fields;
    std::size_t size = 0;
    std::size_t alignment = 0;
    void (*construct)(void* place) = nullptr;  ///< default-constructs
    void (*copy)(void* place, const void* from) = nullptr;
    void (*move)(void* place, void* from) = nullptr;
    void (*destroy)(void* object) = nullptr;
    std::shared_ptr<const void> defaults;  ///< a default-constructed object

    CAIRN_API const Field* find(std::string_view name) const noexcept;
};

/// Appends a described struct as a JSON object, or as an array of its members in order. [any]
CAIRN_API void write_json(std::string& out, const StructType& type, const void* object);
CAIRN_API void write_json_row(std::string& out, const StructType& type, const void* object);
/// A described struct as a Document, secrets masked. [any]
CAIRN_API Document to_document(const StructType& type, const void* object);

template <class T>
const StructType& struct_type();
template <class T>
const Type& type_of();

/// Refines the field that was just described. Each call returns the same builder.
template <class Member>
class FieldBuilder {
public:
    explicit FieldBuilder(Field& field) noexcept : field_(field) {}

    /// Inclusive bounds. Durations in ms, sizes in bytes, rates by count.
    FieldBuilder& between(double min, double max) { return at_least(min).at_most(max); }
    FieldBuilder& between(Duration min, Duration max) {
        return between(static_cast<double>(min.count()), static_cast<double>(max.count()));
    }
    FieldBuilder& at_least(double min) {
        field_.has_min = true;
        field_.min = min;
        return *this;
    }
    FieldBuilder& at_most(double max) {
        field_.has_max = true;
        field_.max = max;
        return *this;
    }
    /// The key must be written.
    FieldBuilder& required() {
        field_.required = true;
        return *this;
    }
    /// Text in code points, lists and maps in elements.
    FieldBuilder& length(std::size_t min, std::size_t max) {
        field_.min_length = min;
        field_.max_length = max;
        return *this;
    }
    FieldBuilder& max_length(std::size_t max) {
        field_.max_length = max;
        return *this;
    }
    FieldBuilder& matching(Pattern pattern) {
        field_.pattern = pattern;
        return *this;
    }
    FieldBuilder& one_of(std::vector<std::string> choices) {
        field_.choices = std::move(choices);
        return *this;
    }
    FieldBuilder& precision(double step) {
        field_.precision = step;
        return *this;
    }
    /// An integer that may also be written as a switch: true means `value`, false means 0.
    FieldBuilder& or_switch(std::int64_t value) {
        field_.has_true_value = true;
        field_.true_value = value;
        return *this;
    }
    FieldBuilder& reload(Reload when) {
        field_.reload = when;
        return *this;
    }
    FieldBuilder& example(std::string text) {
        field_.example = std::move(text);
        return *this;
    }
    /// A rule of your own: return an empty text, or what is wrong and how to mend it.
    FieldBuilder& check(std::function<std::string(const Member&)> rule) {
        field_.check = [rule = std::move(rule)](const void* member) { return rule(*static_cast<const Member*>(member)); };
        return *this;
    }

private:
    Field& field_;
};

/// Collects the description of T. Write one free function beside the struct:
///
///     struct Roll { int count = 1; };
///     void describe(cairn::Fields<Roll>& f) { f(&Roll::count, "count", "dice to roll").between(1, 20); }
///
/// The struct's own initialisers are the defaults.
template <class T>
class Fields {
public:
    explicit Fields(StructType& type, const T& prototype) noexcept : type_(type), prototype_(prototype) {}

    template <class Member>
    FieldBuilder<Member> operator()(Member T::*member, std::string name, std::string meaning) {
        Field field;
        field.name = std::move(name);
        field.meaning = std::move(meaning);
        field.type = &type_of<Member>();
        field.offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&(prototype_.*member)) -
                                                reinterpret_cast<const char*>(&prototype_));
        type_.fields.push_back(std::move(field));
        return FieldBuilder<Member>(type_.fields.back());
    }

private:
    StructType& type_;
    const T& prototype_;
};

namespace detail {

template <class T>
concept Described = requires(Fields<T>& fields) { describe(fields); };

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
Type make_type() {
    Type type;
    if constexpr (std::is_same_v<T, bool>) {
        type.kind = Kind::boolean;
    } else if constexpr (std::is_integral_v<T>) {
        type.kind = Kind::integer;
        type.width = sizeof(T);
        type.is_signed = std::is_signed_v<T>;
    } else if constexpr (std::is_same_v<T, double>) {
        type.kind = Kind::number;
    } else if constexpr (std::is_same_v<T, std::string>) {
        type.kind = Kind::text;
    } else if constexpr (std::is_same_v<T, Duration>) {
        type.kind = Kind::duration;
    } else if constexpr (std::is_same_v<T, Bytes>) {
        type.kind = Kind::size;
    } else if constexpr (std::is_same_v<T, Rate>) {
        type.kind = Kind::rate;
    } else if constexpr (std::is_same_v<T, Vec3>) {
        type.kind = Kind::vector;
    } else if constexpr (std::is_same_v<T, Secret>) {
        type.kind = Kind::secret;
    } else if constexpr (std::is_same_v<T, Document>) {
        type.kind = Kind::any;
    } else if constexpr (IsVector<T>::value) {
        using Element = typename T::value_type;
        static_assert(!std::is_same_v<Element, bool>, "describe a list of switches as std::vector<std::string> instead");
        type.kind = Kind::list;
        type.element = &type_of<Element>();
        type.append = [](void* list) -> void* { return &static_cast<T*>(list)->emplace_back(); };
        type.clear = [](void* list) { static_cast<T*>(list)->clear(); };
        type.count = [](const void* list) { return static_cast<const T*>(list)->size(); };
        type.at = [](const void* list, std::size_t i) -> const void* { return &(*static_cast<const T*>(list))[i]; };
    } else if constexpr (IsMap<T>::value) {
        type.kind = Kind::map;
        type.element = &type_of<typename T::mapped_type>();
        type.insert = [](void* map, std::string_view key) -> void* { return &(*static_cast<T*>(map))[std::string(key)]; };
        type.clear = [](void* map) { static_cast<T*>(map)->clear(); };
        type.count = [](const void* map) { return static_cast<const T*>(map)->size(); };
        type.at = [](const void* map, std::size_t i) -> const void* {
            return &std::next(static_cast<const T*>(map)->begin(), static_cast<std::ptrdiff_t>(i))->second;
        };
        type.key_at = [](const void* map, std::size_t i) -> const std::string& {
            return std::next(static_cast<const T*>(map)->begin(), static_cast<std::ptrdiff_t>(i))->first;
        };
    } else if constexpr (IsOptional<T>::value) {
        type.kind = Kind::optional;
        type.element = &type_of<typename T::value_type>();
        type.engage = [](void* optional) -> void* { return &static_cast<T*>(optional)->emplace(); };
        type.clear = [](void* optional) { static_cast<T*>(optional)->reset(); };
        type.count = [](const void* optional) -> std::size_t { return static_cast<const T*>(optional)->has_value() ? 1 : 0; };
        type.at = [](const void* optional, std::size_t) -> const void* { return &**static_cast<const T*>(optional); };
    } else {
        static_assert(Described<T>,
                      "this type has no description: write `void describe(cairn::Fields<T>&)` in its own namespace, "
                      "or use bool, an integer, double, std::string, Duration, Bytes, Rate, Vec3, Secret, Document, "
                      "std::vector, std::map<std::string, …> or std::optional of those");
        type.kind = Kind::structure;
        type.structure = &struct_type<T>;
    }
    return type;
}

}  // namespace detail

template <class T>
const Type& type_of() {
    static const Type type = detail::make_type<T>();
    return type;
}

/// The description of T, made once. [any]
template <class T>
const StructType& struct_type() {
    static const StructType type = [] {
        static_assert(detail::Described<T>, "write `void describe(cairn::Fields<T>&)` in T's own namespace");
        StructType made;
        auto prototype = std::make_shared<T>();
        made.size = sizeof(T);
        made.alignment = alignof(T);
        made.construct = [](void* place) { new (place) T(); };
        made.copy = [](void* place, const void* from) { new (place) T(*static_cast<const T*>(from)); };
        made.move = [](void* place, void* from) { new (place) T(std::move(*static_cast<T*>(from))); };
        made.destroy = [](void* object) { static_cast<T*>(object)->~T(); };
        Fields<T> fields(made, *prototype);
        describe(fields);
        made.defaults = std::move(prototype);
        return made;
    }();
    return type;
}

}  // namespace cairn
