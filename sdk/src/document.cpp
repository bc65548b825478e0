#include <cairn/document.hpp>

#include <algorithm>
#include <utility>

#include <cairn/json.hpp>

namespace cairn {
namespace {

constinit const Document kNull;
constinit const Document::List kNoItems;
constinit const Document::Map kNoMembers;

/// A list or map that this Document alone holds: copies share, the one who changes gets his own.
template <class T>
T& own(std::shared_ptr<T>& shared) {
    if (shared.use_count() > 1) shared = std::make_shared<T>(*shared);
    return *shared;
}

bool same_number(const Document& a, const Document& b) noexcept {
    if (a.is_integer() && b.is_integer()) return a.integer_or(0) == b.integer_or(0);
    return a.number_or(0) == b.number_or(0);
}

}  // namespace

Document Document::list(List items) {
    Document made;
    made.value_ = std::make_shared<List>(std::move(items));
    return made;
}

Document Document::map() {
    return map(Map{});
}

Document Document::map(Map members) {
    Document made;
    made.value_ = std::make_shared<Map>(std::move(members));
    return made;
}

bool Document::boolean_or(bool otherwise) const noexcept {
    const bool* value = std::get_if<bool>(&value_);
    return value ? *value : otherwise;
}

std::int64_t Document::integer_or(std::int64_t otherwise) const noexcept {
    const std::int64_t* value = std::get_if<std::int64_t>(&value_);
    return value ? *value : otherwise;
}

double Document::number_or(double otherwise) const noexcept {
    if (const double* value = std::get_if<double>(&value_)) return *value;
    if (const std::int64_t* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
    return otherwise;
}

std::string_view Document::text() const noexcept {
    const std::string* value = std::get_if<std::string>(&value_);
    return value ? std::string_view(*value) : std::string_view();
}

const Document::List& Document::items() const& noexcept {
    const SharedList* list = std::get_if<SharedList>(&value_);
    return list ? **list : kNoItems;
}

const Document::Map& Document::members() const& noexcept {
    const SharedMap* map = std::get_if<SharedMap>(&value_);
    return map ? **map : kNoMembers;
}

// Copies: other Documents may share the list. The items themselves are cheap to copy.
Document::List Document::items() && {
    return std::as_const(*this).items();
}
Document::Map Document::members() && {
    return std::as_const(*this).members();
}

std::size_t Document::size() const noexcept {
    return is_map() ? members().size() : items().size();
}

const Document* Document::find(std::string_view key) const noexcept {
    for (const Member& member : members()) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

const Document& Document::operator[](std::string_view key) const& noexcept {
    const Document* found = find(key);
    return found ? *found : kNull;
}

Document Document::operator[](std::string_view key) && {
    return std::as_const(*this)[key];
}

Document& Document::set(std::string key, Document value) {
    if (!is_map()) value_ = std::make_shared<Map>();
    Map& members = own(std::get<SharedMap>(value_));
    for (Member& member : members) {
        if (member.key == key) {
            member.value = std::move(value);
            return *this;
        }
    }
    members.emplace_back(key, std::move(value));
    return *this;
}

bool Document::remove(std::string_view key) {
    if (find(key) == nullptr) return false;
    Map& members = own(std::get<SharedMap>(value_));
    members.erase(std::find_if(members.begin(), members.end(), [key](const Member& m) { return m.key == key; }));
    return true;
}

Document& Document::push(Document value) {
    if (!is_list()) value_ = std::make_shared<List>();
    own(std::get<SharedList>(value_)).push_back(std::move(value));
    return *this;
}

std::string Document::to_json() const {
    std::string out;
    write_json(out);
    return out;
}

void Document::write_json(std::string& out) const {
    switch (type()) {
        case Type::null: out += "null"; break;
        case Type::boolean: out += std::get<bool>(value_) ? "true" : "false"; break;
        case Type::integer: JsonWriter(out).integer(std::get<std::int64_t>(value_)); break;
        case Type::number: write_json_number(out, std::get<double>(value_)); break;
        case Type::text: write_json_text(out, std::get<std::string>(value_)); break;
        case Type::list: {
            char before = '[';
            for (const Document& item : items()) {
                out += before;
                before = ',';
                item.write_json(out);
            }
            if (before == '[') out += '[';
            out += ']';
            break;
        }
        case Type::map: {
            char before = '{';
            for (const Member& member : members()) {
                out += before;
                before = ',';
                write_json_text(out, member.key);
                out += ':';
                member.value.write_json(out);
            }
            if (before == '{') out += '{';
            out += '}';
            break;
        }
    }
}

bool operator==(const Document& a, const Document& b) noexcept {
    if (a.is_number() && b.is_number()) return same_number(a, b);
    if (a.type() != b.type()) return false;
    if (a.is_list()) return a.items() == b.items();
    if (!a.is_map()) return a.value_ == b.value_;
    const Document::Map& left = a.members();
    const Document::Map& right = b.members();
    if (left.size() != right.size()) return false;
    // Mostly the order is the same; otherwise it does not matter, so look the key up.
    for (std::size_t i = 0; i < left.size(); ++i) {
        const Document* other = right[i].key == left[i].key ? &right[i].value : b.find(left[i].key);
        if (other == nullptr || !(*other == left[i].value)) return false;
    }
    return true;
}

}  // namespace cairn
