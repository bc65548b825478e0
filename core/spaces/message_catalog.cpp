#include "core/spaces/message_catalog.hpp"

#include <utility>

#include "core/spaces/core_messages.hpp"

namespace cairn::core {

namespace {

Document schema_of(const Type& type, const Field* field);

void add_bounds(Document& schema, const Field& field, const char* low, const char* high) {
    if (field.has_min) schema.set(low, field.min);
    if (field.has_max) schema.set(high, field.max);
}

void add_lengths(Document& schema, const Field& field, const char* low, const char* high) {
    if (field.min_length > 0) schema.set(low, field.min_length);
    if (field.max_length > 0) schema.set(high, field.max_length);
}

const char* pattern_words(Pattern pattern) noexcept {
    switch (pattern) {
        case Pattern::any:
            break;
        case Pattern::name:
            return "letters, digits, underscore, space, hyphen";
        case Pattern::identifier:
            return "letters, digits, _ - . :";
        case Pattern::line:
            return "one line without control characters";
        case Pattern::url:
            return "an http or https address, or a path that begins with one /";
    }
    return nullptr;
}

Document vector_schema(const Field* field) {
    Document number{{"type", "number"}};
    if (field) add_bounds(number, *field, "minimum", "maximum");
    return Document{{"type", "array"}, {"items", std::move(number)}, {"minItems", 3}, {"maxItems", 3}};
}

Document text_schema(const Field* field) {
    Document schema{{"type", "string"}};
    if (!field) return schema;
    add_lengths(schema, *field, "minLength", "maxLength");
    if (!field->choices.empty()) {
        Document choices = Document::list();
        for (const std::string& choice : field->choices) choices.push(choice);
        schema.set("enum", std::move(choices));
    }
    if (const char* words = pattern_words(field->pattern)) schema.set("$comment", words);
    return schema;
}

Document schema_of(const Type& type, const Field* field) {
    switch (type.kind) {
        case Kind::boolean:
            return Document{{"type", "boolean"}};
        case Kind::integer:
        case Kind::duration:
        case Kind::size: {
            Document schema{{"type", "integer"}};
            if (field) add_bounds(schema, *field, "minimum", "maximum");
            return schema;
        }
        case Kind::number: {
            Document schema{{"type", "number"}};
            if (field) add_bounds(schema, *field, "minimum", "maximum");
            return schema;
        }
        case Kind::text:
        case Kind::secret:
        case Kind::rate:
            return text_schema(field);
        case Kind::vector:
            return vector_schema(field);
        case Kind::any:
            return Document::map();
        case Kind::list: {
            Document schema{{"type", "array"}, {"items", schema_of(*type.element, nullptr)}};
            if (field) add_lengths(schema, *field, "minItems", "maxItems");
            return schema;
        }
        case Kind::map: {
            Document schema{{"type", "object"}, {"additionalProperties", schema_of(*type.element, nullptr)}};
            if (field) add_lengths(schema, *field, "minProperties", "maxProperties");
            return schema;
        }
        case Kind::optional:
            return schema_of(*type.element, field);
        case Kind::structure:
            return message_schema(type.structure());
    }
    return Document::map();
}

Document core_message(const char* meaning, const StructType& type) {
    return Document{{"plugin", "core"}, {"meaning", meaning}, {"d", message_schema(type)}};
}

}  // namespace

Document message_schema(const StructType& type) {
    Document properties = Document::map();
    Document required = Document::list();
    for (const Field& field : type.fields) {
        Document property = schema_of(*field.type, &field);
        if (!field.meaning.empty()) property.set("description", field.meaning);
        if (!field.example.empty()) property.set("examples", Document::list({field.example}));
        properties.set(field.name, std::move(property));
        if (field.required) required.push(field.name);
    }
    Document schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (required.size() > 0) schema.set("required", std::move(required));
    return schema;
}

MessageCatalog::MessageCatalog() {
    messages_.emplace("hello", core_message("the first message: who is there; answered by the event `welcome`",
                                            struct_type<HelloMessage>()));
    messages_.emplace("space.join", core_message("goes to a space; answered {space, n}, followed by `space.state`",
                                                 struct_type<JoinMessage>()));
    messages_.emplace("space.leave", core_message("leaves the space", struct_type<LeaveMessage>()));
    messages_.emplace("ping", core_message("answered {ts, server_time}", struct_type<PingMessage>()));
}

void MessageCatalog::add(const MessageSpec& spec) {
    Document message{{"plugin", spec.plugin}, {"meaning", spec.meaning}};
    if (spec.limit) message.set("limit", Document{{"count", spec.limit->count}, {"per_ms", spec.limit->per.count()}});
    message.set("d", message_schema(*spec.shape));
    const std::lock_guard lock(mutex_);
    messages_.insert_or_assign(spec.type, std::move(message));
}

void MessageCatalog::add_stream(const std::string& type, const std::string& plugin, const StructType& row) {
    Document columns = Document::list();
    for (const Field& field : row.fields) {
        Document column{{"name", field.name}};
        if (!field.meaning.empty()) column.set("meaning", field.meaning);
        column.set("schema", schema_of(*field.type, &field));
        columns.push(std::move(column));
    }
    const std::lock_guard lock(mutex_);
    streams_.insert_or_assign(type, Document{{"plugin", plugin}, {"columns", std::move(columns)}});
}

Document MessageCatalog::describe() const {
    Document messages = Document::map();
    Document streams = Document::map();
    const std::lock_guard lock(mutex_);
    for (const auto& [type, message] : messages_) messages.set(type, message);
    for (const auto& [type, stream] : streams_) streams.set(type, stream);
    return Document{{"protocol", "cairn.v1"}, {"messages", std::move(messages)}, {"streams", std::move(streams)}};
}

}  // namespace cairn::core
