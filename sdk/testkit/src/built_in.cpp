#include "sdk/testkit/src/built_in.hpp"

#include <algorithm>
#include <cctype>

namespace cairn::testkit {

void EasyIdentity::admit(const services::Claim& claim, Then<services::Admission> then) {
    if (!claim.resume.empty()) {
        const auto found = known_.find(claim.resume);
        if (found == known_.end())
            return then(Error(Code::unauthenticated, "nobody has ever been \"" + claim.resume + "\"").at("d.resume"));
        found->second.known = true;
        return then(found->second);
    }
    services::Admission who;
    who.name = claim.name.empty() ? "guest" : claim.name;
    std::string base;
    for (const char c : who.name) {
        const auto byte = static_cast<unsigned char>(c);
        base += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
    }
    who.id = base;
    for (int i = 2; known_.contains(who.id); ++i) who.id = base + "-" + std::to_string(i);
    who.resume = who.id;
    if (claim.token.starts_with(kRoles)) {
        std::string role;
        for (const char c : claim.token.substr(kRoles.size()) + ",") {
            if (c != ',') {
                role += c;
            } else if (!role.empty()) {
                who.roles.push_back(std::exchange(role, {}));
            }
        }
    } else if (!claim.token.empty()) {
        return then(Error(Code::unauthenticated, "this test knows no accounts").at("d.token"));
    }
    known_.emplace(who.id, who);
    then(who);
}

EasySpaces::EasySpaces(std::vector<SpaceSettings> named, std::string first)
    : named_(std::move(named)), first_(std::move(first)) {
    const bool there =
        std::any_of(named_.begin(), named_.end(), [this](const SpaceSettings& one) { return one.id == first_; });
    if (there) return;
    SpaceSettings main;
    main.id = first_;
    main.permanent = true;
    named_.push_back(std::move(main));
}

SpaceSettings EasySpaces::resolve(std::string_view name, std::size_t) {
    const std::string_view wanted = name.empty() ? std::string_view(first_) : name;
    for (const SpaceSettings& one : named_)
        if (one.id == wanted) return one;
    SpaceSettings made;
    made.id = wanted;
    return made;
}

}  // namespace cairn::testkit
