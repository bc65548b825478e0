#pragma once

#include <cairn/plugin.hpp>

#include "plugins/chat/message_row.hpp"

namespace cairn::chat {

/// The messages of a space, oldest first, without what was deleted, for `cairn export` and `cairn import` (P300, P301):
/// {id, userId?, username?, message, timestamp, …}, as the servers of the sources kept them; `chatHistory` in their
/// maps. An id that is no UUID becomes one that is always the same for the same space and id, so that a file imported
/// twice gives the same messages.
ExchangeSection messages_section(Table<MessageRow> table);

}  // namespace cairn::chat
