#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <cairn/plugin.hpp>
#include <cairn/services/identity.hpp>

namespace cairn::testkit {

/// A plugin that is what a function declares.
class DeclaringPlugin final : public Plugin {
public:
    explicit DeclaringPlugin(std::function<void(Setup&)> declare) : declare_(std::move(declare)) {}
    void setup(Setup& setup) override { declare_(setup); }

private:
    const std::function<void(Setup&)> declare_;
};

/// Everybody is who he says he is: "Anna" becomes the player "anna"; a second Anna becomes "anna-2". The resume token is
/// the id. Roles are told in the token.
class EasyIdentity final : public services::Identity {
public:
    static constexpr std::string_view kRoles = "roles:";
    void admit(const services::Claim& claim, Then<services::Admission> then) override;

private:
    std::map<std::string, services::Admission> known_;
};

/// Every name is a space.
class EasySpaces final : public SpaceSource {
public:
    EasySpaces(std::vector<SpaceSettings> named, std::string first);
    std::vector<SpaceSettings> initial() override { return named_; }
    SpaceSettings resolve(std::string_view name, std::size_t open_on_demand) override;

private:
    std::vector<SpaceSettings> named_;
    const std::string first_;
};

}  // namespace cairn::testkit
