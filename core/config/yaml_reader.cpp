#include "core/config/yaml_reader.hpp"

#include <algorithm>
#include <istream>
#include <streambuf>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cairn/text.hpp>

#include "core/config/expansion.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 10'000;
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";
constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

/// Ends the parse; the problem has been reported.
struct GiveUp {};

/// Reads from memory that somebody else owns.
class ViewBuffer : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        char* begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

/// Builds Documents from the parser's events: they tell quoted from plain and give every key its place.
class Builder final : public YAML::EventHandler {
public:
    Builder(std::uint32_t file, ProblemReport& report) : file_(file), report_(report) {}

    Document take_root() { return std::move(root_); }

    /// To be called when the parse has come to its end. Before a syntax error the parser may guess a list to be a key;
    /// then the syntax error alone is worth telling.
    void report_odd_keys() {
        for (Problem& problem : odd_keys_) {
            report_.add(problem.mark, std::move(problem.path), std::move(problem.message), std::move(problem.cure));
        }
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            report_.add(place(mark), "", "a second YAML document begins here",
                        "remove the line ---; one file is one document");
            throw GiveUp{};
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        Document value;
        value.set_mark(null_place(place(mark)));
        add(std::move(value), mark);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        report_.add(place(mark), path(), "aliases (*name) are not used here",
                    "write the value out, or put what several files share into one of its own and give both with -c");
        Document value;
        value.set_mark(place(mark));
        add(std::move(value), mark);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        refuse_anchor(mark, anchor);
        if (tag == kQuotedTag) refuse_open_quote(place(mark));
        if (expects_key()) return take_key(mark, text);
        Document value = scalar(mark, tag, text);
        value.set_mark(place(mark));
        add(std::move(value), mark);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        open(mark, false, style);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        open(mark, true, style);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        bool is_map = false;
        bool is_block = false;
        Mark mark;
        Document::List items;
        Document::Map members;
        bool has_key = false;
        bool ignore = false;  ///< the value of a key that stood before, or that is no text: read, not kept
        std::string key;
        Mark key_mark;
    };

