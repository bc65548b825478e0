// A JSON Schema (draft 2020-12) of a description, for editors that complete YAML.
#include <cmath>

#include <cairn/json.hpp>

#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

constexpr int kMaxDepth = 8;

Document struct_schema(const StructType& type, int depth);

Document bound(double value) {
    if (std::fabs(value) < 9e15 && value == std::trunc(value)) return static_cast<std::int64_t>(value);
    return value;
}

void set_bounds(Document& schema, const Field& field) {
    if (field.has_min) schema.set("minimum", bound(field.min));
    if (field.has_max) schema.set("maximum", bound(field.max));
}

void set_lengths(Document& schema, const Field& field, const char* min, const char* max) {
    if (field.min_length != 0) schema.set(min, field.min_length);
    if (field.max_length != 0) schema.set(max, field.max_length);
}

Document one_of(Document::List choices) {
    return {{"anyOf", Document::list(std::move(choices))}};
}

Document text_schema(const Field& field, bool outer) {
    Document schema{{"type", "string"}};
    if (outer) set_lengths(schema, field, "minLength", "maxLength");
    if (!field.choices.empty()) {
        Document choices = Document::list();
        for (const std::string& choice : field.choices) choices.push(choice);
        schema.set("enum", std::move(choices));
    }
    switch (field.pattern) {
        case Pattern::name: schema.set("pattern", "^[A-Za-z0-9_ -]*$"); break;
        case Pattern::identifier: schema.set("pattern", "^[A-Za-z0-9_.:-]*$"); break;
        case Pattern::url: schema.set("pattern", "^(https?://[^/]|/(?!/)|$)"); break;
        default: break;
    }
    return schema;
}

Document integer_schema(const Field& field, const Type& type) {
    Document schema{{"type", "integer"}};
    if (!type.is_signed) schema.set("minimum", 0);
    set_bounds(schema, field);
    if (!field.has_true_value) return schema;
    return one_of({std::move(schema), Document{{"type", "boolean"}}});
}

Document vector_schema(const Field& field) {
    Document part{{"type", "number"}};
    set_bounds(part, field);
    return {{"type", "array"}, {"items", std::move(part)}, {"minItems", 3}, {"maxItems", 3}};
}

Document value_schema(const Field& field, const Type& type, bool outer, int depth) {
    switch (type.kind) {
        case Kind::boolean: return {{"type", "boolean"}};
        case Kind::integer: return integer_schema(field, type);
        case Kind::number: {
            Document schema{{"type", "number"}};
            set_bounds(schema, field);
            return schema;
        }
        case Kind::text: return text_schema(field, outer);
        case Kind::duration: return {{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$"}};
        case Kind::size:
            return {{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$"}};
        case Kind::rate: return {{"type", "string"}, {"pattern", "^[0-9]+/([0-9]+([.][0-9]+)?)?(ms|s|m|h|d)$"}};
        case Kind::vector: return vector_schema(field);
        case Kind::secret: {
            const auto form = [](const char* key) {
                return Document{{"type", "object"},
                                {"properties", Document{{key, Document{{"type", "string"}}}}},
                                {"required", Document::list({key})},
                                {"additionalProperties", false}};
            };
            return one_of({form("env"), form("file")});
        }
        case Kind::any: return Document::map();
        case Kind::list: {
            Document schema{{"type", Document::list({"array", "null"})},
                            {"items", value_schema(field, *type.element, false, depth)}};
            if (outer) set_lengths(schema, field, "minItems", "maxItems");
            return schema;
        }
        case Kind::map: {
            Document schema{{"type", Document::list({"object", "null"})},
                            {"additionalProperties", value_schema(field, *type.element, false, depth)}};
            if (outer) set_lengths(schema, field, "minProperties", "maxProperties");
            return schema;
        }
        case Kind::optional:
            return one_of({value_schema(field, *type.element, outer, depth), Document{{"type", "null"}}});
        case Kind::structure:
            // A struct may hold a list of itself; what lies deeper is accepted as it comes.
            return depth >= kMaxDepth ? Document::map() : struct_schema(type.structure(), depth + 1);
    }
    return Document::map();
}

/// The default as it would be written in YAML; nothing for secrets and containers, which say little.
void set_default(Document& schema, const Field& field, const StructType& type) {
    if (field.required || !type.defaults) return;
    const void* member = static_cast<const char*>(type.defaults.get()) + field.offset;
    switch (field.type->kind) {
        case Kind::boolean: schema.set("default", *static_cast<const bool*>(member)); break;
        case Kind::number: schema.set("default", *static_cast<const double*>(member)); break;
        case Kind::text: schema.set("default", *static_cast<const std::string*>(member)); break;
        case Kind::integer: schema.set("default", Document::parse_json(value_words(*field.type, member))); break;
        case Kind::duration:
        case Kind::size:
        case Kind::rate: schema.set("default", value_words(*field.type, member)); break;
        default: break;
    }
}

Document struct_schema(const StructType& type, int depth) {
    Document properties = Document::map();
    Document required = Document::list();
    for (const Field& field : type.fields) {
        Document schema = value_schema(field, *field.type, true, depth);
        schema.set("description", field.meaning + " (" + accepted_form(field) + ')');
        set_default(schema, field, type);
        if (!field.example.empty()) schema.set("examples", Document::list({field.example}));
        properties.set(field.name, std::move(schema));
        if (field.required) required.push(field.name);
    }
    Document schema{{"type", Document::list({"object", "null"})},
                    {"properties", std::move(properties)},
                    {"additionalProperties", false}};
    if (required.size() != 0) schema.set("required", std::move(required)).set("type", "object");
    return schema;
}

}  // namespace

Document json_schema(const StructType& type) {
    return struct_schema(type, 0);
}

}  // namespace cairn::core
