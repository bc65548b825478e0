#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/http.hpp>

#include <plugins/gateway/http_body.hpp>
#include <plugins/gateway/http_head.hpp>
#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/static_files.hpp>

namespace cairn::gateway {

/// What an HttpExchange needs from the connection that it speaks on. [loop]
class HttpOutlet {
public:
    virtual ~HttpOutlet() = default;
    /// Appends to the output.
    virtual void send(std::string bytes) = 0;
    /// Runs a handler in the general lane; its answer comes back by HttpExchange::answered().
    virtual void run_route(const HttpRoute& route, std::shared_ptr<HttpRequest> request) = 0;
    /// Opens a file in the files lane; comes back by answered().
    virtual void run_file(const HttpFiles& files, FileRequest request) = 0;
    /// Reads the next piece of a file in the files lane; comes back by more().
    virtual void run_chunk(std::shared_ptr<OpenFile> file) = 0;
    /// The peer's address as far as it is trusted, for this head.
    virtual std::string remote(const RequestHead& head) const = 0;
    /// Milliseconds since 1970 UTC.
    virtual WallTime wall() const = 0;
};

/// The requests of one connection, one after the other: head, body, route or file, answer. Knows no socket. [loop]
class HttpExchange {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class Stage : unsigned char {
        head,       ///< waits for a request, or reads its head
        body,       ///< reads a body
        working,    ///< a lane works on the answer
        answering,  ///< the answer is being written
        upgrade,    ///< the head asks for a WebSocket; the connection takes over
        finished,   ///< nothing more: close after the output
    };

    HttpExchange(const Rules& rules, const HttpRoutes& routes, Tallies& tallies, HttpOutlet& outlet, TimePoint now);

    /// Takes bytes while a head or body is wanted; says how many.
    std::size_t feed(std::string_view bytes, TimePoint now);
    bool wants_input() const noexcept { return stage_ == Stage::head || stage_ == Stage::body; }
    Stage stage() const noexcept { return stage_; }
    /// No whole head of a request is there.
    bool half_open() const noexcept { return stage_ == Stage::head; }

    /// The answer of run_route() or run_file().
    void answered(FileAnswer answer);
    /// The piece of run_chunk().
    void more(std::string bytes);
    /// Everything sent so far has left. May send more or go on to the next request.
    void output_drained(TimePoint now);

    /// Answers instead of what would have come, and ends the connection after it.
    void refuse(int status, std::string_view message);
    const RequestHead& head() const noexcept { return head_; }

    /// True when the client is too slow: what there was to say has been said, the connection is finished.
    bool check_time(TimePoint now);

private:
    void head_complete(TimePoint now);
    void choose_route();
    void choose_files();
    void dispatch();
    void send_answer(const HttpResponse& answer, std::uint64_t length, std::string body);
    void answer_here(HttpResponse answer);

    const Rules& rules_;
    const HttpRoutes& routes_;
    Tallies& tallies_;
    HttpOutlet& outlet_;
    Stage stage_ = Stage::head;
    bool keep_alive_ = true;
    bool first_ = true;
    bool fetching_ = false;  ///< a piece of the file is on its way
    std::uint32_t requests_ = 0;
    TimePoint since_;  ///< when this stage began (for a head: its first byte, or the connect)
    HeadReader head_reader_;
    std::optional<BodyReader> body_reader_;
    RequestHead head_;
    const HttpRoute* route_ = nullptr;
    const HttpFiles* files_ = nullptr;
    std::vector<std::pair<std::string, std::string>> captures_;
    std::shared_ptr<OpenFile> rest_;
};

}  // namespace cairn::gateway