    /// The parser counts bytes from 0; people count characters from 1.
    Mark place(const YAML::Mark& mark) const {
        Mark made;
        made.file = file_;
        made.line = static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1;
        made.column = 1;
        auto bytes = static_cast<std::size_t>(std::max(mark.column, 0));
        if (made.line > lines().size()) {  // behind the end: the last line is the nearest that can be shown
            made.line = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(lines().size()));
            bytes = std::string::npos;
        }
        if (made.line > lines().size()) return made;
        const std::string_view line = lines()[made.line - 1];
        for (std::size_t at = 0; at < std::min(bytes, line.size()); ++made.column) next_code_point(line, at);
        return made;
    }

    const std::vector<std::string>& lines() const noexcept { return (*report_.sources())[file_].lines; }

    /// Of a value that is not there the parser tells the place of what follows; its key or its dash says more.
    Mark null_place(Mark mark) const {
        if (levels_.empty() || written_null(mark)) return mark;
        if (in_map()) return key_mark_or(mark);
        if (!levels_.back().is_block) return mark;
        for (std::uint32_t line = mark.line; line != 0; --line) {
            const std::string& text = lines()[line - 1];
            const std::size_t dash = text.find_first_not_of(' ');
            if (dash == std::string::npos || text[dash] != '-') continue;
            if (line < mark.line || dash + 1 < mark.column) return {file_, line, static_cast<std::uint32_t>(dash) + 1};
        }
        return mark;
    }

    /// The parser takes the end of the text for the end of a quoted scalar and says nothing.
    void refuse_open_quote(Mark mark) {
        const std::string_view first = report_.text_at(mark);
        if (first.empty() || (first.front() != '"' && first.front() != '\'')) return;
        const char quote = first.front();
        std::string_view rest = first.substr(1);
        for (std::uint32_t line = mark.line;;) {
            for (std::size_t at = 0; at < rest.size(); ++at) {
                if (rest[at] == '\\' && quote == '"') ++at;
                else if (rest[at] != quote) continue;
                else if (quote == '\'' && at + 1 < rest.size() && rest[at + 1] == quote) ++at;
                else return;
            }
            if (line >= lines().size()) break;
            rest = lines()[line++];
        }
        report_.add(mark, path(), "this quote is never closed",
                    std::string("write ") + quote + " at the end of the text");
        throw GiveUp{};
    }

    bool in_map() const noexcept { return !levels_.empty() && levels_.back().is_map; }
    bool expects_key() const noexcept { return in_map() && !levels_.back().has_key; }
    Mark key_mark_or(Mark otherwise) const noexcept {
        return in_map() && levels_.back().has_key ? levels_.back().key_mark : otherwise;
    }

    bool written_null(Mark mark) const noexcept {
        const std::string_view text = report_.text_at(mark);
        return text.starts_with("~") || text.starts_with("null") || text.starts_with("Null") ||
               text.starts_with("NULL");
    }

    std::string path() const {
        std::string out;
        for (const Level& level : levels_) {
            if (!level.is_map) out += '[' + std::to_string(level.items.size()) + ']';
            else if (level.has_key) out.append(out.empty() ? "" : ".").append(level.key);
        }
        return out;
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        report_.add(place(mark), path(), "anchors (&name) are not used here",
                    "write the value out, or put what several files share into one of its own and give both with -c");
    }

    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == kPlainTag || tag == kQuotedTag || tag == kTextTag) return;
        report_.add(place(mark), path(), "the tag " + tag + " is not used here", "remove it");
    }

    Document scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
        refuse_tag(mark, tag);
        const bool plain = tag == kPlainTag;
        if (text.find('\0') != std::string::npos) {
            report_.add(place(mark), path(), "text must not hold the character U+0000", "remove it");
            return {};
        }
        Expanded expanded = expand(text, report_);
        if (!expanded.wrong.empty()) {
            report_.add(place(mark), path(), expanded.wrong, expanded.cure);
            return {};
        }
        // A plain scalar gets its type only now: "${PORT}" without quotes is the number that PORT holds.
        if (plain) return plain_scalar(expanded.text);
        return std::move(expanded.text);
    }

    void take_key(const YAML::Mark& mark, const std::string& key) {
        Level& level = levels_.back();
        level.has_key = true;
        level.key = key;
        level.key_mark = place(mark);
        const auto before = std::find_if(level.members.begin(), level.members.end(),
                                         [&key](const Document::Member& member) { return member.key == key; });
        level.ignore = before != level.members.end();
        if (level.ignore) {
            report_.add(level.key_mark, path(),
                        "this key stands twice; the first is in line " + std::to_string(before->mark.line),
                        "keep one of the two");
        }
    }

    void open(const YAML::Mark& mark, bool is_map, YAML::EmitterStyle::value style) {
        if (levels_.size() >= kMaxDepth) {
            report_.add(place(mark), path(),
                        "lists and maps are nested more than " + std::to_string(kMaxDepth) + " deep", "");
            throw GiveUp{};
        }
        count_value(mark);
        Level level;
        level.is_map = is_map;
        level.is_block = style != YAML::EmitterStyle::Flow;
        level.mark = style == YAML::EmitterStyle::Flow || expects_key() ? place(mark) : key_mark_or(place(mark));
        if (expects_key()) {
            refuse_key(level.mark);
            levels_.back().has_key = true;  // the list or map itself takes the key's place
            levels_.back().key.clear();
            levels_.back().key_mark = level.mark;
            levels_.back().ignore = true;
            level.ignore = true;
            as_key_.push_back(levels_.size());
        }
        levels_.push_back(std::move(level));
    }

    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        if (!as_key_.empty() && as_key_.back() == levels_.size()) {
            as_key_.pop_back();
            return;
        }
        Document value =
            level.is_map ? Document::map(std::move(level.members)) : Document::list(std::move(level.items));
        value.set_mark(level.mark);
        keep(std::move(value));
    }

    void refuse_key(Mark mark) {
        odd_keys_.push_back({mark, path(), "a key must be a word", "quote it if it holds special characters"});
    }

    void count_value(const YAML::Mark& mark) {
        if (++values_ <= kMaxValues) return;
        report_.add(place(mark), path(), "there are more than " + std::to_string(kMaxValues) + " values",
                    "remove some");
        throw GiveUp{};
    }

    void add(Document value, const YAML::Mark& mark) {
        count_value(mark);
        if (expects_key()) {  // a null or an alias where a key should be
            refuse_key(place(mark));
            Level& level = levels_.back();
            level.has_key = true;
            level.ignore = true;
            level.key.clear();
            level.key_mark = place(mark);
            return;
        }
        keep(std::move(value));
    }

    void keep(Document value) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return;
        }
        Level& level = levels_.back();
        if (!level.is_map) {
            level.items.push_back(std::move(value));
            return;
        }
        if (!level.ignore) level.members.emplace_back(level.key, std::move(value), level.key_mark);
        level.has_key = false;
        level.ignore = false;
    }

    std::uint32_t file_;
    ProblemReport& report_;
    std::vector<Level> levels_;
    std::vector<std::size_t> as_key_;
    std::vector<Problem> odd_keys_;
    Document root_;
    std::size_t documents_ = 0;
    std::size_t values_ = 0;
};

