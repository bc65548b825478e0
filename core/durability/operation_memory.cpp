#include "core/durability/operation_memory.hpp"

#include <bit>
#include <cstring>
#include <iterator>
#include <random>
#include <utility>

namespace cairn::core {
namespace {

/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein): short inputs fast, unpredictable without the key.
class SipHash {
public:
    SipHash(std::uint64_t key0, std::uint64_t key1) noexcept
        : v0_(key0 ^ 0x736f6d6570736575U),
          v1_(key1 ^ 0x646f72616e646f6dU ^ 0xeeU),
          v2_(key0 ^ 0x6c7967656e657261U),
          v3_(key1 ^ 0x7465646279746573U) {}

    void add(std::string_view text) noexcept {
        for (const char c : text) {
            word_ |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * (length_ % 8));
            if (++length_ % 8 == 0) absorb();
        }
    }
    OperationKey finish() noexcept {
        word_ |= length_ << 56U;
        absorb();
        v2_ ^= 0xeeU;
        for (int i = 0; i < 4; ++i) round();
        const std::uint64_t first = v0_ ^ v1_ ^ v2_ ^ v3_;
        v1_ ^= 0xddU;
        for (int i = 0; i < 4; ++i) round();
        return {first, v0_ ^ v1_ ^ v2_ ^ v3_};
    }

private:
    void absorb() noexcept {
        v3_ ^= word_;
        round();
        round();
        v0_ ^= word_;
        word_ = 0;
    }
    void round() noexcept {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }
    std::uint64_t v0_, v1_, v2_, v3_;
    std::uint64_t word_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace

OperationMemory::OperationMemory(Duration keep_for, std::size_t keep_bytes)
    : keep_for_(keep_for), keep_bytes_(keep_bytes) {
    std::random_device random;
    for (std::uint64_t& half : secret_) half = (std::uint64_t{random()} << 32U) | random();
}

OperationKey OperationMemory::key(std::string_view actor, std::string_view operation) const noexcept {
    SipHash hash(secret_[0], secret_[1]);
    const std::uint64_t length = actor.size();  // so that the end of one cannot pass for the start of the other
    char prefix[sizeof length];
    std::memcpy(prefix, &length, sizeof length);
    hash.add({prefix, sizeof prefix});
    hash.add(actor);
    hash.add(operation);
    return hash.finish();
}

OperationMemory::Seen OperationMemory::look(const OperationKey& key, Committed& answer) const {
    if (const auto found = known_.find(key); found != known_.end()) {
        answer.seq = found->second.seq;
        answer.repeated = true;
        answer.answer = found->second.answer;
        return Seen::committed;
    }
    return in_flight_.contains(key) ? Seen::in_flight : Seen::never;
}

void OperationMemory::begin(const OperationKey& key) {
    in_flight_.try_emplace(key);
}

void OperationMemory::wait(const OperationKey& key, Then<Committed> then) {
    if (then) in_flight_[key].push_back(std::move(then));
}

std::vector<Then<Committed>> OperationMemory::commit(const OperationKey& key, std::uint64_t seq, std::string answer,
                                                     Instant now) {
    std::vector<Then<Committed>> waited = std::move(in_flight_[key]);
    in_flight_.erase(key);
    bytes_ += weight(answer);
    const auto [known, first] = known_.try_emplace(key);
    if (!first) bytes_ -= weight(known->second.answer);
    known->second = {seq, std::move(answer)};
    ages_.push_back({key, seq, now});
    forget_old(now);
    return waited;
}

std::vector<Then<Committed>> OperationMemory::refuse(const OperationKey& key) {
    std::vector<Then<Committed>> waited;
    if (const auto found = in_flight_.find(key); found != in_flight_.end()) {
        waited = std::move(found->second);
        in_flight_.erase(found);
    }
    if (const auto found = known_.find(key); found != known_.end()) {
        bytes_ -= weight(found->second.answer);
        known_.erase(found);
    }
    return waited;
}

std::vector<Then<Committed>> OperationMemory::abandon() {
    std::vector<Then<Committed>> waited;
    for (auto& [key, waiting] : in_flight_) {
        waited.insert(waited.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
    }
    in_flight_.clear();
    return waited;
}

void OperationMemory::forget_old(Instant now) {
    while (!ages_.empty()) {
        const Aged& oldest = ages_.front();
        const bool late = now - oldest.since > keep_for_;
        if (!late && bytes_ <= keep_bytes_) return;
        const auto found = known_.find(oldest.key);
        if (found != known_.end() && found->second.seq == oldest.seq) {
            if (!late) ++forgotten_early_;
            bytes_ -= weight(found->second.answer);
            known_.erase(found);
        }
        ages_.pop_front();
    }
}

std::size_t OperationMemory::take_forgotten_early() noexcept {
    return std::exchange(forgotten_early_, 0);
}

std::size_t OperationMemory::weight(std::string_view answer) noexcept {
    constexpr std::size_t kNodes = 144;  // a node and a bucket of the table, an entry of the list of ages
    constexpr std::size_t kInside = 15;  // short texts lie inside of the node
    return kNodes + (answer.size() > kInside ? answer.size() + 17 : 0);
}

}  // namespace cairn::core
