#!/usr/bin/env bash
# Keeps the ABI as it is now under its number, once, when a minor is released: tests/abi/freeze.sh BUILD_FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$(cd "${1:?usage: tests/abi/freeze.sh BUILD_FOLDER}" && pwd)
number() { sed -n "s/^#define CAIRN_ABI_$1 \([0-9]*\)$/\1/p" "$tree/sdk/include/cairn/abi.hpp"; }
to=$here/$(number MAJOR).$(number MINOR)
if [ -e "$to" ]; then
    echo "$to is there already: what was released does not change. Is the new CAIRN_ABI_MINOR in abi.hpp?" >&2
    exit 1
fi
mkdir "$to"
cp -R "$tree/sdk/include" "$to/include"
# Without places and folders: they would tell builds apart that are the same. (abidiff 2.2 cannot read what abidw writes
# with --drop-private-types.)
abidw --no-show-locs --no-comp-dir-path --no-corpus-path "$build/lib/libabi_sdk.so" | xz -9e >"$to/libcairn_sdk.abi.xz"
echo "$to: $(du -sh "$to" | cut -f1)"
