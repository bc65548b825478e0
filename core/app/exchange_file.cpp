#include "core/app/exchange_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <cairn/json.hpp>

#include "core/app/json_cursor.hpp"
#include "core/backup/durable_file.hpp"
#include "core/config/configuration.hpp"
#include "core/plugins/join_words.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kBuffer = 1u << 20;
constexpr std::string_view kTimestamp = "timestamp";

std::string file_name(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

std::string read_whole(const std::string& path, std::size_t most) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) throw Error(Code::not_found, "cannot read " + path + ": " + std::strerror(errno));
    std::string text;
    struct stat found {};
    if (::fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode))
        text.reserve(std::min<std::size_t>(static_cast<std::size_t>(found.st_size), most) + 1);
    std::string piece(kBuffer, '\0');
    for (;;) {
        const ssize_t got = ::read(descriptor, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            const int why = errno;
            ::close(descriptor);
            if (got < 0) throw Error(Code::unavailable, "cannot read " + path + ": " + std::strerror(why));
            return text;
        }
        if (text.size() + static_cast<std::size_t>(got) > most) {
            ::close(descriptor);
            throw Error(Code::too_large,
                        path + " is larger than " + print_size(Bytes{most}) + ", which is what one import may be");
        }
        text.append(piece, 0, static_cast<std::size_t>(got));
    }
}

/// A member's place in a message: `.name`, or `["some name"]`.
std::string in_map(const std::string& key) {
    std::string quoted;
    write_json_text(quoted, key);
    return "[" + quoted + "]";
}

}  // namespace

// ---- writing -------------------------------------------------------------------------------------------------------

ExchangeWriter::ExchangeWriter(std::string path, ExchangeShape shape) : path_(std::move(path)), shape_(shape) {
    if (path_ == "-") {
        descriptor_ = STDOUT_FILENO;
    } else {
        part_ = path_ + ".part";
        // What people say is nobody else's business.
        descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (descriptor_ < 0) fail("be written");
    }
    put("{");
}

ExchangeWriter::~ExchangeWriter() {
    if (path_ == "-") return;
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!finished_) ::unlink(part_.c_str());
}

void ExchangeWriter::fail(const std::string& what) const {
    throw std::runtime_error((path_ == "-" ? "standard output" : path_) + " cannot " + what + ": " +
                             std::strerror(errno));
}

void ExchangeWriter::put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBuffer) flush();
}

void ExchangeWriter::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t done = ::write(descriptor_, rest.data(), rest.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail("be written");
        rest.remove_prefix(static_cast<std::size_t>(done));
    }
    buffer_.clear();
}

void ExchangeWriter::member(std::string_view name, const Document& value) {
    put(std::exchange(first_member_, false) ? "\n" : ",\n");
    std::string text;
    write_json_text(text, name);
    put(text + ": " + value.to_json());
}

void ExchangeWriter::begin(const ExchangeSection& section) {
    section_ = &section;
    put(std::exchange(first_member_, false) ? "\n" : ",\n");
    const bool other_name = shape_ == ExchangeShape::objects && section.list && !section.also.empty();
    std::string text;
    write_json_text(text, other_name ? section.also.front() : section.name);
    put(text + (section.list || shape_ == ExchangeShape::entries ? ": [" : ": {"));
    first_entry_ = true;
}

void ExchangeWriter::entry(const std::string& id, const Document& entry) {
    put(std::exchange(first_entry_, false) ? "\n" : ",\n");
    std::string text;
    if (!section_->list) {
        if (shape_ == ExchangeShape::entries) text += '[';
        write_json_text(text, id);
        text += shape_ == ExchangeShape::entries ? ", " : ": ";
    }
    entry.write_json(text);
    if (!section_->list && shape_ == ExchangeShape::entries) text += ']';
    put(text);
}

void ExchangeWriter::end() {
    put(section_->list || shape_ == ExchangeShape::entries ? "]" : "}");
}

void ExchangeWriter::finish() {
    put("\n}\n");
    flush();
    if (path_ == "-") return;
    if (::fsync(descriptor_) != 0) fail("be written");
    if (::close(std::exchange(descriptor_, -1)) != 0) fail("be written");
    if (std::rename(part_.c_str(), path_.c_str()) != 0) fail("be put in place");
    finished_ = true;
    sync_folder(std::filesystem::absolute(path_).parent_path().string());
}

// ---- reading -------------------------------------------------------------------------------------------------------

