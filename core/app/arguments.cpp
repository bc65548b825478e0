#include "core/app/arguments.hpp"

#include <algorithm>

#include "core/config/configuration.hpp"

namespace cairn::core {

Arguments::Arguments(const std::vector<std::string>& words, const std::vector<OptionSpec>& known) {
    bool only_words = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (only_words || word.size() < 2 || word.front() != '-') {
            words_.push_back(word);
            continue;
        }
        if (word == "--") {
            only_words = true;
            continue;
        }
        const std::size_t equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
        const std::string name = word.substr(0, equals);
        const auto spec = std::find_if(known.begin(), known.end(), [&](const OptionSpec& option) {
            return option.name == name || (!option.short_name.empty() && option.short_name == name);
        });
        if (spec == known.end()) {
            std::vector<std::string> names;
            for (const OptionSpec& option : known) names.push_back(option.name);
            const std::string near = did_you_mean(name, names);
            throw UsageError("unknown option " + name, near.empty() ? "" : "Did you mean " + near + "?");
        }
        std::vector<std::string>& values = options_[spec->name];
        if (!values.empty() && !spec->repeats) throw UsageError(spec->name + " is given twice");
        if (!spec->takes_value) {
            if (equals != std::string::npos) throw UsageError(spec->name + " takes no value");
            values.emplace_back();
        } else if (equals != std::string::npos) {
            values.push_back(word.substr(equals + 1));
        } else if (i + 1 < words.size()) {
            values.push_back(words[++i]);
        } else {
            throw UsageError(name + " needs a value");
        }
    }
}

std::string Arguments::value(const std::string& option, const std::string& otherwise) const {
    const auto found = options_.find(option);
    return found == options_.end() ? otherwise : found->second.front();
}

std::vector<std::string> Arguments::values(const std::string& option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace cairn::core
