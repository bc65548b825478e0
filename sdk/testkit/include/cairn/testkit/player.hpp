#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/task.hpp>

#include <cairn/testkit/export.hpp>
#include <cairn/testkit/failure.hpp>

namespace cairn::testkit {

class Host;

/// Something that the host told a player without being asked.
struct Event {
    std::string type;
    Document d;
    std::int64_t s = 0;  ///< its number in the space; 0: it has none
};

/// A request whose answer may come later: what Player::begin gave.
class CAIRN_TESTKIT_API Request {
public:
    Request() = default;
    /// True once the answer has arrived. Runs nothing.
    bool answered() const noexcept;
    /// "ok", the code of the refusal, or "none" while there is no answer.
    std::string code() const;
    /// The answer. Throws Failure while there is none.
    Result<Document> result() const;

private:
    friend class Player;
    struct State;
    std::shared_ptr<State> state_;
};

/// Somebody who is connected, as a client sees the host: every call speaks the wire protocol through a real session.
/// Cheap to copy, all copies are the same player; outlives neither his Host nor needs to be ended.
///
/// Calls that ask something first do everything that is due (Host::run), so nothing ever waits.
class CAIRN_TESTKIT_API Player {
public:
    /// A player of no host; only to be assigned to.
    Player() = default;

    /// Who he is: minted by the host, the same after resume().
    std::string id() const;
    std::string name() const;
    /// His number in the space; 0: he is in none.
    std::uint32_t n() const;
    /// The space he is in; empty: none.
    std::string space() const;

    /// Sends a request and does everything that follows. Throws Failure when it is refused: say what you expect with ask.
    void say(std::string_view type, const Document& d = Document::map()) const;
    /// Sends a request, does everything that follows and gives the answer. Throws Failure when none has come, which
    /// happens while the store is held or a handler answers after some time: begin() is for that.
    Result<Document> ask(std::string_view type, const Document& d = Document::map()) const;
    /// Hands a request in and does nothing else.
    Request begin(std::string_view type, const Document& d = Document::map()) const;
    /// The same with a body that is JSON text already, well formed or not.
    Request begin_json(std::string_view type, std::string_view d_json) const;
    /// Hands in bytes as they are, valid or not, and does everything that follows.
    void raw(std::string_view message) const;

    /// The `d` of the newest event of that type that he heard. Throws Failure that lists what he heard when there is
    /// none.
    Document received(std::string_view type) const;
    /// The `d` of every event of that type, oldest first.
    std::vector<Document> all(std::string_view type) const;
    std::size_t count(std::string_view type) const { return all(type).size(); }
    /// Everything he heard, oldest first.
    std::vector<Event> events() const;
    /// Forgets what he has heard so far.
    void forget() const;
    /// The items of the section `name` of the space.state that he got when he came in.
    std::vector<Document> state(std::string_view name) const;

    /// Goes to another space. Throws Failure when he is not let in.
    void enter(std::string_view space) const;
    /// As enter(), with the refusal as the answer.
    Result<Document> try_enter(std::string_view space) const;
    /// Leaves the space; the connection stays.
    void leave() const;
    /// The connection breaks, without a word.
    void drop() const;
    /// Comes back on a new connection as whom he was, into the space he was in last. What he heard before stays in
    /// events(). Throws Failure when the host does not know him any more.
    void resume() const;
    bool connected() const;
    /// Why the host closed the connection; 0: it did not.
    std::uint16_t close_code() const;
    std::string close_reason() const;
    /// His network takes `bytes` more and then hangs, until read_all().
    void read_only(std::size_t bytes) const;
    void read_all() const;

private:
    friend class Host;
    struct State;
    explicit Player(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    State& state() const;
    std::shared_ptr<State> state_;
};

}  // namespace cairn::testkit
