#include "core/config/problem_report.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <tuple>

#include <cairn/text.hpp>

namespace cairn::core {
namespace {

constexpr std::size_t kShownColumns = 160;

struct Colours {
    const char* place;
    const char* message;
    const char* caret;
    const char* end;
};
constexpr Colours kPlain{"", "", "", ""};
constexpr Colours kBright{"\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"};

/// A piece of a line for the terminal: control characters could move the cursor, so they become '?'.
std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = at;
        const char32_t c = next_code_point(text, at);
        const bool malformed = c == 0xFFFD && at == from + 1;
        if (malformed || (c < 0x20 && c != U'\t') || (c >= 0x7F && c <= 0x9F)) out += '?';
        else out.append(text, from, at - from);
    }
    return out;
}

/// Byte offset of the code point with this number (from 0); the end when there are fewer.
std::size_t offset_of(std::string_view line, std::size_t number) noexcept {
    std::size_t at = 0;
    while (number-- != 0 && at < line.size()) next_code_point(line, at);
    return at;
}

void print_line(std::ostream& out, std::string_view line, std::uint32_t column, const Colours& colours) {
    // A very long line is shown from a little before the place on.
    const std::size_t wanted = column == 0 ? 0 : column - 1;
    const std::size_t skipped = wanted > kShownColumns - 40 ? wanted - 40 : 0;
    const std::size_t begin = offset_of(line, skipped);
    const std::string_view shown = line.substr(begin, offset_of(line.substr(begin), kShownColumns));
    out << "    " << printable(shown) << "\n    ";
    // Tabs are repeated, so that the caret stands right however wide they are.
    std::size_t at = 0;
    for (std::size_t i = skipped; i < wanted && at < shown.size(); ++i) {
        out << (next_code_point(shown, at) == U'\t' ? '\t' : ' ');
    }
    out << colours.caret << '^' << colours.end << '\n';
}

}  // namespace

void ProblemReport::add(Mark mark, std::string path, std::string message, std::string cure) {
    problems_.push_back({mark, std::move(path), std::move(message), std::move(cure)});
}

std::optional<std::string> ProblemReport::environment(const std::string& name) const {
    if (environment_) return environment_(name);
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string_view ProblemReport::text_at(Mark mark) const noexcept {
    if (sources_ == nullptr || mark.line == 0 || mark.column == 0 || mark.file >= sources_->size()) return {};
    const std::vector<std::string>& lines = (*sources_)[mark.file].lines;
    if (mark.line > lines.size()) return {};
    const std::string_view line = lines[mark.line - 1];
    return line.substr(offset_of(line, mark.column - 1));
}

bool ProblemReport::has_problem_at(Mark mark) const noexcept {
    if (mark.line == 0) return false;
    return std::any_of(problems_.begin(), problems_.end(), [mark](const Problem& problem) {
        return problem.mark.file == mark.file && problem.mark.line == mark.line && problem.mark.column == mark.column;
    });
}

std::vector<std::size_t> ProblemReport::in_order() const {
    std::vector<std::size_t> order(problems_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
        const Mark& x = problems_[a].mark;
        const Mark& y = problems_[b].mark;
        // What has no place stands behind what has one.
        return std::tuple(x.line == 0, x.file, x.line, x.column) < std::tuple(y.line == 0, y.file, y.line, y.column);
    });
    return order;
}

void ProblemReport::print(std::ostream& out, bool colour) const {
    const Colours& colours = colour ? kBright : kPlain;
    for (const std::size_t index : in_order()) {
        const Problem& problem = problems_[index];
        const bool known = sources_ != nullptr && problem.mark.file < sources_->size();
        if (problem.mark.line != 0 && known) {
            const std::string& name = (*sources_)[problem.mark.file].name;
            out << colours.place << printable(name);
            // An assignment is one line, and digits behind its value would read as a part of it.
            if (!name.starts_with("--set ")) out << ':' << problem.mark.line << ':' << problem.mark.column;
            out << ": " << colours.end;
        }
        if (!problem.path.empty()) out << printable(problem.path) << ": ";
        out << colours.message << printable(problem.message) << colours.end << '\n';
        if (problem.mark.line != 0 && known) {
            const std::vector<std::string>& lines = (*sources_)[problem.mark.file].lines;
            if (problem.mark.line <= lines.size())
                print_line(out, lines[problem.mark.line - 1], problem.mark.column, colours);
        }
        if (!problem.cure.empty()) out << "    " << printable(problem.cure) << '\n';
    }
}

Document ProblemReport::to_document() const {
    Document all = Document::list();
    for (const std::size_t index : in_order()) {
        const Problem& problem = problems_[index];
        Document one = Document::map();
        if (problem.mark.line != 0 && sources_ != nullptr && problem.mark.file < sources_->size()) {
            one.set("file", (*sources_)[problem.mark.file].name);
            one.set("line", problem.mark.line).set("column", problem.mark.column);
        }
        one.set("path", problem.path).set("message", problem.message).set("cure", problem.cure);
        all.push(std::move(one));
    }
    return all;
}

}  // namespace cairn::core
