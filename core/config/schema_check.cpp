// One checker for all settings: it walks a description and a Document side by side and reports everything that differs.
#include <algorithm>

#include "core/config/accepted_form.hpp"
#include "core/config/configuration.hpp"
#include "core/config/scalar_check.hpp"
#include "core/config/secrets.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kMaxItems = 10'000;

std::string below(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

class Checker {
public:
    explicit Checker(ProblemReport& report) : report_(report) {}

    void structure(const StructType& type, const Document& node, const std::string& path, void* out) {
        if (!node.is_null() && !node.is_map()) {
            report_.add(node.mark(), path, "must be a map of settings, it is " + node_words(node), known_keys(type));
            return;
        }
        for (const Document::Member& member : node.members()) {
            const Field* field = type.find(member.key);
            if (field == nullptr) unknown(type, member, path);
            else known(*field, member.value, below(path, member.key), static_cast<char*>(out) + field->offset);
        }
        for (const Field& field : type.fields) {
            if (field.required && node.find(field.name) == nullptr) {
                report_.add(node.mark(), below(path, field.name), "is missing (" + field.meaning + ")", cure(field));
            }
        }
    }

private:
    void known(const Field& field, const Document& node, const std::string& path, void* member) {
        const std::size_t before = report_.problems().size();
        value(field, *field.type, node, path, member, true);
        if (!field.check || report_.problems().size() != before || report_.has_problem_at(node.mark())) return;
        std::string wrong = field.check(member);
        if (!wrong.empty()) report_.add(node.mark(), path, std::move(wrong), form_cure(field));
    }

    /// The check of a text says what it wants; that it wants text is no help then.
    static std::string form_cure(const Field& field) {
        const Kind kind = field.type->kind;
        if (kind != Kind::text && kind != Kind::secret) return cure(field);
        return field.example.empty() ? std::string() : "for example  " + field.name + ": " + field.example;
    }

    void unknown(const StructType& type, const Document::Member& member, const std::string& path) {
        std::vector<std::string> names;
        for (const Field& field : type.fields) names.push_back(field.name);
        const std::string nearest = did_you_mean(member.key, names);
        report_.add(member.mark, below(path, member.key), "there is no such key",
                    nearest.empty() ? known_keys(type) : "did you mean " + nearest + "?");
    }

    static std::string known_keys(const StructType& type) {
        if (type.fields.empty()) return "there is nothing to set here; write {} or leave it empty";
        std::string all;
        for (const Field& field : type.fields) all.append(all.empty() ? "the keys are " : ", ").append(field.name);
        return all;
    }

    static std::string cure(const Field& field) {
        std::string words = "it accepts " + accepted_form(field);
        if (!field.example.empty()) words += "; for example  " + field.name + ": " + field.example;
        return words;
    }

    /// `outermost` is false for items of lists and maps.
    void value(const Field& field, const Type& type, const Document& node, const std::string& path, void* out,
               bool outermost) {
        // A null that an error of reading left behind has been reported where it stands.
        if (node.is_null() && report_.has_problem_at(node.mark())) return;
        switch (type.kind) {
            case Kind::structure: return structure(type.structure(), node, path, out);
            case Kind::list: return list(field, type, node, path, out);
            case Kind::map: return map(field, type, node, path, out);
            case Kind::optional: return optional(field, type, node, path, out, outermost);
            case Kind::secret:
                if (node.is_null()) report_.add(node.mark(), path, "has no value", cure(field));
                else read_secret(node, path, *static_cast<Secret*>(out), report_);
                return;
            default: break;
        }
        ScalarVerdict verdict = check_scalar(field, type, node, report_.text_at(node.mark()), outermost, out);
        if (verdict.wrong.empty()) return;
        report_.add(node.mark(), path, std::move(verdict.wrong),
                    verdict.hint.empty() ? cure(field) : std::move(verdict.hint));
    }

    bool count_fits(const Field& field, std::size_t count, std::string_view unit, const Document& node,
                    const std::string& path) {
        const std::size_t max = field.max_length != 0 ? field.max_length : kMaxItems;
        if (count >= field.min_length && count <= max) return true;
        const bool many = count > max;
        report_.add(node.mark(), path,
                    "has " + std::to_string(count) + ' ' + std::string(unit) + ", at " + (many ? "most " : "least ") +
                        std::to_string(many ? max : field.min_length) + (many ? " are allowed" : " are needed"),
                    cure(field));
        return false;
    }

    void list(const Field& field, const Type& type, const Document& node, const std::string& path, void* out) {
        if (node.is_null()) return;  // "key:" with nothing below it keeps the default
        if (!node.is_list()) {
            report_.add(node.mark(), path, "must be a list, it is " + node_words(node), cure(field));
            return;
        }
        if (!count_fits(field, node.size(), "items", node, path)) return;
        type.clear(out);
        std::size_t index = 0;
        for (const Document& item : node.items()) {
            value(field, *type.element, item, path + '[' + std::to_string(index++) + ']', type.append(out), false);
        }
    }

    void map(const Field& field, const Type& type, const Document& node, const std::string& path, void* out) {
        if (node.is_null()) return;
        if (!node.is_map()) {
            report_.add(node.mark(), path, "must be a map, it is " + node_words(node), cure(field));
            return;
        }
        if (!count_fits(field, node.size(), "keys", node, path)) return;
        type.clear(out);
        for (const Document::Member& member : node.members()) {
            value(field, *type.element, member.value, below(path, member.key), type.insert(out, member.key), false);
        }
    }

    void optional(const Field& field, const Type& type, const Document& node, const std::string& path, void* out,
                  bool outermost) {
        type.clear(out);
        if (node.is_null()) return;
        const std::size_t before = report_.problems().size();
        value(field, *type.element, node, path, type.engage(out), outermost);
        if (report_.problems().size() != before) type.clear(out);
    }

    ProblemReport& report_;
};

}  // namespace

void check_and_fill(const StructType& type, const Document& node, const std::string& path, void* out,
                    ProblemReport& report) {
    Checker(report).structure(type, node, path, out);
}

}  // namespace cairn::core
