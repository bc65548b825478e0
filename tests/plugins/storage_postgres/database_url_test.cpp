#include "plugins/storage_postgres/database_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/storage_postgres/postgres_store.hpp"

namespace cairn::storage_postgres {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string words(const DatabaseUrl& url) {
    std::string out = url.user + "|" + url.password + "|" + url.host + "|" + std::to_string(url.port) + "|" + url.database;
    for (const auto& [key, value] : url.tls) out += "|" + key + "=" + value;
    return out;
}

TEST(DatabaseUrl, IsTakenApart) {
    const std::pair<const char*, const char*> table[] = {
        {"postgres://user:pw@db.example.org:6432/world", "user|pw|db.example.org|6432|world"},
        {"postgresql://user@db/world", "user||db|5432|world"},
        {"postgres://u:p%40ss%2Fw%20%25%27@h/d", "u|p@ss/w %'|h|5432|d"},
        {"postgres://u:a:b@h/d", "u|a:b|h|5432|d"},
        {"postgres://u:p@[::1]:5433/d", "u|p|::1|5433|d"},
        {"postgres://u:p@h/d?sslmode=require&sslrootcert=%2Fca.pem", "u|p|h|5432|d|sslmode=require|sslrootcert=/ca.pem"},
        {"postgres://u@%2Fvar%2Frun%2Fpostgresql/d", "u||/var/run/postgresql|5432|d"},
        {"postgres:///d?host=/tmp/pg&port=5433", "d||/tmp/pg|5433|d"},
        {"postgres://u@/d", "u||/var/run/postgresql|5432|d"},
        {"postgres://u@h", "u||h|5432|u"},
    };
    for (const auto& [text, expected] : table) EXPECT_EQ(words(parse_url(text)), expected) << text;
}

TEST(DatabaseUrl, WhatIsWrongIsSaidWithoutAPassword) {
    const std::pair<const char*, const char*> table[] = {
        {"mysql://u:geheim@h/d", "does not begin with postgres://"},
        {"", "does not begin with postgres://"},
        {"postgres://u:geheim@h:port/d", "the port is no number"},
        {"postgres://u:geheim@h:0/d", "the port is no number"},
        {"postgres://u:geheim@h:70000/d", "the port is no number"},
        {"postgres://u:ge@heim@h/d", "two @"},
        {"postgres://u:ge/heim@h/d", "holds a /"},
        {"postgres://u:ge?heim@h/d", "the port is no number"},
        {"postgres://u:ge#heim@h/d", "holds a #"},
        {"postgres://u:ge%heim@h/d", "two hexadecimal digits"},
        {"postgres://u:geheim%4", "the port is no number"},
        {"postgres://u:geheim@h/d?sslmode=geheim", "sslmode is none of"},
        {"postgres://u:geheim@h/d?options=geheim", "a parameter after the ?"},
        {"postgres://u:geheim@h/d/geheim", "holds a /"},
        {"postgres://u:geheim@h1,h2/d", "several hosts"},
        {"postgres://u:geheim@[::1/d", "has no ]"},
        {"postgres://h/", "names no database"},
        {"postgres://u:ge%00heim@h/d", "control character"},
    };
    for (const auto& [text, expected] : table) {
        try {
            parse_url(text);
            ADD_FAILURE() << "was not refused: " << text;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(expected)) << text;
            EXPECT_THAT(error.what(), Not(HasSubstr("heim"))) << text;
            EXPECT_EQ(error.code(), Code::invalid_field);
        }
    }
}

TEST(DatabaseUrl, NamesThePlaceWithoutWhoComes) {
    const std::string said = parse_url("postgres://u:geheim@h/d").words();
    EXPECT_EQ(said, "database d at h:5432");
}

TEST(ConnectionString, QuotesEverything) {
    EXPECT_EQ(connection_string({{"password", "a b'c\\d"}, {"user", ""}}), R"(password='a b\'c\\d' user='')");
}

TEST(TlsMode, IsVerifyFullUnlessTheServerIsHere) {
    EXPECT_EQ(settle_sslmode(parse_url("postgres://u@db.example.org/d"), "auto", false), "verify-full");
    EXPECT_EQ(settle_sslmode(parse_url("postgres://u@127.0.0.1/d"), "auto", false), "prefer");
    EXPECT_EQ(settle_sslmode(parse_url("postgres:///d"), "auto", false), "prefer");
    EXPECT_EQ(settle_sslmode(parse_url("postgres://u@127.0.0.1/d?sslmode=disable"), "verify-full", false), "disable");
    EXPECT_EQ(settle_sslmode(parse_url("postgres://u@db.example.org/d?sslmode=require"), "auto", true), "require");
}

TEST(TlsMode, AWeakerOneToAnotherMachineNeedsTheKey) {
    for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
        try {
            settle_sslmode(parse_url("postgres://u:geheim@db.example.org/d?sslmode=" + std::string(mode)), "auto", false);
            ADD_FAILURE() << mode << " was not refused";
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("insecure: true"));
        }
    }
}

}  // namespace
}  // namespace cairn::storage_postgres
