#pragma once

#include <cairn/fields.hpp>
#include <cairn/json.hpp>

namespace cairn::every_kind {

struct Inner {
    int x = 0;
    std::string word;
};
inline void describe(Fields<Inner>& f) {
    f(&Inner::x, "x", "a number").between(-5, 5);
    f(&Inner::word, "word", "a word").max_length(4);
}

/// One member of every kind, most of them with rules.
struct Everything {
    bool flag = false;
    std::int8_t tiny = 0;
    std::uint8_t byte = 0;
    std::int16_t small = 0;
    std::uint32_t wide = 0;
    std::int64_t big = 0;
    std::uint64_t huge = 0;
    int bounded = 5;
    int switched = 0;
    double number = 0;
    double ratio = 0.5;
    std::string text;
    std::string named;
    std::string short_text = "ab";
    std::string choice = "red";
    Duration wait{1000};
    Bytes size{1024};
    Rate rate{10, Duration{1000}};
    Vec3 at;
    Vec3 in_box;
    Secret secret;
    Document any;
    std::vector<int> list;
    std::vector<std::string> words;
    std::vector<Inner> inners;
    std::map<std::string, double> weights;
    std::map<std::string, Inner> by_name;
    std::optional<int> maybe;
    std::optional<Vec3> maybe_at;
    std::optional<std::vector<int>> maybe_list;
    Inner inner;
    std::string checked;
};
inline void describe(Fields<Everything>& f) {
    f(&Everything::flag, "flag", "a switch");
    f(&Everything::tiny, "tiny", "8 bits");
    f(&Everything::byte, "byte", "8 bits without a sign");
    f(&Everything::small, "small", "16 bits");
    f(&Everything::wide, "wide", "32 bits without a sign");
    f(&Everything::big, "big", "64 bits");
    f(&Everything::huge, "huge", "64 bits without a sign");
    f(&Everything::bounded, "bounded", "from 1 to 20").between(1, 20);
    f(&Everything::switched, "switched", "a number or a switch").between(0, 100).or_switch(42);
    f(&Everything::number, "number", "any number");
    f(&Everything::ratio, "ratio", "a part").between(0, 1).precision(0.01);
    f(&Everything::text, "text", "any text");
    f(&Everything::named, "named", "a name").matching(Pattern::name).max_length(255);
    f(&Everything::short_text, "short_text", "two to five characters").length(2, 5);
    f(&Everything::choice, "choice", "a colour").one_of({"red", "green", "blue"});
    f(&Everything::wait, "wait", "how long").between(Duration(100), Duration(60'000));
    f(&Everything::size, "size", "how much").at_most(1 << 20);
    f(&Everything::rate, "rate", "how often").at_most(1000);
    f(&Everything::at, "at", "where");
    f(&Everything::in_box, "in_box", "where, near").between(-1000, 1000).precision(0.001);
    f(&Everything::secret, "secret", "a password");
    f(&Everything::any, "any", "whatever");
    f(&Everything::list, "list", "numbers").between(0, 9).max_length(4);
    f(&Everything::words, "words", "words").matching(Pattern::identifier);
    f(&Everything::inners, "inners", "structs").max_length(3);
    f(&Everything::weights, "weights", "numbers by name").at_least(0);
    f(&Everything::by_name, "by_name", "structs by name");
    f(&Everything::maybe, "maybe", "perhaps").between(1, 3);
    f(&Everything::maybe_at, "maybe_at", "perhaps a place");
    f(&Everything::maybe_list, "maybe_list", "perhaps a list").length(1, 2);
    f(&Everything::inner, "inner", "a struct");
    f(&Everything::checked, "checked", "must not say no").check([](const std::string& s) {
        return s == "no" ? std::string("must not be no") : std::string();
    });
}

/// A message of the hot path: flat, nothing that allocates.
struct Move {
    Vec3 p;
    Vec3 r;
    std::int64_t ts = 0;
    std::string id;
};
inline void describe(Fields<Move>& f) {
    f(&Move::p, "p", "position").between(-1000, 1000).precision(0.001).required();
    f(&Move::r, "r", "rotation").precision(0.0001);
    f(&Move::ts, "ts", "clock");
    f(&Move::id, "id", "object").matching(Pattern::identifier).max_length(64);
}

}  // namespace cairn::every_kind
