#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>

#include "core/config/problem_report.hpp"

namespace cairn::core {

/// What the command line says about configuration.
struct ConfigInputs {
    std::vector<std::string> files;      ///< overlaid left to right: maps merge, everything else is replaced
    std::vector<std::string> overrides;  ///< "a.b=value", the value read as YAML; after the files
    /// Looks up an environment variable; nullopt when it is not set.
    std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// The configuration, read once. Positions stay in the Documents' marks. Immutable after read().
class Configuration {
public:
    /// Reads all inputs; what is wrong goes to `report` and reading goes on as far as it can. [control]
    static std::unique_ptr<Configuration> read(const ConfigInputs& inputs, ProblemReport& report);
    /// As read(), for one text instead of files: `name` stands in front of its positions. [control]
    static std::unique_ptr<Configuration> read_text(const std::string& name, std::string_view text, const ConfigInputs& inputs,
                                                    ProblemReport& report);
    const Document& root() const noexcept { return root_; }
    const std::vector<ConfigSource>& sources() const noexcept { return sources_; }
    /// False when one of the files gave nothing at all (it is missing, or no YAML): what is wrong with the rest may then
    /// come from that alone, and is not worth saying.
    bool readable() const noexcept { return readable_; }
    /// The value at "plugins.chat.max_length", or nullptr.
    const Document* at(std::string_view path) const noexcept;

private:
    struct Reader;
    Document root_;
    std::vector<ConfigSource> sources_;
    bool readable_ = true;
};

/// Fills `out` (a struct of `type`, already default-constructed) from `node`, checking every rule of the description:
/// unknown keys with did-you-mean, wrong types with the accepted form, missing, out of range. `path` names the node.
/// A null node means "all defaults". [control]
void check_and_fill(const StructType& type, const Document& node, const std::string& path, void* out,
                    ProblemReport& report);

/// The accepted form of a field in words: "a duration such as 100ms, 2s or 5m, from 1s to 1h". [any]
std::string accepted_form(const Field& field);

/// The nearest of `candidates` to `word`, or empty when none is near. [any]
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// Text forms: "100ms", "50MiB", "10/60s". Empty optional when the text is none of them. [any]
std::optional<Duration> parse_duration(std::string_view text);
std::optional<Bytes> parse_size(std::string_view text);
std::optional<Rate> parse_rate(std::string_view text);
std::string print_duration(Duration value);
std::string print_size(Bytes value);
std::string print_rate(Rate value);

/// `cairn config explain PATH`: type, default, range, reload behaviour, and where the value in force came from. [control]
std::string explain_field(const Field& field, const void* default_member, const std::string& path, const Document* value,
                          const std::vector<ConfigSource>& sources);
/// A described struct as it would be written in YAML: durations, sizes and rates with their units, secrets masked, empty
/// optionals as null. Read back it means the same, but for the secrets. [any]
Document settings_document(const StructType& type, const void* object);
/// The reference page (Markdown) of one described struct, for config/reference/. [control]
std::string reference_page(const std::string& title, const std::string& path, const StructType& type);
/// A JSON Schema object for a described struct, for editors. [control]
Document json_schema(const StructType& type);

}  // namespace cairn::core
