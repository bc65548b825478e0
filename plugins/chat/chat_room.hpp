#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/space.hpp>

#include "plugins/chat/message_row.hpp"
#include "plugins/chat/messages.hpp"

namespace cairn::chat {

/// The chat of one space: what is said is on disk before anybody hears it, the last of it is sent to those who come in.
///
/// Edits and deletions of a space go one after the other: each reads the message as the one before has left it. All
/// calls [space].
class ChatRoom final : public Behaviour {
public:
    ChatRoom(Space& space, const Config& config, Table<MessageRow> table, const Collection& kept);

private:
    using Lines = std::deque<MessageRow>;
    /// One edit or deletion waiting for its turn.
    struct Change {
        std::string id;
        std::uint32_t n = 0;
        std::string player;
        bool moderator = false;
        std::string text;  ///< empty: delete
        SharedReply reply;
        std::string operation;  ///< the client's id of this request; empty: none
    };

    void send(Player& from, const Send& wish, Reply reply);
    void said(const MessageRow& row, std::uint32_t n, const SharedReply& reply);
    void history(const History& wish, Reply reply);
    void history_before(WallTime at, const std::string& id, std::int64_t limit, const SharedReply& reply);
    void enqueue(Change change);
    void next_change();
    void apply(MessageRow row);
    void changed(const MessageRow& row);
    void finish(const Error& refusal);
    void purge();
    void check_text(const std::string& text) const;
    MessageRow* recent(std::string_view id);

    Space& space_;
    const Config config_;
    const Table<MessageRow> table_;
    const Collection& kept_;
    const std::string space_id_;
    Lines lines_;  ///< the last config.history, oldest first, none deleted
    WallTime last_at_ = 0;
    std::uint16_t counter_ = 0;
    std::deque<Change> changes_;  ///< the first one is on its way
    std::string scratch_;
};

}  // namespace cairn::chat
