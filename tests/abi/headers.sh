#!/usr/bin/env bash
# Each header of the SDK compiles alone, with both compilers, without a warning that the house has switched on.
set -uo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
export include=$tree/sdk/include
if ! find "$include" -name '*.hpp' | grep -q .; then
    echo "no headers in $include" >&2
    exit 1
fi
alone() {  # compiler, header
    echo "#include <$2>" | "$1" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast \
        -Wnon-virtual-dtor -Woverloaded-virtual -Werror -I"$include" -x c++ - || { echo "<$2> does not compile alone with $1"; return 1; }
}
export -f alone
cd "$include" && find cairn -name '*.hpp' | sort | sed -e 's/.*/g++ &\nclang++-14 &/' | xargs -P 2 -L 1 bash -c 'alone "$0" "$1"'
