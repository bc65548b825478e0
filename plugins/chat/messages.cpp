#include "plugins/chat/messages.hpp"

namespace cairn::chat {
namespace {

constexpr double kMaxLength = 8000;
constexpr std::size_t kMaxOperation = 128;

/// A member of every request that changes something.
template <class T>
void describe_operation(Fields<T>& f) {
    f(&T::op, "op",
      "the client's own id of this request: sent again with it, it is not done again, only answered again")
        .length(1, kMaxOperation)
        .matching(Pattern::line)
        .check([](const std::optional<std::string>& op) {
            return op && op->size() > kMaxOperation ? std::string("must be at most 128 bytes") : std::string();
        });
}

}  // namespace

void describe(Fields<Attachment>& f) {
    f(&Attachment::url, "url", "where it lies").length(1, 2048).matching(Pattern::url).required();
    f(&Attachment::type, "type", "its media type, for example image/png").max_length(50).matching(Pattern::line);
    f(&Attachment::size, "size", "bytes").at_least(0);
}

void describe(Fields<Send>& f) {
    f(&Send::message, "message", "one line; as long as plugins.chat.max_length allows (500)")
        .length(1, static_cast<std::size_t>(kMaxLength))
        .matching(Pattern::line)
        .required();
    f(&Send::channel, "channel", "who hears it: everybody in the space").one_of({"space"});
    f(&Send::attachment, "attachment", "something that lies elsewhere");
    describe_operation(f);
}

void describe(Fields<History>& f) {
    f(&History::before, "before", "the id of a message, or a time in ms; without it from the newest")
        .check([](const Document& before) -> std::string {
            const bool fine =
                before.is_null() || before.is_integer() || (before.is_text() && before.text().size() <= 64);
            return fine ? "" : "must be the id of a message or a time in ms";
        });
    f(&History::limit, "limit", "messages at most").between(1, 200);
}

void describe(Fields<Edit>& f) {
    f(&Edit::id, "id", "which message").length(1, 64).required();
    f(&Edit::message, "message", "its new text")
        .length(1, static_cast<std::size_t>(kMaxLength))
        .matching(Pattern::line)
        .required();
    describe_operation(f);
}

void describe(Fields<Delete>& f) {
    f(&Delete::id, "id", "which message").length(1, 64).required();
    describe_operation(f);
}

void describe(Fields<Limits>& f) {
    f(&Limits::send, "send", "chat.send per player").example("30/60s");
    f(&Limits::edit, "edit", "chat.edit and chat.delete per player, each").example("30/60s");
    f(&Limits::history, "history", "chat.history per player").example("30/10s");
}

void describe(Fields<Config>& f) {
    f(&Config::max_length, "max_length", "characters of a message at most").between(1, kMaxLength);
    f(&Config::history, "history", "messages that somebody sees who comes in").between(0, 1000);
    f(&Config::purge_deleted_after, "purge_deleted_after",
      "how long deleted messages stay in the database for moderators; 0s: for ever")
        .between(Duration(0), Duration(3650LL * 24 * 3600 * 1000))
        .example("7d");
    f(&Config::limits, "limits", "how often one player may do what");
}

}  // namespace cairn::chat
