#include "json_rules.hpp"

#include <string>
#include <vector>

#include <cairn/json.hpp>
#include <cairn/text.hpp>

namespace cairn::detail {
namespace {

std::string number_words(double value) {
    std::string out;
    write_json_number(out, value);
    return out;
}

std::string range_words(const Field& field) {
    if (field.has_min && field.has_max) return "from " + number_words(field.min) + " to " + number_words(field.max);
    if (field.has_min) return "at least " + number_words(field.min);
    return "at most " + number_words(field.max);
}

}  // namespace

void check_range(const Field& field, double value, const Place& place) {
    if ((field.has_min && value < field.min) || (field.has_max && value > field.max)) {
        refuse(Code::invalid_field, place, "must be " + range_words(field) + ", it is " + number_words(value));
    }
}

void check_count(const Field& field, std::size_t count, std::size_t default_max, std::string_view unit,
                 const Place& place) {
    const std::size_t max = field.max_length != 0 ? field.max_length : default_max;
    if (count >= field.min_length && count <= max) return;
    const std::string bounds = field.min_length == 0 ? "at most " + std::to_string(max)
                               : field.min_length == max
                                   ? "exactly " + std::to_string(max)
                                   : std::to_string(field.min_length) + " to " + std::to_string(max);
    refuse(field.max_length == 0 && count > max ? Code::too_large : Code::invalid_field, place,
           "must have " + bounds + ' ' + std::string(unit) + ", it has " + std::to_string(count));
}

void too_many(const Field& field, std::size_t max, std::string_view unit, const Place& place) {
    refuse(field.max_length == 0 ? Code::too_large : Code::invalid_field, place,
           "must have at most " + std::to_string(max) + ' ' + std::string(unit));
}

void check_choice(const Field& field, std::string_view text, const Place& place) {
    std::string all;
    for (const std::string& choice : field.choices) {
        if (choice == text) return;
        all.append(all.empty() ? "" : ", ").append(choice);
    }
    const std::vector<std::string_view> choices(field.choices.begin(), field.choices.end());
    const std::string_view nearest = nearest_name(text, choices);
    refuse(Code::invalid_field, place,
           "must be one of " + all + (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
}

void refuse_unknown(const StructType& type, std::string_view key, const Place& place) {
    std::vector<std::string_view> names;
    for (const Field& field : type.fields) names.push_back(field.name);
    const std::string_view nearest = nearest_name(key, names);
    std::string message = "there is no such member";
    if (!nearest.empty()) {
        message += "; did you mean \"" + std::string(nearest) + "\"?";
    } else if (names.empty()) {
        message += "; none is expected";
    } else {
        message += "; known are ";
        for (std::size_t i = 0; i < names.size(); ++i) message.append(i == 0 ? "" : ", ").append(names[i]);
    }
    refuse(Code::invalid_field, Place{&place, key}, message);
}

}  // namespace cairn::detail
