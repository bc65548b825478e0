#include "core/plugins/file_trust.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "core/plugins/plugin_file.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

/// The name of a group and whether `owner` is alone in it.
struct GroupFacts {
    std::string name;
    bool is_private = false;
};

GroupFacts look_up(uid_t owner, gid_t group) {
    std::vector<char> user_text(16384);
    std::vector<char> group_text(65536);
    passwd user{};
    passwd* user_found = nullptr;
    struct group entry {};
    struct group* group_found = nullptr;
    ::getpwuid_r(owner, &user, user_text.data(), user_text.size(), &user_found);
    ::getgrgid_r(group, &entry, group_text.data(), group_text.size(), &group_found);
    // A user without a name, as in containers: his number is his group's.
    if (group_found == nullptr) return {std::to_string(group), group == owner};
    GroupFacts facts{entry.gr_name, group == 0};
    if (user_found == nullptr || user.pw_gid != group || facts.name != user.pw_name) return facts;
    facts.is_private = true;
    for (char** member = entry.gr_mem; *member != nullptr; ++member) {
        facts.is_private = facts.is_private && facts.name == *member;
    }
    return facts;
}

}  // namespace

std::string writers_of(mode_t mode, const std::string& group, bool private_group) {
    if ((mode & S_IWOTH) != 0) return "everybody on this machine";
    if ((mode & S_IWGRP) != 0 && !private_group) return "the group '" + group + "'";
    return {};
}

std::string others_who_may_write(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return {};
    if ((info.st_mode & (S_IWOTH | S_IWGRP)) == 0) return {};
    const GroupFacts group = look_up(info.st_uid, info.st_gid);
    return writers_of(info.st_mode, group.name, group.is_private);
}

void check_plugin_trust(const std::string& path) {
    const auto remedy = [](const std::string& who) {
        return std::string(who.rfind("everybody", 0) == 0 ? "chmod o-w" : "chmod g-w");
    };
    if (const std::string who = others_who_may_write(path); !who.empty()) {
        throw PluginRefused("plugin file " + path + " may be written by " + who + ", and a plugin is code that runs as this server",
                            "Run `" + remedy(who) + " " + path + "` after making sure that it is the file you meant.");
    }
    std::error_code error;
    const fs::path named = fs::absolute(path, error).parent_path();
    const fs::path real = fs::canonical(path, error).parent_path();
    for (const fs::path& folder : {named, real}) {
        const std::string who = folder.empty() ? std::string() : others_who_may_write(folder.string());
        if (who.empty()) continue;
        throw PluginRefused("plugin folder " + folder.string() + " may be written by " + who +
                                ", who could put other code in the place of " + path,
                            "Run `" + remedy(who) + " " + folder.string() +
                                "` after making sure that its files are those you meant, or move them to a folder of your own.");
    }
}

}  // namespace cairn::core
