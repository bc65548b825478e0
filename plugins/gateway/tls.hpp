#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cairn::gateway {

/// Certificate, key and the rules of TLS: 1.2 or newer, no renegotiation, by Poco::Net::Context. [any] once made.
class TlsContext {
public:
    /// Throws Error(invalid_field) that names the file and the cure.
    TlsContext(const std::string& cert, const std::string& key);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

private:
    friend class TlsChannel;
    struct State;
    std::unique_ptr<State> state_;
};

/// The server's side of one TLS connection without a socket: bytes of the wire in and out, plain bytes in and out.
/// Nothing blocks; the handshake goes on as bytes come. [loop]
class TlsChannel {
public:
    enum class Status : unsigned char { data, need_more, closed, failed };

    explicit TlsChannel(TlsContext& context);
    ~TlsChannel();
    TlsChannel(const TlsChannel&) = delete;
    TlsChannel& operator=(const TlsChannel&) = delete;

    /// Bytes from the wire.
    void feed(std::string_view wire);
    /// Plain bytes, `size` of them when the status is `data`.
    Status read(std::span<char> into, std::size_t& size);
    /// Encrypts all of `plain`. False: the connection is broken.
    bool write(std::string_view plain);
    /// Says close_notify.
    void shut();
    /// Bytes for the wire, valid until the next call of anything else.
    std::string_view output() const noexcept;
    void consumed(std::size_t bytes) noexcept;
    bool established() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::gateway
