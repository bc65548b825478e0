#include <plugins/gateway/address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <cairn/error.hpp>

namespace cairn::gateway {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return number;
}

}  // namespace

IpAddress IpAddress::from(const sockaddr& address) noexcept {
    IpAddress made;
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), made.bytes_.begin());
        std::memcpy(made.bytes_.data() + 12, &v4.sin_addr, 4);
    } else if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        std::memcpy(made.bytes_.data(), &v6.sin6_addr, 16);
    }
    return made;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
        if (text.find(':') == std::string_view::npos) return std::nullopt;
    }
    if (text.size() > 45) return std::nullopt;
    const std::string copy(text);
    IpAddress made;
    if (inet_pton(AF_INET, copy.c_str(), made.bytes_.data() + 12) == 1) {
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), made.bytes_.begin());
        return made;
    }
    if (inet_pton(AF_INET6, copy.c_str(), made.bytes_.data()) == 1) return made;
    return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const noexcept {
    if (is_v4()) return bytes_[12] == 127;
    return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
           bytes_[15] == 1;
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_v4())
        inet_ntop(AF_INET, bytes_.data() + 12, text.data(), text.size());
    else
        inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    return text.data();
}

IpAddress IpAddress::household() const noexcept {
    IpAddress made = *this;
    if (!is_v4()) std::fill(made.bytes_.begin() + 8, made.bytes_.end(), std::uint8_t{0});
    return made;
}

std::size_t IpAddressHash::operator()(const IpAddress& address) const noexcept {
    return std::hash<std::string_view>()(
        std::string_view(reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()));
}

std::optional<NetworkSet::Network> NetworkSet::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto base = IpAddress::parse(text.substr(0, slash));
    if (!base) return std::nullopt;
    if (slash == std::string_view::npos) return Network{*base, 128};
    const auto bits = whole_number<unsigned>(text.substr(slash + 1));
    const unsigned most = base->is_v4() ? 32 : 128;
    if (!bits || *bits > most) return std::nullopt;
    return Network{*base, *bits + (base->is_v4() ? 96 : 0)};
}

NetworkSet::NetworkSet(const std::vector<std::string>& networks) {
    for (const std::string& text : networks) {
        const auto network = parse(text);
        if (!network) throw Error(Code::invalid_field, complaint(text));
        networks_.push_back(*network);
    }
}

std::string NetworkSet::complaint(const std::string& network) {
    if (parse(network)) return {};
    return "'" + network + "' is no network: write 10.0.0.0/8, fd00::/8, or a single address such as 192.0.2.7";
}

bool NetworkSet::contains(const IpAddress& address) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
        const std::size_t whole = network.bits / 8;
        const unsigned rest = network.bits % 8;
        if (!std::equal(network.base.bytes().begin(), network.base.bytes().begin() + static_cast<std::ptrdiff_t>(whole),
                        address.bytes().begin()))
            return false;
        if (rest == 0) return true;
        const auto mask = static_cast<std::uint8_t>(0xff00u >> rest);
        return (network.base.bytes()[whole] & mask) == (address.bytes()[whole] & mask);
    });
}

std::optional<ListenAddress> ListenAddress::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
    if (!port) return std::nullopt;
    if (host.front() == '[') {
        if (host.back() != ']' || !IpAddress::parse(host)) return std::nullopt;
        host = host.substr(1, host.size() - 2);
    } else {
        const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
        });
        if (!plain || host.size() > 253) return std::nullopt;
    }
    return ListenAddress{std::string(host), *port};
}

std::string ListenAddress::complaint(const std::string& text) {
    if (parse(text)) return {};
    return "'" + text +
           "' is no address to listen on: write 127.0.0.1:8080, [::1]:8080, localhost:8080, or 0.0.0.0:8080 "
           "for every interface; port 0 lets the system choose one";
}

std::string ListenAddress::to_string() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace cairn::gateway
