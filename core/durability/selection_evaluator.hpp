#pragma once

#include <cairn/document.hpp>
#include <cairn/selection.hpp>
#include <cairn/storage.hpp>

namespace cairn::core {

/// What a selection means, without a database: the rows that it chooses out of `all`, in its order. Rows are maps from
/// column to value as JSON has them (Change::row); the stores are held to give the same. Throws what check_selection
/// throws. [any]
Rows select_rows(const Selection& selection, const Rows& all);

}  // namespace cairn::core
