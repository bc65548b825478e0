#pragma once

#include <string>
#include <vector>

#include <cairn/document.hpp>

namespace cairn::check {

/// What is said about one side of a plugin.
struct Judgement {
    enum class Verdict : unsigned char { good, bad, left_out };
    std::string about;  ///< one word: "symbols"
    Verdict verdict = Verdict::good;
    std::string says;  ///< one sentence
    std::string cure;

    Document to_document() const;
    static Judgement from_document(const Document& document);
};

Judgement good(std::string about, std::string says);
Judgement bad(std::string about, std::string says, std::string cure);
Judgement left_out(std::string about, std::string says);

/// "ok     symbols   …" or "FAULT  symbols   … Cure: …", without a line end.
std::string line_of(const Judgement& judgement);

}  // namespace cairn::check
