#pragma once

#include <map>
#include <string>
#include <vector>

namespace cairn::core {

/// Why nobody should call a plugin `name`: a sentence with what to do, or empty when the name is fine. `taken` are the
/// names of plugins that are there already. [any]
std::string fault_of_plugin_name(const std::string& name, const std::vector<std::string>& taken);

/// The values of the template's placeholders for a plugin of this name. [any]
std::map<std::string, std::string> scaffold_values(const std::string& name);

/// `text` with each `@key@` replaced by its value; an `@` that begins no key stays. [any]
std::string fill_placeholders(const std::string& text, const std::map<std::string, std::string>& values);

/// Writes the template in `from` to the folder `to`, which must not be there yet or be empty: placeholders are replaced
/// in texts and in names of files, a leading "dot." of a name becomes ".". Returns the paths written, relative to `to`,
/// sorted. Throws std::runtime_error that names the file; then nothing of the project is left. [control]
std::vector<std::string> write_scaffold(const std::string& from, const std::string& to,
                                        const std::map<std::string, std::string>& values);

}  // namespace cairn::core
