#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

/// What a connection must know of a message type to decode it and to judge its rate. No handler: those belong to the
/// space and end with it, while a connection on another loop may hold this table a little longer.
struct MessageSpec {
    std::string type;
    const StructType* shape = nullptr;
    std::string plugin;
    std::string meaning;
    std::optional<Rate> limit;
    std::size_t limit_number = 0;  ///< from LimitNumbers; only with a limit
};

/// All message types of one space by name. Immutable once the space is open, shared by all connections in it. [any]
class MessageTable {
public:
    /// Adds a type; false when it is there already. REQUIRES: nobody else holds the table yet.
    bool add(MessageSpec spec);
    MessageSpec& at(std::size_t index) noexcept { return *specs_[index]; }

    /// The index of `type`, or npos.
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    std::size_t find(std::string_view type) const noexcept;
    const MessageSpec& at(std::size_t index) const noexcept { return *specs_[index]; }
    std::size_t size() const noexcept { return specs_.size(); }

private:
    std::vector<std::unique_ptr<MessageSpec>> specs_;
    std::unordered_map<std::string_view, std::size_t> by_type_;
};

/// What the host itself answers, in and out of spaces.
inline constexpr std::string_view kCoreMessages[] = {"hello", "space.join", "space.leave", "ping"};

/// "; did you mean \"chat.send\"?" when a known type is near, else empty. `table` may be null. [any]
std::string did_you_mean_type(std::string_view type, const MessageTable* table);

/// A message object that lives in a given place while this lives. [any]
class MessageObject {
public:
    MessageObject(const StructType& type, void* place) : type_(type), place_(place) { type_.construct(place_); }
    ~MessageObject() { type_.destroy(place_); }
    MessageObject(const MessageObject&) = delete;
    MessageObject& operator=(const MessageObject&) = delete;
    void* get() const noexcept { return place_; }

private:
    const StructType& type_;
    void* place_;
};

/// A message object on the heap, for the way to another loop.
struct MessageDeleter {
    const StructType* type = nullptr;
    void operator()(void* message) const noexcept;
};
using HeapMessage = std::unique_ptr<void, MessageDeleter>;
HeapMessage new_message(const StructType& type);

/// Decodes `d`; errors name fields as the client wrote them, from the envelope on: "d.position". [any]
void decode_message(const StructType& type, void* message, std::string_view d_json);

}  // namespace cairn::core
