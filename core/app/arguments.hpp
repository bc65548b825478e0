#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::core {

/// The command line was not understood: exit code 2.
class UsageError : public std::runtime_error {
public:
    explicit UsageError(const std::string& message, std::string hint = {})
        : std::runtime_error(message), hint_(std::move(hint)) {}
    const std::string& hint() const noexcept { return hint_; }

private:
    std::string hint_;
};

/// An option that a command knows.
struct OptionSpec {
    std::string name;  ///< "--set"
    bool takes_value = false;
    std::string short_name;  ///< "-c" or empty
    bool repeats = false;
};

/// Words and options of a command line. Options may stand anywhere, as `--name value` or `--name=value`; `--` ends
/// them.
class Arguments {
public:
    /// Throws UsageError with a near name for an unknown option, a missing value or a repeated option.
    Arguments(const std::vector<std::string>& words, const std::vector<OptionSpec>& known);
    const std::vector<std::string>& words() const noexcept { return words_; }
    bool has(const std::string& option) const { return options_.find(option) != options_.end(); }
    /// The option's value, or `otherwise`.
    std::string value(const std::string& option, const std::string& otherwise = {}) const;
    /// All values of an option that repeats.
    std::vector<std::string> values(const std::string& option) const;

private:
    std::vector<std::string> words_;
    std::map<std::string, std::vector<std::string>> options_;
};

}  // namespace cairn::core
