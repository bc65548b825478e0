#include "sdk/check/hostile_bodies.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace cairn::check {
namespace {

/// JSON texts that are wrong nearly everywhere.
const std::vector<std::string>& odd_texts() {
    static const std::vector<std::string> kTexts = [] {
        std::vector<std::string> texts{
            "null", "true", "false", "0", "-1", "1", "0.5", "-0.0", "1e308", "-1e308", "1e400", "5e-324", "NaN",
            "Infinity", "-Infinity", "9007199254740993", "9223372036854775807", "-9223372036854775808",
            "18446744073709551616", "\"\"", "\" \"", "\"x\"", "\"NaN\"", "\"__proto__\"", "\"../../etc/passwd\"",
            "\"'; DROP TABLE users; --\"", "\"<script>alert(1)</script>\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\u202e\"",
            "\"%s%n\"", "\"\xff\xfe\"", "[]", "{}", "[[]]", "[null]", "[0,0,0]", "[1e308,1e308,1e308]", "[0,0]",
            "[0,0,0,0]", "{\"\":\"\"}", "{\"a\":{\"a\":{\"a\":1}}}", "01", "1.", "'x'", "{", "[1,", "\"", ""};
        texts.push_back("\"" + std::string(9'000, 'x') + "\"");
        texts.push_back("\"" + std::string(60'000, 'y') + "\"");
        const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
        texts.push_back(nested(17));
        texts.push_back(nested(1'000));
        texts.push_back(nested(30'000));
        std::string many = "[0";
        for (int i = 0; i < 300; ++i) many += ",0";
        texts.push_back(many + "]");
        std::string map = "{\"k\":0";
        for (int i = 0; i < 300; ++i) map += ",\"k" + std::to_string(i) + "\":0";
        texts.push_back(map + "}");
        return texts;
    }();
    return kTexts;
}

/// `whole` with the JSON text `value` in the place of the member `key`.
std::string with(const Document& whole, const std::string& key, const std::string& value) {
    std::string text = "{";
    bool put = false;
    for (const Document::Member& member : whole.members()) {
        if (text.size() > 1) text += ',';
        text += Document(member.key).to_json() + ":";
        put = put || member.key == key;
        text += member.key == key ? value : member.value.to_json();
    }
    if (!put) text += (text.size() > 1 ? "," : "") + Document(key).to_json() + ":" + value;
    return text + "}";
}

std::string repeated(const std::string& text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

}  // namespace

Document HostileBodies::fair_value(const Document& schema, int depth) {
    const std::string_view type = schema["type"].text();
    if (const Document* choices = schema.find("enum")) return choices->items()[pick(choices->size())];
    if (type == "boolean") return pick(2) == 0;
    if (type == "integer") {
        const std::int64_t low = schema.find("minimum") ? static_cast<std::int64_t>(schema["minimum"].number_or(0)) : 0;
        const double top = schema.find("maximum") ? schema["maximum"].number_or(0) : static_cast<double>(low) + 100;
        const double width = std::min(std::max(0.0, top - static_cast<double>(low)), 1000.0);
        return low + static_cast<std::int64_t>(pick(static_cast<std::size_t>(width) + 1));
    }
    if (type == "number") {
        const double low = schema["minimum"].number_or(-10), top = schema["maximum"].number_or(std::max(low, 0.0) + 10);
        const double within = std::min(top, low + 1000);
        return std::nextafter(low, within) + (within - low) * static_cast<double>(pick(1000)) / 1001.0;
    }
    if (type == "string") {
        if (!known_.empty() && pick(3) != 0) {
            auto at = known_.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(pick(known_.size())));
            return *at;
        }
        if (const Document* examples = schema.find("examples"); examples && examples->size() > 0) return examples->items()[0];
        const auto least = static_cast<std::size_t>(schema["minLength"].integer_or(0));
        const auto most = static_cast<std::size_t>(schema["maxLength"].integer_or(64));
        const std::string letters = "abcXYZ019";
        std::string text;
        const std::size_t length = std::max<std::size_t>(least, std::min<std::size_t>(most, 1 + pick(12)));
        while (text.size() < length) text += letters[pick(letters.size())];
        return text;
    }
    if (type == "array") {
        Document list = Document::list();
        const std::size_t least = static_cast<std::size_t>(schema["minItems"].integer_or(0));
        const std::size_t most = static_cast<std::size_t>(schema["maxItems"].integer_or(static_cast<std::int64_t>(least) + 3));
        const std::size_t count = depth > 4 ? least : least + pick(std::min<std::size_t>(most - least, 3) + 1);
        for (std::size_t i = 0; i < count; ++i) list.push(fair_value(schema["items"], depth + 1));
        return list;
    }
    if (type == "object") {
        Document map = Document::map();
        for (const Document::Member& member : schema["properties"].members()) {
            bool needed = false;
            for (const Document& one : schema["required"].items()) needed = needed || one.text() == member.key;
            if (needed || (depth <= 4 && pick(4) != 0)) map.set(member.key, fair_value(member.value, depth + 1));
        }
        if (const Document* more = schema.find("additionalProperties"); more && more->is_map() && depth <= 4)
            map.set("key" + std::to_string(pick(5)), fair_value(*more, depth + 1));
        return map;
    }
    // Anything goes.
    switch (pick(5)) {
        case 0:
            return Document{{"color", "red"}};
        case 1:
            return Document::list({1, 2, 3});
        case 2:
            return "text";
        case 3:
            return static_cast<std::int64_t>(pick(100));
        default:
            return {};
    }
}

Document HostileBodies::fair() {
    return fair_value(schema_, 0);
}

std::vector<std::string> HostileBodies::on_purpose() {
    std::vector<std::string> all = odd_texts();
    Document whole = Document::map();
    for (const Document::Member& member : schema_["properties"].members()) whole.set(member.key, fair_value(member.value, 1));
    all.push_back(whole.to_json());
    all.push_back(with(whole, "cairn_check_no_such_member", "1"));
    all.push_back(with(whole, "", "1"));
    for (const Document::Member& member : schema_["properties"].members()) {
        Document without = whole;
        without.remove(member.key);
        all.push_back(without.to_json());
        for (const std::string& odd : odd_texts()) all.push_back(with(whole, member.key, odd));
        // The same member twice.
        std::string twice = with(without, member.key, whole[member.key].to_json());
        twice.insert(1, Document(member.key).to_json() + ":" + whole[member.key].to_json() + ",");
        all.push_back(twice);
        for (const char* bound : {"minimum", "maximum"}) {
            const Document* at = member.value.find(bound);
            if (!at) continue;
            for (const double by : {-1.0, -0.001, 0.0, 0.001, 1.0}) {
                const double value = at->number_or(0) + by;
                const bool whole_number = member.value["type"].text() == "integer" && std::abs(value) < 9e15;
                all.push_back(with(whole, member.key,
                                   whole_number ? Document(static_cast<std::int64_t>(value)).to_json() : Document(value).to_json()));
            }
        }
        for (const char* bound : {"minLength", "maxLength"}) {
            const Document* at = member.value.find(bound);
            if (!at) continue;
            for (const std::int64_t by : {-1, 0, 1}) {
                const std::int64_t length = at->integer_or(0) + by;
                if (length < 0 || length > 60'000) continue;
                const auto count = static_cast<std::size_t>(length);
                all.push_back(with(whole, member.key, Document(std::string(count, 'a')).to_json()));
                if (count < 15'000) all.push_back(with(whole, member.key, "\"" + repeated("\xe6\xbc\xa2", count) + "\""));
            }
        }
    }
    return all;
}

std::string HostileBodies::at_random() {
    const Document body = fair();
    if (pick(3) == 0) return body.to_json();
    std::string text = body.to_json();
    if (body.members().empty() || pick(4) == 0) {
        // Bytes of a body that are others.
        for (std::size_t i = 0; i <= pick(3); ++i) text[pick(text.size())] = static_cast<char>(random_() & 0x7f);
        return text;
    }
    const std::string key = body.members()[pick(body.members().size())].key;
    const std::vector<std::string>& odd = odd_texts();
    return with(body, key, odd[pick(odd.size())]);
}

}  // namespace cairn::check
