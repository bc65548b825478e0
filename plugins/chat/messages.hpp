#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>
#include <cairn/values.hpp>

/// What players send. Shapes are fixed by docs/protocol.md.
namespace cairn::chat {

struct Attachment {
    std::string url;
    std::string type;
    std::int64_t size = 0;
};
void describe(Fields<Attachment>& f);

struct Send {
    std::string message;
    std::string channel = "space";
    std::optional<Attachment> attachment;
    std::optional<std::string> op;
};
void describe(Fields<Send>& f);

struct History {
    Document before;  ///< a message id, or a time in ms; nothing: from the newest
    std::int64_t limit = 50;
};
void describe(Fields<History>& f);

struct Edit {
    std::string id;
    std::string message;
    std::optional<std::string> op;
};
void describe(Fields<Edit>& f);

struct Delete {
    std::string id;
    std::optional<std::string> op;
};
void describe(Fields<Delete>& f);

struct Limits {
    Rate send{30, Duration(60'000)};  ///< P193
    Rate edit{30, Duration(60'000)};
    Rate history{30, Duration(10'000)};
};
void describe(Fields<Limits>& f);

struct Config {
    std::int64_t max_length = 500;                         ///< P192; C15
    std::int64_t history = 100;                            ///< P191
    Duration purge_deleted_after{7LL * 24 * 3600 * 1000};  ///< P196
    Limits limits;
};
void describe(Fields<Config>& f);

}  // namespace cairn::chat
