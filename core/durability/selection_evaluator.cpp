#include "core/durability/selection_evaluator.hpp"

#include <algorithm>
#include <string_view>

namespace cairn::core {
namespace {

/// Below 0: a comes before b. Both are values of the same column.
int compare(const Document& a, const Document& b) noexcept {
    if (a.is_null() || b.is_null()) return a.is_null() == b.is_null() ? 0 : a.is_null() ? -1 : 1;
    if (a.is_text()) {
        const int order = a.text().compare(b.text());  // as unsigned bytes
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    if (a.is_boolean()) {
        return static_cast<int>(a.boolean_or(false)) - static_cast<int>(b.boolean_or(false));
    }
    if (a.is_integer() && b.is_integer()) {
        const std::int64_t x = a.integer_or(0);
        const std::int64_t y = b.integer_or(0);
        return x < y ? -1 : x > y ? 1 : 0;
    }
    const double x = a.number_or(0);
    const double y = b.number_or(0);
    return x < y ? -1 : x > y ? 1 : 0;
}

bool holds(const Condition& condition, const Document& value) {
    const auto against = [&](const Document& other) { return compare(value, other); };
    const bool empty = value.is_null();
    switch (condition.compare) {
        case Compare::is_null:
            return empty;
        case Compare::is_not_null:
            return !empty;
        case Compare::equal:
            return against(condition.values.front()) == 0;
        case Compare::differs:
            return against(condition.values.front()) != 0;
        case Compare::less:
            return !empty && against(condition.values.front()) < 0;
        case Compare::at_most:
            return !empty && against(condition.values.front()) <= 0;
        case Compare::greater:
            return !empty && against(condition.values.front()) > 0;
        case Compare::at_least:
            return !empty && against(condition.values.front()) >= 0;
        case Compare::among:
            return std::any_of(condition.values.begin(), condition.values.end(),
                               [&](const Document& other) { return against(other) == 0; });
        case Compare::begins_with:
            return !empty && value.text().starts_with(condition.values.front().text());
    }
    return false;
}

}  // namespace

Rows select_rows(const Selection& selection, const Rows& all) {
    check_selection(selection);
    const std::vector<Order> order = full_order(selection);
    /// Below 0: `a` comes before the values of `place`.
    const auto against = [&](const Document& a, const auto& place) {
        for (std::size_t i = 0; i < order.size(); ++i) {
            const int difference = compare(a[order[i].column], place(i));
            if (difference != 0) return order[i].descending ? -difference : difference;
        }
        return 0;
    };
    Rows chosen;
    for (const Document& row : all) {
        const bool fits = std::all_of(selection.conditions.begin(), selection.conditions.end(),
                                      [&](const Condition& one) { return holds(one, row[one.column]); });
        if (!fits) continue;
        if (!selection.after.empty() &&
            against(row, [&](std::size_t i) -> const Document& { return selection.after[i]; }) <= 0) {
            continue;
        }
        chosen.push_back(row);
    }
    std::sort(chosen.begin(), chosen.end(), [&](const Document& a, const Document& b) {
        return against(a, [&](std::size_t i) -> const Document& { return b[order[i].column]; }) < 0;
    });
    if (selection.limit > 0 && chosen.size() > selection.limit) chosen.resize(selection.limit);
    return chosen;
}

}  // namespace cairn::core
