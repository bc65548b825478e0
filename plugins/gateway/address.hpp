#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace cairn::gateway {

/// An IPv4 or IPv6 address without port, small enough to be a key. IPv4 stands as ::ffff:a.b.c.d, so that a
/// dual-stack socket and an IPv4 socket name the same peer alike.
class IpAddress {
public:
    IpAddress() noexcept = default;
    static IpAddress from(const sockaddr& address) noexcept;
    /// Accepts "127.0.0.1", "::1" and "[::1]"; nothing else.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const noexcept;
    bool is_loopback() const noexcept;
    std::string to_string() const;
    /// What limits count by: an IPv4 address, or the /64 of an IPv6 address, for a single home holds a whole /64.
    IpAddress household() const noexcept;

    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

struct IpAddressHash {
    std::size_t operator()(const IpAddress& address) const noexcept;
};

/// Networks written as "10.0.0.0/8", "fd00::/8" or a single address. [any] once built.
class NetworkSet {
public:
    NetworkSet() = default;
    /// Throws Error(invalid_field) that names the entry and the accepted forms.
    explicit NetworkSet(const std::vector<std::string>& networks);
    bool contains(const IpAddress& address) const noexcept;
    bool empty() const noexcept { return networks_.empty(); }
    /// Empty text, or why `network` is not one and what is.
    static std::string complaint(const std::string& network);

private:
    struct Network {
        IpAddress base;
        unsigned bits = 128;
    };
    static std::optional<Network> parse(std::string_view text);
    std::vector<Network> networks_;
};

/// "127.0.0.1:8080", "[::1]:8080", "localhost:8080" or "0.0.0.0:0" taken apart.
struct ListenAddress {
    std::string host;  ///< without brackets
    std::uint16_t port = 0;

    static std::optional<ListenAddress> parse(std::string_view text);
    /// Empty text, or what is wrong with `text` and the accepted forms.
    static std::string complaint(const std::string& text);
    /// host:port with brackets where they are needed.
    std::string to_string() const;
};

}  // namespace cairn::gateway
