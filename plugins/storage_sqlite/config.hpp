#pragma once

#include <string>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::storage_sqlite {

struct Config {
    std::string file = "cairn.db";
    std::string durability = "strict";
    std::string integrity_check = "quick";
    int readers = 2;
    Bytes cache{64ULL << 20U};
    Duration query_timeout{5000};
};

inline void describe(Fields<Config>& f) {
    f(&Config::file, "file", "the database file, relative to data_dir; on a local disk, never on a network share")
        .length(1, 4096)
        .check([](const std::string& file) {
            return file.find('\0') == std::string::npos && file.back() != '/'
                       ? std::string()
                       : std::string("must be the name of a file, for example cairn.db");
        });
    f(&Config::durability, "durability",
      "strict: what was acknowledged survives a power loss; relaxed: the last moments may be lost then, not in a crash")
        .one_of({"strict", "relaxed"});
    f(&Config::integrity_check, "integrity_check",
      "what is checked at the start: quick (all pages; the indexes too in files up to 128 MiB, and where damage was met), "
      "startup (always pages and indexes, slower), off")
        .one_of({"quick", "startup", "off"});
    f(&Config::readers, "readers", "connections for queries").between(1, 16);
    f(&Config::cache, "cache", "memory for the pages of the writer").between(1 << 20, 16.0 * (1ULL << 30U));
    f(&Config::query_timeout, "query_timeout", "a query that takes longer is ended")
        .between(Duration(100), Duration(600000));
}

}  // namespace cairn::storage_sqlite
