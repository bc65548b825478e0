#include "sdk/check/judgement.hpp"

#include <utility>

namespace cairn::check {

Document Judgement::to_document() const {
    const char* word = verdict == Verdict::good ? "ok" : verdict == Verdict::bad ? "fault" : "left out";
    return {{"about", about}, {"verdict", word}, {"says", says}, {"cure", cure}};
}

Judgement Judgement::from_document(const Document& document) {
    const std::string_view word = document["verdict"].text();
    return {std::string(document["about"].text()),
            word == "ok"      ? Verdict::good
            : word == "fault" ? Verdict::bad
                              : Verdict::left_out,
            std::string(document["says"].text()), std::string(document["cure"].text())};
}

Judgement good(std::string about, std::string says) {
    return {std::move(about), Judgement::Verdict::good, std::move(says), {}};
}

Judgement bad(std::string about, std::string says, std::string cure) {
    return {std::move(about), Judgement::Verdict::bad, std::move(says), std::move(cure)};
}

Judgement left_out(std::string about, std::string says) {
    return {std::move(about), Judgement::Verdict::left_out, std::move(says), {}};
}

std::string line_of(const Judgement& judgement) {
    constexpr std::size_t kWidth = 10;
    std::string line = judgement.verdict == Judgement::Verdict::good  ? "ok     "
                       : judgement.verdict == Judgement::Verdict::bad ? "FAULT  "
                                                                      : "-      ";
    line += judgement.about;
    if (judgement.about.size() < kWidth) line.append(kWidth - judgement.about.size(), ' ');
    line += " " + judgement.says;
    if (!judgement.cure.empty()) line += " Cure: " + judgement.cure;
    for (char& c : line)
        if (c == '\n' || c == '\r') c = ' ';
    return line;
}

}  // namespace cairn::check
