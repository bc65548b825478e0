#!/usr/bin/env bash
# Size and alignment of every class of the SDK: the same with and without NDEBUG, and the same as when a minor was frozen.
#   tests/abi/layouts.sh FROZEN_INCLUDE
set -uo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
frozen=$1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cairn-layouts-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# layouts INCLUDE OUT [flag…]: "cairn::X size=8 align=8" of all classes, one a line, as GCC's -fdump-lang-class has them
layouts() {
    local include=$1 out=$2
    shift 2
    (cd "$include" && find cairn -name '*.hpp' | sort | sed 's/.*/#include <&>/') >"$scratch/all.cpp"
    g++ -std=c++20 -fsyntax-only "$@" -I"$include" -fdump-lang-class="$scratch/classes" "$scratch/all.cpp" || exit 1
    # Templates and lambdas are of their makers; classes of the SDK have plain names.
    awk '/^Class / { name = $0; sub(/^Class /, "", name) } /^   size=/ && name ~ /^cairn::/ && name !~ /[<({]/ { print name, $1, $2; name = "" }' \
        "$scratch/classes" | sort -u >"$out"
}
layouts "$tree/sdk/include" "$scratch/debug"
layouts "$tree/sdk/include" "$scratch/release" -DNDEBUG -O2
layouts "$frozen" "$scratch/frozen"
if [ "$(wc -l <"$scratch/debug")" -lt 60 ]; then
    echo "only $(wc -l <"$scratch/debug") classes were found: does g++ still write -fdump-lang-class?" >&2
    exit 1
fi
wrong=0
if ! diff "$scratch/debug" "$scratch/release"; then
    echo "The classes above depend on NDEBUG: a plugin of one kind would not fit a host of the other."
    wrong=1
fi
# What is new may be there; what was there must be as it was.
if comm -23 "$scratch/frozen" "$scratch/debug" | grep .; then
    echo "The classes above are not what plugins of $(basename "$(dirname "$frozen")") were built with. Now:"
    comm -13 "$scratch/frozen" "$scratch/debug"
    wrong=1
fi
exit $wrong
