#pragma once

#include <cstddef>
#include <ostream>
#include <string>
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
    void add(Mark mark, std::string path, std::string message, std::string cure = {});
    bool empty() const noexcept { return problems_.empty(); }
    const std::vector<Problem>& problems() const noexcept { return problems_; }
    /// In the order of their places: `file:line:column: path: message`, the source line, a caret, the cure.
    void print(std::ostream& out, bool colour) const;
    Document to_document() const;

private:
    const std::vector<ConfigSource>* sources_;
    std::vector<Problem> problems_;
};

}  // namespace cairn::core
