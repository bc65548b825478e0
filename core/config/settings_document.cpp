#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

Document setting(const Type& type, const void* member) {
    switch (type.kind) {
        case Kind::duration:
        case Kind::size:
        case Kind::rate: return value_words(type, member);
        case Kind::list: {
            Document::List items;
            for (std::size_t i = 0; i < type.count(member); ++i)
                items.push_back(setting(*type.element, type.at(member, i)));
            return Document::list(std::move(items));
        }
        case Kind::map: {
            Document::Map members;
            for (std::size_t i = 0; i < type.count(member); ++i) {
                members.emplace_back(type.key_at(member, i), setting(*type.element, type.at(member, i)));
            }
            return Document::map(std::move(members));
        }
        case Kind::optional: return type.count(member) == 0 ? Document() : setting(*type.element, type.at(member, 0));
        case Kind::structure: return settings_document(type.structure(), member);
        default: {
            // What the wire and YAML write alike; secrets come masked.
            Field only;
            only.name = "value";
            only.type = &type;
            StructType holder;
            holder.fields.push_back(std::move(only));
            return to_document(holder, member)["value"];
        }
    }
}

}  // namespace

Document settings_document(const StructType& type, const void* object) {
    Document::Map members;
    members.reserve(type.fields.size());
    for (const Field& field : type.fields) {
        members.emplace_back(field.name, setting(*field.type, static_cast<const char*>(object) + field.offset));
    }
    return Document::map(std::move(members));
}

}  // namespace cairn::core
