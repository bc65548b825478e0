#pragma once

#include <sys/types.h>

#include <string>

namespace cairn::core {

/// Who besides the owner and root may write what has these permissions: "everybody on this machine", "the group 'staff'",
/// or empty. `private_group`: the group has the owner as its only member, as Debian's adduser makes it. [any]
std::string writers_of(mode_t mode, const std::string& group, bool private_group);

/// As above, of the file or folder at `path`; empty when it cannot be looked at. [any]
std::string others_who_may_write(const std::string& path);

/// A plugin is code that runs with all rights of the server: throws PluginRefused, with the command that mends it, when
/// others may write the file, the folder it lies in, or the folder that a link leads to. [any]
void check_plugin_trust(const std::string& path);

}  // namespace cairn::core