ExchangeFile::ExchangeFile(const std::string& path, const std::vector<ExchangeSection>& sections, std::size_t most)
    : name_(file_name(path)), text_(read_whole(path, most)) {
    std::vector<std::string> names{std::string(kTimestamp)};
    for (const ExchangeSection& section : sections) {
        names.push_back(section.name);
        names.insert(names.end(), section.also.begin(), section.also.end());
    }
    try {
        std::string_view text = text_;
        if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
        JsonCursor cursor(text);
        cursor.open('{');
        for (bool first = true; cursor.more('}', first); first = false) {
            const std::string name = cursor.key();
            const std::string_view value = cursor.value();
            if (name == kTimestamp) continue;
            if (name == kSpaceSection) {
                space_ = value;
                continue;
            }
            const auto section = std::find_if(sections.begin(), sections.end(), [&name](const ExchangeSection& one) {
                return one.name == name || std::find(one.also.begin(), one.also.end(), name) != one.also.end();
            });
            if (section == sections.end()) {
                const std::string near = did_you_mean(name, names);
                throw Error(Code::bad_request,
                            cursor.place_of(value) + ": no plugin of this configuration reads \"" + name + "\"; " +
                                (near.empty() ? "there are: " + join(names, ", ") : "did you mean \"" + near + "\"?"));
            }
            if (const Member* other = find(*section)) {
                throw Error(Code::bad_request, cursor.place_of(value) + ": \"" + name + "\" and \"" + other->name +
                                                   "\" are the same section; leave one out");
            }
            members_.push_back({&*section, name, value});
        }
        cursor.end();
    } catch (const Error& error) {
        throw Error(error.code(), name_ + ": " + error.what());
    }
}

const ExchangeFile::Member* ExchangeFile::find(const ExchangeSection& section) const {
    for (const Member& member : members_) {
        if (member.section == &section) return &member;
    }
    return nullptr;
}

bool ExchangeFile::has(const ExchangeSection& section) const {
    return find(section) != nullptr;
}

Document ExchangeFile::parse(std::string_view value, const std::string& where) const {
    try {
        return Document::parse_json(value);
    } catch (const Error& error) {
        throw Error(Code::bad_request,
                    name_ + ": " + where + " (" + JsonCursor(text_).place_of(value) + "): " + error.what());
    }
}

Document ExchangeFile::space() const {
    return space_.empty() ? Document() : parse(space_, std::string(kSpaceSection));
}

std::size_t ExchangeFile::each(const ExchangeSection& section,
                               const std::function<void(const std::string&, const Document&)>& entry) const {
    const Member* member = find(section);
    if (member == nullptr) return 0;
    std::size_t count = 0;
    std::string where = member->name;
    const auto visit = [&](const std::string& id, std::string_view value) {
        const Document parsed = parse(value, where);
        try {
            if (!parsed.is_map()) throw Error(Code::invalid_field, "must be an object");
            entry(id, parsed);
        } catch (const Error& error) {
            throw Error(Code::invalid_field, name_ + ": " + where + (error.field().empty() ? "" : "." + error.field()) +
                                                 ": " + error.what());
        }
        ++count;
    };
    try {
        JsonCursor cursor(text_, member->value);
        const char shape = cursor.peek();
        if (shape == '{' && !section.list) {
            cursor.open('{');
            for (bool first = true; cursor.more('}', first); first = false) {
                const std::string id = cursor.key();
                where = member->name + in_map(id);
                visit(id, cursor.value());
            }
            return count;
        }
        if (shape != '[') {
            throw Error(Code::bad_request, member->name + ": expected a list" +
                                               std::string(section.list ? "" : " of pairs [id, entry], or an object"));
        }
        cursor.open('[');
        for (bool first = true; cursor.more(']', first); first = false) {
            where = member->name + "[" + std::to_string(count) + "]";
            if (section.list) {
                visit({}, cursor.value());
                continue;
            }
            const std::string_view item = cursor.value();
            JsonCursor pair(text_, item);
            if (pair.peek() != '[') throw Error(Code::bad_request, where + ": expected a pair [id, entry]");
            pair.open('[');
            std::string_view parts[2];
            std::size_t taken = 0;
            for (bool start = true; pair.more(']', start); start = false) {
                if (taken == 2) throw Error(Code::bad_request, where + ": more than a pair [id, entry]");
                parts[taken++] = pair.value();
            }
            if (taken != 2) throw Error(Code::bad_request, where + ": expected a pair [id, entry]");
            const Document id = parse(parts[0], where);
            if (!id.is_text()) throw Error(Code::bad_request, where + ": the id must be a text");
            visit(std::string(id.text()), parts[1]);
        }
    } catch (const Error& error) {
        if (std::string_view(error.what()).starts_with(name_ + ": ")) throw;
        throw Error(error.code(), name_ + ": " + error.what());
    }
    return count;
}

}  // namespace cairn::core
