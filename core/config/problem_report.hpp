#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/document.hpp>

namespace cairn::core {

/// The text that problems point into.
struct ConfigSource {
    std::string name;  ///< the path as given, "--set plugins.chat.max_length=300", or "environment"
    std::vector<std::string> lines;
};

/// One thing that is wrong, where, and how to mend it.
struct Problem {
    Mark mark;            ///< line 0: not in a file
    std::string path;     ///< "plugins.chat.max_length"
    std::string message;  ///< what is wrong
    std::string cure;     ///< did-you-mean, the accepted form, an example
};

/// Collects problems so that one run tells all of them.
class ProblemReport {
public:
    explicit ProblemReport(const std::vector<ConfigSource>* sources = nullptr) : sources_(sources) {}
    void set_sources(const std::vector<ConfigSource>* sources) noexcept { sources_ = sources; }
    const std::vector<ConfigSource>* sources() const noexcept { return sources_; }
    /// Where `{env: NAME}` secrets are looked up while settings are checked; the process environment unless set.
    using Environment = std::function<std::optional<std::string>(const std::string& name)>;
    void set_environment(Environment environment) { environment_ = std::move(environment); }
    std::optional<std::string> environment(const std::string& name) const;
    /// The rest of the source line that begins at `mark`, empty when the mark points nowhere.
    std::string_view text_at(Mark mark) const noexcept;
    /// True when something at this very place has been reported already: one mistake, one problem.
    bool has_problem_at(Mark mark) const noexcept;
    void add(Mark mark, std::string path, std::string message, std::string cure = {});
    bool empty() const noexcept { return problems_.empty(); }
    const std::vector<Problem>& problems() const noexcept { return problems_; }
    /// In the order of their places: `file:line:column: path: message`, the source line, a caret, the cure.
    void print(std::ostream& out, bool colour) const;
    Document to_document() const;

private:
    std::vector<std::size_t> in_order() const;

    const std::vector<ConfigSource>* sources_;
    std::vector<Problem> problems_;
    Environment environment_;
};

}  // namespace cairn::core
