#pragma once

#include <string>

#include "plugins/storage_postgres/connection.hpp"
#include "plugins/storage_postgres/tools.hpp"

namespace cairn::storage_postgres {

/// Physical copies of the whole server, for point-in-time recovery by PostgreSQL itself: `folder/base_<UTC>`, each made by
/// pg_basebackup with the log that it needs and checked by pg_verifybackup before it gets its name. What a run that was
/// interrupted left behind goes at the next one.
struct BaseBackups {
    std::string folder;  ///< absolute
    int keep = 3;        ///< the newest ones; never fewer
    Duration allowed{3600000};

    /// Makes one and removes those beyond `keep`. Returns its folder. Throws Error(unavailable) that says what
    /// pg_basebackup said, Error(internal) when the copy does not stand the check. [worker]
    std::string run(const Tools& tools, const Target& target) const;
};

}  // namespace cairn::storage_postgres
