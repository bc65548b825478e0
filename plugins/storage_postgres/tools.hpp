#pragma once

#include <string>
#include <vector>

#include <cairn/values.hpp>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// PostgreSQL's own programs: pg_dump, pg_restore, pg_basebackup, pg_verifybackup.
class Tools {
public:
    /// `folder`: where they are; empty: the newest of /usr/lib/postgresql/*/bin, else PATH.
    explicit Tools(std::string folder) : folder_(std::move(folder)) {}

    struct Outcome {
        bool ended = false;  ///< false: it was killed because it took longer than allowed
        int code = 0;
        std::string said;    ///< the end of what it wrote to stderr
        bool good() const noexcept { return ended && code == 0; }
    };
    /// Runs a program. The place and the password go by the environment of that program, never by its command line, where
    /// everyone on the machine could read them. Throws Error(unavailable) when it cannot be started. [worker]
    Outcome run(const std::string& program, const std::vector<std::string>& arguments, const Target& target,
                Duration allowed) const;
    /// The path of a program. Throws Error(unavailable) that says how to install it.
    std::string find(const std::string& program) const;

private:
    std::string folder_;
};

}  // namespace cairn::storage_postgres
