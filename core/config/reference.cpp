// The pages of config/reference/, written from the descriptions themselves.
#include <sstream>

#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

constexpr int kMaxDepth = 8;  // a struct may hold a list of itself

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += "\\|";
        else out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string_view reload_name(Reload reload) {
    switch (reload) {
        case Reload::live: return "live";
        case Reload::reconnect: return "reconnect";
        case Reload::restart: break;
    }
    return "restart";
}

/// The struct inside lists, maps and optionals, and how its members' paths go on; nullptr when there is none.
const StructType* inner_struct(const Type& type, std::string& suffix) {
    switch (type.kind) {
        case Kind::structure: return &type.structure();
        case Kind::optional: return inner_struct(*type.element, suffix);
        case Kind::list: suffix += "[]"; return inner_struct(*type.element, suffix);
        case Kind::map: suffix += ".<name>"; return inner_struct(*type.element, suffix);
        default: return nullptr;
    }
}

void rows(std::ostream& out, const StructType& type, const std::string& prefix, int depth) {
    for (const Field& field : type.fields) {
        const std::string key = prefix + field.name;
        std::string suffix;
        const StructType* inner = inner_struct(*field.type, suffix);
        const void* standard = static_cast<const char*>(type.defaults.get()) + field.offset;
        const bool plain_struct = field.type->kind == Kind::structure;
        out << "| `" << key << "` | " << cell(accepted_form(field)) << " | ";
        if (field.required) out << "required";
        else if (!plain_struct && type.defaults) out << '`' << cell(value_words(*field.type, standard)) << '`';
        out << " | " << reload_name(field.reload) << " | " << cell(field.meaning);
        if (!field.example.empty()) out << "; for example `" << cell(field.example) << '`';
        out << " |\n";
        if (inner != nullptr && depth < kMaxDepth) rows(out, *inner, key + suffix + '.', depth + 1);
    }
}

}  // namespace

std::string reference_page(const std::string& title, const std::string& path, const StructType& type) {
    std::ostringstream out;
    out << "# " << title << "\n\n";
    out << "Settings under `" << path << "`. This page is made from the description in the code; change it there.\n\n";
    if (type.fields.empty()) {
        out << "There is nothing to set.\n";
        return out.str();
    }
    out << "| key | accepts | default | takes effect | meaning |\n|---|---|---|---|---|\n";
    rows(out, type, "", 0);
    return out.str();
}

}  // namespace cairn::core
