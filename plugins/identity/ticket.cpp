#include <sodium.h>

#include <cstdlib>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/json.hpp>
#include <cairn/uuid.hpp>

#include "plugins/identity/ticket.hpp"

namespace cairn::identity {
namespace {

static_assert(crypto_auth_KEYBYTES == std::tuple_size_v<Key>);

constexpr std::string_view kForm = "c1.";
/// A payload is an id, a name of at most 50 code points and a time; nothing longer was made here.
constexpr std::size_t kMaxToken = 2048;

const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string to_base64(const unsigned char* data, std::size_t size) {
    std::string text(sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(text.data(), text.size(), data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    text.pop_back();  // the terminating zero that the length counts
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string data(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    const char* end = nullptr;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(data.data()), data.size(), text.data(), text.size(), nullptr,
                          &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        end != text.data() + text.size()) {
        return std::nullopt;
    }
    data.resize(size);
    return data;
}

}  // namespace

void describe(Fields<Ticket>& f) {
    f(&Ticket::id, "id", "who").required();
    f(&Ticket::name, "name", "under which name");
    f(&Ticket::issued, "issued", "when, in ms since 1970 UTC").required();
}

TicketSigner::TicketSigner(const Key& key) : key_(key) {
    if (sodium_init() < 0)
        throw Error(Code::internal, "libsodium does not start: the system gives it no random numbers");
}

TicketSigner::~TicketSigner() {
    sodium_memzero(key_.data(), key_.size());
}

std::string TicketSigner::seal(const Ticket& ticket) const {
    const std::string payload = to_json(ticket);
    std::string token(kForm);
    token += to_base64(bytes(payload), payload.size());
    unsigned char tag[crypto_auth_BYTES];
    crypto_auth(tag, bytes(token), token.size(), key_.data());
    token += '.';
    token += to_base64(tag, sizeof tag);
    return token;
}

std::optional<Ticket> TicketSigner::open(std::string_view token, WallTime now, Duration lifetime) const {
    if (token.size() > kMaxToken || !token.starts_with(kForm)) return std::nullopt;
    const std::size_t dot = token.rfind('.');
    if (dot < kForm.size()) return std::nullopt;
    const auto tag = from_base64(token.substr(dot + 1));
    if (!tag || tag->size() != crypto_auth_BYTES) return std::nullopt;
    const std::string_view signed_part = token.substr(0, dot);
    if (crypto_auth_verify(bytes(*tag), bytes(signed_part), signed_part.size(), key_.data()) != 0) return std::nullopt;

    const auto payload = from_base64(signed_part.substr(kForm.size()));
    if (!payload) return std::nullopt;
    try {
        Ticket ticket = from_json<Ticket>(*payload);
        if (!is_uuid(ticket.id)) return std::nullopt;
        // Signed here, but later than now: the clock was set back meanwhile, and who it was has not changed by that.
        if (std::abs(now - ticket.issued) > lifetime.count()) return std::nullopt;
        return ticket;
    } catch (const Error&) {
        return std::nullopt;  // signed by an older or newer version of this server, in another shape
    }
}

}  // namespace cairn::identity
