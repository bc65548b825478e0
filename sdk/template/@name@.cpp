#include "@name@.hpp"

namespace @name@_plugin {

void describe(cairn::Fields<Config>& f) {
    f(&Config::greeting, "greeting", "said for those who wave without a word").length(1, 40).matching(cairn::Pattern::line);
}

void describe(cairn::Fields<Wave>& f) {
    f(&Wave::word, "word", "a word to go with it; empty: the greeting of the settings")
        .max_length(40)
        .matching(cairn::Pattern::line);
}

void describe(cairn::Fields<CountRow>& f) {
    f(&CountRow::space, "space", "where").required();
    f(&CountRow::player, "player", "who").required();
    f(&CountRow::count, "count", "how often");
}

void Counts::load(const std::vector<CountRow>& rows) {
    for (const CountRow& row : rows) counts_[row.player] = row.count;
}

CountRow Counts::add(const std::string& player) {
    return {space_, player, ++counts_[player]};
}

void Counts::take_back(const std::string& player) {
    const auto found = counts_.find(player);
    if (found != counts_.end() && found->second > 0) --found->second;
}

std::int64_t Counts::of(const std::string& player) const {
    const auto found = counts_.find(player);
    return found == counts_.end() ? 0 : found->second;
}

}  // namespace @name@_plugin
