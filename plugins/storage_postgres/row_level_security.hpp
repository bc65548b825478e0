#pragma once

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// Switches row-level security on world_objects on or off (P045): a role other than the owner sees and changes only
/// objects of spaces in which the user named by the setting app.current_user_id has an active session. Cairn's own role
/// owns the tables and is not held back: it writes for everybody. Does nothing where the tables do not exist, or when it
/// is off and was never on. Throws PostgresError. [control]
void set_row_level_security(Connection& connection, bool on);

}  // namespace cairn::storage_postgres
