#include "core/spaces/core_messages.hpp"

namespace cairn::core {

void describe(Fields<ResumeClaim>& f) {
    f(&ResumeClaim::token, "token", "the resume token of an earlier welcome").required().max_length(2048);
    f(&ResumeClaim::last, "last", "the number of the last event seen").between(0, 9007199254740991.0);
}

void describe(Fields<HelloMessage>& f) {
    f(&HelloMessage::client, "client", "name and version of the client program")
        .max_length(100)
        .matching(Pattern::line);
    f(&HelloMessage::name, "name", "the name he would like to have").max_length(100).matching(Pattern::line);
    f(&HelloMessage::token, "token", "an access token").max_length(2048);
    f(&HelloMessage::space, "space", "a space to join at once").max_length(100).matching(Pattern::line);
    f(&HelloMessage::resume, "resume", "who he was before the connection was lost");
}

void describe(Fields<JoinMessage>& f) {
    f(&JoinMessage::space, "space", "the space to go to, empty: the default one; the present one is left")
        .required()
        .max_length(100)
        .matching(Pattern::line);
}

void describe(Fields<LeaveMessage>& /*no fields*/) {}

void describe(Fields<PingMessage>& f) {
    f(&PingMessage::ts, "ts", "the client's own time, sent back as it came");
}

}  // namespace cairn::core
