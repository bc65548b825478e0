#include "core/backup/state_hash.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

namespace cairn::core {
namespace {

using Sha256 = std::array<unsigned char, 32>;

void put_length(std::string& out, std::size_t length) {
    for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((length >> shift) & 0xFF));
}

void put_text(std::string& out, char kind, std::string_view text) {
    out.push_back(kind);
    put_length(out, text.size());
    out.append(text);
}

/// A whole number reads the same whether a store gives it as integer or as floating point.
void put_number(std::string& out, double value) {
    constexpr double kExact = 9007199254740992.0;
    if (std::trunc(value) == value && std::fabs(value) <= kExact) {
        put_text(out, 'i', std::to_string(static_cast<std::int64_t>(value)));
        return;
    }
    out.push_back('d');
    put_length(out, static_cast<std::size_t>(std::bit_cast<std::uint64_t>(value)));
}

void put_value(std::string& out, const Document& value) {
    switch (value.type()) {
        case Document::Type::null:
            out.push_back('n');
            return;
        case Document::Type::boolean:
            out.push_back(value.boolean_or(false) ? 't' : 'f');
            return;
        case Document::Type::integer:
            put_text(out, 'i', std::to_string(value.integer_or(0)));
            return;
        case Document::Type::number:
            put_number(out, value.number_or(0));
            return;
        case Document::Type::text:
            put_text(out, 's', value.text());
            return;
        case Document::Type::list:
            out.push_back('[');
            put_length(out, value.size());
            for (const Document& item : value.items()) put_value(out, item);
            return;
        case Document::Type::map:
            break;
    }
    std::vector<const Document::Member*> members;
    for (const Document::Member& member : value.members()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    out.push_back('{');
    put_length(out, members.size());
    for (const Document::Member* member : members) {
        put_text(out, 'k', member->key);
        put_value(out, member->value);
    }
}

std::string hex(const unsigned char* bytes, std::size_t count) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text.push_back(kDigits[bytes[i] >> 4]);
        text.push_back(kDigits[bytes[i] & 0xF]);
    }
    return text;
}

class Digest {
public:
    Digest() : context(EVP_MD_CTX_new()), kind(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
        if (context == nullptr || kind == nullptr) throw Error(Code::internal, "OpenSSL has no SHA-256");
    }
    ~Digest() {
        EVP_MD_free(kind);
        EVP_MD_CTX_free(context);
    }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void begin() { check(EVP_DigestInit_ex2(context, kind, nullptr)); }
    void take(const void* data, std::size_t size) { check(EVP_DigestUpdate(context, data, size)); }
    Sha256 end() {
        Sha256 out{};
        unsigned size = 0;
        check(EVP_DigestFinal_ex(context, out.data(), &size));
        return out;
    }
    static void check(int done) {
        if (done != 1) throw Error(Code::internal, "OpenSSL could not compute a SHA-256");
    }

private:
    EVP_MD_CTX* context;
    EVP_MD* kind;
};

}  // namespace

struct StateHash::Hasher : Digest {};

StateHash::StateHash() : hasher_(std::make_unique<Hasher>()) {}
StateHash::~StateHash() = default;

void StateHash::encode(std::string_view table, std::span<const std::string> columns, std::span<const Document> values) {
    // Stores list a table's columns in the order in which migrations made them, which may differ.
    std::vector<std::size_t> order(columns.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return columns[a] < columns[b]; });
    bytes_.clear();
    put_text(bytes_, 'T', table);
    for (const std::size_t index : order) {
        put_text(bytes_, 'c', columns[index]);
        put_value(bytes_, values[index]);
    }
}

void StateHash::add(std::string_view table, std::span<const std::string> columns, std::span<const Document> values) {
    encode(table, columns, values);
    hasher_->begin();
    hasher_->take(bytes_.data(), bytes_.size());
    const Sha256 row = hasher_->end();
    std::uint64_t carry = 0;
    for (std::size_t limb = 0; limb < sum_.size(); ++limb) {
        std::uint64_t part = 0;
        std::memcpy(&part, row.data() + limb * 8, 8);
        const std::uint64_t with_carry = part + carry;
        const std::uint64_t overflowed = with_carry < carry ? 1 : 0;
        sum_[limb] += with_carry;
        carry = overflowed + (sum_[limb] < with_carry ? 1 : 0);
    }
    const auto found = rows_.find(table);
    if (found != rows_.end())
        ++found->second;
    else
        rows_.emplace(table, 1);
}

std::string StateHash::text() const {
    Sha256 bytes{};
    std::memcpy(bytes.data(), sum_.data(), bytes.size());
    return "rows-sha256:" + hex(bytes.data(), bytes.size());
}

StateFacts read_state(services::Store& store) {
    StateHash hash;
    StateFacts facts;
    facts.watermark = store
                          .snapshot([&](std::string_view table, std::span<const std::string> columns,
                                        std::span<const Document> values) { hash.add(table, columns, values); })
                          .seq;
    facts.hash = hash.text();
    facts.rows = hash.rows();
    return facts;
}

std::string file_sha256(const std::string& path) {
    struct File {
        explicit File(const std::string& name) : fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {}
        ~File() {
            if (fd >= 0) ::close(fd);
        }
        File(const File&) = delete;
        File& operator=(const File&) = delete;
        int fd;
    };
    const File file(path);
    if (file.fd < 0) throw Error(Code::unavailable, path + " cannot be opened: " + std::strerror(errno));
    Digest digest;
    digest.begin();
    std::vector<char> buffer(1u << 20);
    for (;;) {
        const ssize_t got = ::read(file.fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw Error(Code::unavailable, path + " cannot be read: " + std::strerror(errno));
        if (got == 0) break;
        digest.take(buffer.data(), static_cast<std::size_t>(got));
    }
    const Sha256 sum = digest.end();
    return hex(sum.data(), sum.size());
}

}  // namespace cairn::core
