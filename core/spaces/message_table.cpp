#include "core/spaces/message_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/json.hpp>

namespace cairn::core {

namespace {

/// How many letters must be changed, added, left out or swapped with their neighbour. Both texts are short.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

bool MessageTable::add(MessageSpec spec) {
    if (find(spec.type) != npos) return false;
    specs_.push_back(std::make_unique<MessageSpec>(std::move(spec)));
    by_type_.emplace(specs_.back()->type, specs_.size() - 1);
    return true;
}

std::size_t MessageTable::find(std::string_view type) const noexcept {
    const auto found = by_type_.find(type);
    return found == by_type_.end() ? npos : found->second;
}

std::string did_you_mean_type(std::string_view type, const MessageTable* table) {
    std::string_view nearest;
    std::size_t best = std::max<std::size_t>(1, type.size() / 3) + 1;
    const auto consider = [&](std::string_view candidate) {
        const std::size_t far = distance(type, candidate);
        if (far < best) {
            best = far;
            nearest = candidate;
        }
    };
    for (const std::string_view known : kCoreMessages) consider(known);
    for (std::size_t i = 0; table && i < table->size(); ++i) consider(table->at(i).type);
    return nearest.empty() ? std::string() : "; did you mean \"" + std::string(nearest) + "\"?";
}

void MessageDeleter::operator()(void* message) const noexcept {
    type->destroy(message);
    ::operator delete(message, std::align_val_t(type->alignment));
}

HeapMessage new_message(const StructType& type) {
    void* const place = ::operator new(type.size, std::align_val_t(type.alignment));
    try {
        type.construct(place);
    } catch (...) {
        ::operator delete(place, std::align_val_t(type.alignment));
        throw;
    }
    return HeapMessage(place, MessageDeleter{&type});
}

void decode_message(const StructType& type, void* message, std::string_view d_json) {
    try {
        decode_json(type, message, d_json);
    } catch (Error& error) {
        const std::string field = error.field();
        error.at(field.empty() ? "d" : field.front() == '[' ? "d" + field : "d." + field);
        throw;
    }
}

}  // namespace cairn::core
