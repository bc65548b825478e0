#include "plugins/chat/chat_room.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/text.hpp>
#include <cairn/uuid.hpp>

namespace cairn::chat {
namespace {

constexpr Duration kPurgeEvery{600'000};
constexpr std::size_t kMaxWaiting = 256;

Error not_saved() {
    return Error(Code::unavailable, "this cannot be saved at the moment, so nobody has seen it; try again")
        .retry_after(Duration(1000));
}

Error not_there() {
    return Error(Code::not_found, "there is no such message in this space").at("d.id");
}

/// What a request is answered with; kept with the operation id for those who ask again.
std::string id_answer(const std::string& id) {
    return Document{{"id", id}}.to_json();
}

/// The id that rows of this space refer to. Where no plugin gives spaces an id, their name is one.
std::string space_id_of(const Space& space) {
    const std::string_view id = space.settings()["id"].text();
    return std::string(id.empty() ? std::string_view(space.id()) : id);
}

}  // namespace

ChatRoom::ChatRoom(Space& space, const Config& config, Table<MessageRow> table, const Collection& kept)
    : space_(space), config_(config), table_(table), kept_(kept), space_id_(space_id_of(space)) {
    space_
        .on<Send>("chat.send",
                  [this](Player& from, const Send& wish, Reply reply) { send(from, wish, std::move(reply)); })
        .limit(config_.limits.send)
        .meaning("says something; answered with its id once it is on disk, then `chat.message` to all");
    space_
        .on<History>("chat.history",
                     [this](Player&, const History& wish, Reply reply) { history(wish, std::move(reply)); })
        .limit(config_.limits.history)
        .meaning("what was said before, oldest first: {messages}");
    space_
        .on<Edit>("chat.edit",
                  [this](Player& from, const Edit& wish, Reply reply) {
                      check_text(wish.message);
                      enqueue({wish.id, from.n(), from.id(), false, wish.message,
                               std::make_shared<Reply>(std::move(reply)), wish.op.value_or("")});
                  })
        .limit(config_.limits.edit)
        .meaning("changes a message of one's own: `chat.edited` to all");
    space_
        .on<Delete>("chat.delete",
                    [this](Player& from, const Delete& wish, Reply reply) {
                        const bool moderator = from.has_role("moderator") || from.has_role("admin");
                        enqueue({wish.id,
                                 from.n(),
                                 from.id(),
                                 moderator,
                                 {},
                                 std::make_shared<Reply>(std::move(reply)),
                                 wish.op.value_or("")});
                    })
        .limit(config_.limits.edit)
        .meaning("takes back a message of one's own, or as a moderator anybody's: `chat.deleted` to all");

    space_.on_state("chat", [this](Player&) {
        StateSection section;
        section.count = lines_.size();
        // Lines come and go while a state is being sent; their times and ids say which is the next one.
        section.next = [this, last = std::pair<WallTime, std::string>(-1, "")](JsonWriter& out) mutable {
            const auto line = std::find_if(lines_.begin(), lines_.end(), [&last](const MessageRow& row) {
                return std::tie(row.created_at, row.id) > std::tie(last.first, last.second);
            });
            if (line == lines_.end()) return false;
            last = {line->created_at, line->id};
            write_open(out, *line);
            out.end_object();
            return true;
        };
        return section;
    });

    auto hold = space_.hold("the last messages");
    space_.storage().load<MessageRow>({std::string(kSelectNewest), {space_id_, config_.history}},
                                      [this, hold](Result<std::vector<MessageRow>> rows) {
                                          if (!rows) return hold->fail(rows.error());
                                          for (MessageRow& row : rows.value()) lines_.push_front(std::move(row));
                                          // One later: the counter of that millisecond is not known any more.
                                          if (!lines_.empty()) last_at_ = lines_.back().created_at + 1;
                                      });
    if (config_.purge_deleted_after.count() > 0) space_.every(kPurgeEvery, [this] { purge(); });
}

void ChatRoom::check_text(const std::string& text) const {
    const std::size_t length = code_points(text).value_or(text.size());
    if (length > static_cast<std::size_t>(config_.max_length)) {
        throw Error(Code::too_large, "a message has at most " + std::to_string(config_.max_length) +
                                         " characters; this one has " + std::to_string(length))
            .at("d.message");
    }
    // Nothing to see: spaces of all kinds, and what has no width.
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        const bool blank = c == U' ' || c == 0xA0 || c == 0xAD || c == 0x1680 || c == 0x180E ||
                           (c >= 0x2000 && c <= 0x200F) || c == 0x202F || (c >= 0x205F && c <= 0x2064) || c == 0x2800 ||
                           c == 0x3000 || c == 0x3164 || c == 0xFEFF;
        if (!blank) return;
    }
    throw Error(Code::invalid_field, "a message is not only spaces").at("d.message");
}

// ---- saying -------------------------------------------------------------------------------------------------------

void ChatRoom::send(Player& from, const Send& wish, Reply reply) {
    check_text(wish.message);
    MessageRow row;
    // Times of a space never go back, and ids sort by time and order: so pages of history neither skip nor repeat.
    const WallTime now = std::max(space_.clock().wall(), last_at_);
    counter_ = now == last_at_ ? static_cast<std::uint16_t>(counter_ + 1) : std::uint16_t{0};
    last_at_ = counter_ > 4095 ? now + 1 : now;
    if (counter_ > 4095) counter_ = 0;
    row.created_at = last_at_;
    row.id = new_uuid_at(row.created_at, counter_);
    row.space_id = space_id_;
    row.user_id = from.id();
    row.username = from.name();
    row.message = wish.message;
    if (wish.attachment) {
        row.message_type = wish.attachment->type.starts_with("image/") ? "image" : "file";
        row.attachment_url = wish.attachment->url;
        if (!wish.attachment->type.empty()) row.attachment_type = wish.attachment->type;
        if (wish.attachment->size > 0) row.attachment_size_bytes = wish.attachment->size;
    }
    Commit commit;
    commit.by(from.id()).of(kept_);
    if (wish.op) commit.operation(*wish.op).answer(id_answer(row.id));
    table_.put(commit, row);
    auto shared = std::make_shared<Reply>(std::move(reply));
    space_.storage().commit(std::move(commit),
                            [this, row = std::move(row), n = from.n(), shared](Result<Committed> result) {
                                if (!result) return shared->refuse(not_saved());
                                // Said once already: everybody has heard it then.
                                if (result.value().repeated) return shared->ok_json(result.value().answer);
                                said(row, n, shared);
                            });
}

void ChatRoom::said(const MessageRow& row, std::uint32_t n, const SharedReply& reply) {
    lines_.push_back(row);
    while (lines_.size() > static_cast<std::size_t>(config_.history)) lines_.pop_front();
    reply->ok({{"id", row.id}});
    scratch_.clear();
    JsonWriter out(scratch_);
    write_open(out, row);
    out.key("n").integer(n).end_object();
    space_.broadcast_json("chat.message", scratch_);
}

// ---- looking back -------------------------------------------------------------------------------------------------

void ChatRoom::history(const History& wish, Reply reply) {
    auto shared = std::make_shared<Reply>(std::move(reply));
    constexpr WallTime kEndOfTime = 9'000'000'000'000'000;
    if (wish.before.is_null()) return history_before(kEndOfTime, {}, wish.limit, shared);
    if (wish.before.is_integer()) return history_before(wish.before.integer_or(0), {}, wish.limit, shared);
    std::string id(wish.before.text());
    if (const MessageRow* row = recent(id)) return history_before(row->created_at, id, wish.limit, shared);
    space_.storage().load<MessageRow>({std::string(kSelectOne), {space_id_, id}},
                                      [this, id, limit = wish.limit, shared](Result<std::vector<MessageRow>> rows) {
                                          if (!rows)
                                              return shared->refuse(Error(Code::unavailable,
                                                                          "the history cannot be "
                                                                          "read at the moment"));
                                          if (rows.value().empty()) return shared->refuse(not_there().at("d.before"));
                                          history_before(rows.value().front().created_at, id, limit, shared);
                                      });
}

void ChatRoom::history_before(WallTime at, const std::string& id, std::int64_t limit, const SharedReply& reply) {
    space_.storage().load<MessageRow>(
        {std::string(kSelectBefore), {space_id_, at, id, limit}}, [reply](Result<std::vector<MessageRow>> rows) {
            if (!rows) return reply->refuse(Error(Code::unavailable, "the history cannot be read at the moment"));
            std::string json;
            JsonWriter out(json);
            out.begin_object().key("messages").begin_array();
            for (auto row = rows.value().rbegin(); row != rows.value().rend(); ++row) {
                write_open(out, *row);
                out.end_object();
            }
            out.end_array().end_object();
            reply->ok_json(json);
        });
}

MessageRow* ChatRoom::recent(std::string_view id) {
    const auto found =
        std::find_if(lines_.rbegin(), lines_.rend(), [id](const MessageRow& row) { return row.id == id; });
    return found == lines_.rend() ? nullptr : &*found;
}

// ---- changing -----------------------------------------------------------------------------------------------------

void ChatRoom::enqueue(Change change) {
    if (changes_.size() >= kMaxWaiting) {
        throw Error(Code::unavailable, "too many changes wait in this space; try again").retry_after(Duration(1000));
    }
    changes_.push_back(std::move(change));
    if (changes_.size() == 1) next_change();
}

void ChatRoom::next_change() {
    const Change& change = changes_.front();
    if (const MessageRow* row = recent(change.id)) return apply(*row);
    space_.storage().load<MessageRow>({std::string(kSelectOne), {space_id_, change.id}},
                                      [this](Result<std::vector<MessageRow>> rows) {
                                          if (!rows) return finish(not_saved());
                                          if (rows.value().empty()) return finish(not_there());
                                          apply(std::move(rows.value().front()));
                                      });
}

void ChatRoom::apply(MessageRow row) {
    const Change& change = changes_.front();
    const bool deletes = change.text.empty();
    const bool own = row.user_id == change.player;
    if (row.deleted_at) {
        // The same deletion again, after a lost connection, is no error.
        if (deletes && (own || change.moderator)) change.reply->ok({{"id", row.id}});
        return finish(not_there());
    }
    if (!own && !(deletes && change.moderator)) {
        return finish(Error(Code::forbidden, deletes ? "only its author and moderators delete a message"
                                                     : "only its author changes a message"));
    }
    if (deletes) {
        row.deleted_at = space_.clock().wall();
        if (!own) row.moderated_by = change.player;
    } else {
        row.message = change.text;
        row.edited_at = space_.clock().wall();
    }
    Commit commit;
    commit.by(change.player).of(kept_);
    if (!change.operation.empty()) commit.operation(change.operation).answer(id_answer(row.id));
    table_.put(commit, row);
    space_.storage().commit(std::move(commit), [this, row = std::move(row)](Result<Committed> result) {
        if (!result) return finish(not_saved());
        if (result.value().repeated) {
            changes_.front().reply->ok_json(result.value().answer);
            return finish(not_there());
        }
        changed(row);
    });
}

void ChatRoom::changed(const MessageRow& row) {
    const Change& change = changes_.front();
    change.reply->ok({{"id", row.id}});
    const auto line =
        std::find_if(lines_.begin(), lines_.end(), [&row](const MessageRow& one) { return one.id == row.id; });
    if (row.deleted_at) {
        if (line != lines_.end()) lines_.erase(line);
        space_.broadcast("chat.deleted", {{"id", row.id}, {"n", change.n}, {"by", change.player}});
    } else {
        if (line != lines_.end()) *line = row;
        space_.broadcast("chat.edited", {{"id", row.id}, {"message", row.message}, {"edited_at", *row.edited_at}});
    }
    finish(not_there());
}

/// Ends the change at the front; one that is not answered yet gets `refusal`.
void ChatRoom::finish(const Error& refusal) {
    const SharedReply reply = changes_.front().reply;
    changes_.pop_front();
    if (!reply->answered()) reply->refuse(refusal);
    if (!changes_.empty()) next_change();
}

/// Takes out of the database what was deleted long ago (P196).
void ChatRoom::purge() {
    space_.storage().load<MessageRow>(
        {std::string(kSelectDeleted), {space_id_, space_.clock().wall() - config_.purge_deleted_after.count()}},
        [this](Result<std::vector<MessageRow>> rows) {
            if (!rows || rows.value().empty()) return;
            Commit commit;
            commit.of(kept_);
            for (const MessageRow& row : rows.value()) table_.erase(commit, row);
            space_.storage().commit(std::move(commit));
        });
}

}  // namespace cairn::chat
