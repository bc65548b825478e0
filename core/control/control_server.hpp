#pragma once

#include <functional>
#include <memory>
#include <string>

#include <cairn/document.hpp>

namespace cairn::core {

/// The name of the socket in the data folder.
inline constexpr const char* kControlSocket = "cairn.sock";
/// The longest request, in bytes, with its line end.
inline constexpr std::size_t kMaxControlRequest = 64u << 10;

/// How commands on this machine talk to a running server: a Unix socket in its data folder, for its own user alone (mode
/// 0600, and the kernel says who connects). A request is one line of JSON, `{"request": NAME, …}`, and so is its answer,
/// `{"ok": true, "answer": …}` or `{"ok": false, "error": {"code", "message"}}`. A connection may ask again and again.
/// docs/control.md has the requests.
class ControlServer {
public:
    /// What answers one request; what it throws is the answer. On a thread of its connection, several at once. [any]
    using Handler = std::function<Document(const Document& request)>;

    /// Makes the socket; whatever lay there before goes. Throws Error(unavailable). REQUIRES: `data_dir` is held by this
    /// process. [control]
    explicit ControlServer(const std::string& data_dir);
    /// Stops.
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// `meaning` is for the request "help", which lists them. Before start(). [control]
    void on(const std::string& request, std::string meaning, Handler handler);
    void start();  ///< [control]
    /// Removes the socket, ends the connections, waits for handlers that run. [control]
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
