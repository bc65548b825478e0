#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "core/app/command.hpp"
#include "core/app/offline_engine.hpp"

namespace cairn::core {

/// The space that is exported or imported into: the one named by --space, else `usual`.
struct ExchangeSpace {
    std::string name;
    std::string id;  ///< what rows carry
    std::optional<Document>
        entry;  ///< of the section `space`; none: there is no such space yet, or nobody knows spaces
};

/// The section that knows spaces, or nullptr.
const ExchangeSection* space_section(const std::vector<ExchangeSection>& sections);
/// Looks the space up. Where no plugin knows spaces, their name is their id. [control]
ExchangeSpace find_space(OfflineEngine& engine, const std::vector<ExchangeSection>& sections, const std::string& name);
/// Calls `row` with each row that `section` gives for the space; its query says in which order, so that it can be read
/// in parts, and has no LIMIT of its own. Throws Error with the cure when it takes longer than the store allows.
/// [control]
void each_row(OfflineEngine& engine, const ExchangeSection& section, const std::string& parameter,
              const std::function<void(const Document& row)>& row);
/// Those keys of rows to be put that the store holds already; at most `most` of them, as JSON. [control]
std::vector<std::string> existing_keys(OfflineEngine& engine, const std::vector<Change>& changes, std::size_t most);

}  // namespace cairn::core
