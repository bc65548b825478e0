#include "core/config/configuration.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/config/yaml_reader.hpp"

namespace cairn::core {
namespace {

/// Lays `over` onto `base`: maps merge key by key, everything else is replaced.
void overlay(Document& base, const Document& over) {
    if (!base.is_map() || !over.is_map()) {
        base = over;
        return;
    }
    Document::Map merged = base.members();
    for (const Document::Member& member : over.members()) {
        const auto found = std::find_if(merged.begin(), merged.end(),
                                        [&member](const Document::Member& m) { return m.key == member.key; });
        if (found == merged.end()) {
            merged.push_back(member);
        } else {
            overlay(found->value, member.value);
            found->mark = member.mark;
        }
    }
    const Mark mark = base.mark();
    base = Document::map(std::move(merged));
    base.set_mark(mark);
}

/// The YAML files in a folder that was named in the place of one, a few of them.
std::string files_inside(const std::filesystem::path& folder) {
    constexpr std::size_t kShown = 5;
    std::vector<std::string> names;
    std::error_code ignored;
    for (std::filesystem::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
        const auto extension = it->path().extension();
        if (names.size() < 1000 && (extension == ".yaml" || extension == ".yml")) names.push_back(it->path().string());
    }
    std::sort(names.begin(), names.end());
    std::string all;
    for (std::size_t i = 0; i < names.size() && i < kShown; ++i) all += (i == 0 ? "" : ", ") + names[i];
    return all;
}

/// What helps when `path` cannot be read: a file beside it that could have been meant, or those in the folder that it is.
std::string other_file(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        const std::string inside = files_inside(path);
        return inside.empty() ? "name a YAML file in it" : "name a file in it: " + inside;
    }
    std::vector<std::string> names;
    std::error_code ignored;
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    for (std::filesystem::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
        if (names.size() < 1000) names.push_back(it->path().filename().string());
    }
    const std::string nearest = did_you_mean(path.filename().string(), names);
    if (nearest.empty()) return "give the path of a YAML file";
    return "did you mean " + (path.has_parent_path() ? (path.parent_path() / nearest).string() : nearest) + "?";
}

std::optional<std::string> read_file(const std::string& path, std::string& why) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        why = "it is a folder";
        return std::nullopt;
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    if (!in || in.bad()) {
        why = errno != 0 ? std::strerror(errno) : "it cannot be read";
        return std::nullopt;
    }
    return text.str();
}

}  // namespace

/// Adds one input after the other to a Configuration.
struct Configuration::Reader {
    Configuration& configuration;
    ProblemReport& report;

    /// `files` reads what lies at the bottom; the overrides come on top.
    template <class Files>
    static std::unique_ptr<Configuration> run(const ConfigInputs& inputs, ProblemReport& report, Files files) {
        auto made = std::make_unique<Configuration>();
        report.set_sources(&made->sources_);
        if (inputs.environment) report.set_environment(inputs.environment);
        Reader reader{*made, report};
        files(reader);
        for (const std::string& assignment : inputs.overrides) reader.override_value(assignment);
        if (made->root_.is_null()) made->root_ = Document::map();
        return made;
    }

    std::uint32_t add_source(std::string name, std::string_view text) {
        configuration.sources_.push_back({std::move(name), split_lines(text)});
        return static_cast<std::uint32_t>(configuration.sources_.size() - 1);
    }

    void text(const std::string& name, std::string_view text) {
        // A byte order mark is allowed in front of a file and says nothing.
        if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
        const std::uint32_t file = add_source(name, text);
        const std::size_t before = report.problems().size();
        Document read = read_yaml(text, file, report);
        if (read.is_null()) {
            if (report.problems().size() != before) {
                configuration.readable_ = false;
            } else if (configuration.root_.is_null()) {
                configuration.root_ = Document::map();  // an empty file: what is missing is missing there
                configuration.root_.set_mark(Mark{file, 1, 1});
            }
            return;
        }
        if (!read.is_map()) {
            configuration.readable_ = false;
            report.add(read.mark(), "", "a configuration is a map of keys and values",
                       "for example:  plugins: {gateway: }");
            return;
        }
        if (configuration.root_.size() == 0) configuration.root_ = std::move(read);
        else overlay(configuration.root_, read);
    }

    void file(const std::string& path) {
        std::string why;
        const std::optional<std::string> content = read_file(path, why);
        if (content) return text(path, *content);
        configuration.readable_ = false;
        report.add(Mark{}, "", "cannot read " + path + ": " + why, other_file(path));
    }

    /// One `a.b=value`.
    void override_value(const std::string& assignment) {
        const std::uint32_t source = add_source("--set " + assignment, assignment);
        const Mark start{source, 1, 1};
        const std::size_t equals = assignment.find('=');
        const std::string path = assignment.substr(0, equals);
        if (equals == std::string::npos || path.empty() || path.front() == '.' || path.back() == '.' ||
            path.find("..") != std::string::npos) {
            report.add(start, "", "\"" + assignment + "\" sets nothing",
                       "write --set path=value, for example --set plugins.chat.max_length=300");
            return;
        }
        // Spaces in place of the path keep the columns; the value must stay on its line, which a flow or a scalar does.
        const std::string padded = std::string(equals + 1, ' ') + assignment.substr(equals + 1);
        Document value = read_yaml(padded, source, report);
        if (value.is_null()) value.set_mark(Mark{source, 1, static_cast<std::uint32_t>(equals) + 1});
        Document over = std::move(value);
        for (std::size_t end = path.size();;) {
            const std::size_t dot = path.rfind('.', end - 1);
            const std::size_t begin = dot == std::string::npos ? 0 : dot + 1;
            Document::Map one;
            one.emplace_back(path.substr(begin, end - begin), std::move(over),
                             Mark{source, 1, static_cast<std::uint32_t>(begin) + 1});
            over = Document::map(std::move(one));
            over.set_mark(start);
            if (dot == std::string::npos) break;
            end = dot;
        }
        if (const std::string blocked = blocked_at(path); !blocked.empty()) {
            report.add(start, path, blocked + " is no map, so nothing can be set below it",
                       "set " + blocked + " itself");
            return;
        }
        if (configuration.root_.is_null()) configuration.root_ = std::move(over);
        else overlay(configuration.root_, over);
    }

    /// The first part of `path` that already is a list or a scalar, empty when the way is free.
    std::string blocked_at(const std::string& path) const {
        const Document* node = &configuration.root_;
        std::size_t begin = 0;
        for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
            node = node->find(path.substr(begin, dot - begin));
            if (node == nullptr || node->is_null()) return {};
            if (!node->is_map()) return path.substr(0, dot);
            begin = dot + 1;
        }
        return {};
    }
};

std::unique_ptr<Configuration> Configuration::read(const ConfigInputs& inputs, ProblemReport& report) {
    return Reader::run(inputs, report, [&](Reader& reader) {
        for (const std::string& path : inputs.files) reader.file(path);
    });
}

std::unique_ptr<Configuration> Configuration::read_text(const std::string& name, std::string_view text,
                                                        const ConfigInputs& inputs, ProblemReport& report) {
    return Reader::run(inputs, report, [&](Reader& reader) { reader.text(name, text); });
}

const Document* Configuration::at(std::string_view path) const noexcept {
    const Document* node = &root_;
    while (node != nullptr && !path.empty()) {
        const std::size_t dot = path.find('.');
        node = node->find(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return node;
}

}  // namespace cairn::core
