// `cairn config explain PATH`: one field, everything that is known about it.
#include <sstream>

#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

std::string_view reload_words(Reload reload) {
    switch (reload) {
        case Reload::live: return "at once, when the configuration is read again";
        case Reload::reconnect: return "for connections made after the configuration is read again";
        case Reload::restart: break;
    }
    return "after a restart";
}

bool holds_secret(const Type& type) {
    switch (type.kind) {
        case Kind::secret: return true;
        case Kind::list:
        case Kind::map:
        case Kind::optional: return holds_secret(*type.element);
        case Kind::structure:
            for (const Field& field : type.structure().fields) {
                if (holds_secret(*field.type)) return true;
            }
            return false;
        default: return false;
    }
}

}  // namespace

std::string explain_field(const Field& field, const void* default_member, const std::string& path,
                          const Document* value, const std::vector<ConfigSource>& sources) {
    std::ostringstream out;
    const auto line = [&out](std::string_view what, std::string_view text) {
        out << "  " << what << std::string(what.size() < 10 ? 10 - what.size() : 1, ' ') << text << '\n';
    };
    out << path << "\n  " << field.meaning << '\n';
    line("accepts", accepted_form(field));
    if (field.required) line("default", "none: it must be written");
    else if (default_member != nullptr) line("default", value_words(*field.type, default_member));
    line("effective", reload_words(field.reload));
    if (!field.example.empty()) line("example", field.name + ": " + field.example);
    if (value == nullptr) {
        line("value", field.required ? "missing" : "not set; the default holds");
        return out.str();
    }
    line("value", holds_secret(*field.type) ? std::string("(secret)")
                  : value->is_null()        ? std::string("empty; the default holds")
                                            : value->to_json());
    const Mark& mark = value->mark();
    if (mark.line != 0 && mark.file < sources.size()) {
        line("from", sources[mark.file].name + ':' + std::to_string(mark.line) + ':' + std::to_string(mark.column));
    }
    return out.str();
}

}  // namespace cairn::core
