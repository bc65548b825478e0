#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <cairn/fields.hpp>

// The logic: it knows nothing of plugins and spaces, so it is tested without a server.
namespace @name@_plugin {

/// The settings, below `plugins.@name@` in the YAML.
struct Config {
    std::string greeting = "hello";
};
void describe(cairn::Fields<Config>& f);

/// What a player sends: `@name@.wave`.
struct Wave {
    std::string word;
};
void describe(cairn::Fields<Wave>& f);

/// A row of the table @table@: how often somebody has waved in a space.
struct CountRow {
    std::string space;
    std::string player;
    std::int64_t count = 0;
};
void describe(cairn::Fields<CountRow>& f);

/// Who has waved how often in one space.
class Counts {
public:
    explicit Counts(std::string space) : space_(std::move(space)) {}

    void load(const std::vector<CountRow>& rows);
    /// Counts one more and gives the row to be kept.
    CountRow add(const std::string& player);
    /// The row of the last add() could not be kept.
    void take_back(const std::string& player);
    std::int64_t of(const std::string& player) const;

private:
    std::string space_;
    std::map<std::string, std::int64_t> counts_;
};

}  // namespace @name@_plugin
