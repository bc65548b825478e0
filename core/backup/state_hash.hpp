#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cairn/services/store.hpp>

namespace cairn::core {

/// What a database holds, in a few bytes: the sum (mod 2^256) of the SHA-256 of every row, each with its table and its
/// columns by name. Rows may come in any order. Stores with different engines spell values differently: compare within
/// one engine only. Not for use against forgers, who could choose rows to fit. One thread.
class StateHash {
public:
    StateHash();
    ~StateHash();
    StateHash(const StateHash&) = delete;
    StateHash& operator=(const StateHash&) = delete;

    void add(std::string_view table, std::span<const std::string> columns, std::span<const Document> values);
    /// "rows-sha256:" and 64 hexadecimal digits.
    std::string text() const;
    /// Rows per table; tables without rows are not in it.
    const std::map<std::string, std::uint64_t, std::less<>>& rows() const noexcept { return rows_; }

private:
    struct Hasher;
    void encode(std::string_view table, std::span<const std::string> columns, std::span<const Document> values);

    std::unique_ptr<Hasher> hasher_;
    std::array<std::uint64_t, 4> sum_{};
    std::map<std::string, std::uint64_t, std::less<>> rows_;
    std::string bytes_;
};

/// A state at one moment.
struct StateFacts {
    std::uint64_t watermark = 0;
    std::string hash;
    std::map<std::string, std::uint64_t, std::less<>> rows;
};

/// Reads the whole of an open store. [worker]
StateFacts read_state(services::Store& store);

/// SHA-256 of a file in 64 hexadecimal digits. Throws Error(unavailable) when it cannot be read. [worker]
std::string file_sha256(const std::string& path);

}  // namespace cairn::core
