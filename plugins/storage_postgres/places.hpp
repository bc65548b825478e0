#pragma once

#include <string>
#include <string_view>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// Databases of one server as places to restore to. All of these connect to another database of the server, `postgres`
/// where it exists, because nobody can make, rename or drop the one he is in. Throw PostgresError. [worker]

/// `<database>_<reason>_<UTC as 20261121t073000>`, which does not exist yet; cut so that it fits into a name.
std::string free_name(const Target& target, std::string_view reason);
/// True for names that free_name() makes.
bool is_made_name(std::string_view name) noexcept;
bool database_exists(const Target& target, const std::string& name);
void create_database(const Target& target, const std::string& name);
void drop_database(const Target& target, const std::string& name);
/// Puts the database `from` in the place of `target`'s, in one transaction; what stood there becomes `kept` (empty: nothing
/// did). Sessions of the same role in either are ended.
void exchange_databases(const Target& target, const std::string& from, const std::string& kept);

}  // namespace cairn::storage_postgres