/// True when the parser stumbled over the brace of `${` inside { } or [ ], where YAML reads it as its own.
bool unquoted_expansion(const YAML::Mark& mark, const std::vector<std::string>& lines) {
    if (mark.line < 0 || mark.column < 1 || static_cast<std::size_t>(mark.line) >= lines.size()) return false;
    const std::string_view line = lines[static_cast<std::size_t>(mark.line)];
    const auto column = static_cast<std::size_t>(mark.column);
    return column < line.size() && line[column] == '{' && line[column - 1] == '$';
}

void report_syntax(const YAML::Exception& error, std::uint32_t file, ProblemReport& report) {
    const std::vector<std::string>& lines = (*report.sources())[file].lines;
    Mark place;
    place.file = file;
    if (!error.mark.is_null() && !lines.empty()) {
        place.line = std::min(static_cast<std::uint32_t>(std::max(error.mark.line, 0)) + 1,
                              static_cast<std::uint32_t>(lines.size()));
        place.column = static_cast<std::uint32_t>(std::max(error.mark.column, 0)) + 1;
    }
    if (unquoted_expansion(error.mark, lines)) {
        const std::string_view line = lines[static_cast<std::size_t>(error.mark.line)];
        const auto dollar = static_cast<std::size_t>(error.mark.column - 1);
        const std::size_t end = line.find('}', dollar);
        const std::string word(line.substr(dollar, end == std::string_view::npos ? end : end - dollar + 1));
        --place.column;
        report.add(place, "", word + " needs quotes inside { } or [ ]: there YAML takes its brace for its own",
                   "write \"" + word + '"');
        return;
    }
    std::string cure = "check the indentation, the quotes and the brackets up to here";
    if (place.line != 0) {
        const std::string& line = lines[place.line - 1];
        const std::size_t first = line.find_first_not_of(' ');
        if (first != std::string::npos && line[first] == '\t') cure = "indent with spaces; YAML allows no tabs there";
    }
    report.add(place, "", "this is not YAML: " + error.msg, cure);
}

/// The first line that is not valid UTF-8 or holds a U+0000, counted from 1; 0 when all are fine.
std::uint32_t first_bad_line(const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!code_points(lines[i]) || lines[i].find('\0') != std::string::npos)
            return static_cast<std::uint32_t>(i) + 1;
    }
    return 0;
}

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return lines;
}

Document read_yaml(std::string_view text, std::uint32_t file, ProblemReport& report) {
    if (text.size() > kMaxBytes) {
        report.add(Mark{file, 1, 1}, "", "the text is longer than " + print_size(Bytes{kMaxBytes}),
                   "give it in several files with -c");
        return {};
    }
    if (const std::uint32_t line = first_bad_line((*report.sources())[file].lines); line != 0) {
        report.add(Mark{file, line, 1}, "", "this line is not valid UTF-8 text", "save the file as UTF-8");
        return {};
    }
    Builder builder(file, report);
    try {
        ViewBuffer buffer(text);
        std::istream in(&buffer);
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
        builder.report_odd_keys();
    } catch (const GiveUp&) {
    } catch (const YAML::Exception& error) {
        report_syntax(error, file, report);
    }
    return builder.take_root();
}

}  // namespace cairn::core
