#include "core/torture/torture_operation.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace cairn::core::torture {

std::string Operation::text() const {
    std::ostringstream out;
    out << number << ' ' << lane << ' ' << static_cast<char>(kind) << ' ' << item << ' ' << side << ' ' << gold << ' '
        << count;
    return out.str();
}

std::optional<Operation> Operation::parse(std::string_view text) {
    std::istringstream in{std::string(text)};
    Operation operation;
    char kind = 0;
    if (!(in >> operation.number >> operation.lane >> kind >> operation.item >> operation.side >> operation.gold >>
          operation.count)) {
        return std::nullopt;
    }
    operation.kind = static_cast<Kind>(kind);
    return operation;
}

void Lane::apply(const Operation& operation) {
    const auto side = static_cast<std::size_t>(operation.side);
    switch (operation.kind) {
        case Operation::Kind::open:
            open = true;
            gold = {kGold, kGold};
            break;
        case Operation::Kind::create:
            items[operation.number] = operation.side;
            break;
        case Operation::Kind::trade:
            items[operation.item] = 1 - operation.side;
            gold[side] += operation.gold;
            gold[1 - side] -= operation.gold;
            ledger[operation.number] = operation.gold;
            break;
        case Operation::Kind::destroy:
            items.erase(operation.item);
            break;
        case Operation::Kind::say:
            messages[operation.count] = operation.number;
            break;
        case Operation::Kind::place:
            place = std::max(place, operation.number);
            break;
        case Operation::Kind::poison:
            break;
    }
}

}  // namespace cairn::core::torture
