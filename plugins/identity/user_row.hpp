#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::identity {

/// A row of `users` (P180). Times are ms since 1970 UTC.
struct UserRow {
    std::string id;
    std::optional<std::string> username;
    std::optional<std::string> display_name;
    std::optional<std::string> email;
    std::optional<std::string> avatar_url;
    std::optional<std::string> custom_avatar_model_id;
    WallTime created_at = 0;
    std::optional<WallTime> last_seen_at;
    std::int64_t total_time_seconds = 0;
    Document preferences;
    Document stats;
    std::optional<std::string> auth_provider;
    std::optional<std::string> auth_id;
    bool is_active = true;
    bool is_admin = false;
};
void describe(Fields<UserRow>& f);

/// All columns of one user: `$1` is his id.
extern const std::string_view kSelectUser;

}  // namespace cairn::identity
