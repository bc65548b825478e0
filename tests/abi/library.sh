#!/usr/bin/env bash
# Compares what libcairn_sdk.so offers with what it offered when a minor was frozen: more is fine, less and other is not.
#   tests/abi/library.sh FROZEN LIBRARY      for example tests/abi/0.1 build/dev/lib/libabi_sdk.so
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
frozen=$1
library=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cairn-abi-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

xz -dc "$frozen/libcairn_sdk.abi.xz" >"$scratch/frozen.abi" || exit 1
abidiff --leaf-changes-only "$scratch/frozen.abi" "$library" >"$scratch/report" 2>"$scratch/trouble"
# The bits of its exit code: 1 something went wrong, 2 it was called wrongly, 4 changes, 8 incompatible ones (and it calls
# a virtual function at the end incompatible, which for a class that only the host implements it is not).
code=$?
if [ $((code & 3)) -ne 0 ] || [ "$code" -gt 15 ] || [ -s "$scratch/trouble" ]; then
    cat "$scratch/trouble"
    echo "abidiff itself failed ($code)" >&2
    exit 1
fi

# major SERVICE FOLDER: the major version in the service's kService
major() { sed -n "/^struct $1 {/,/^};/ s/.*kService{\"[^\"]*\", *\([0-9]*\)}.*/\1/p" "$2"/cairn/*.hpp "$2"/cairn/services/*.hpp; }
moved=()
for service in $(sed -n 's/^struct \([A-Za-z]*\) {$/\1/p' "$frozen"/include/cairn/*.hpp "$frozen"/include/cairn/services/*.hpp); do
    before=$(major "$service" "$frozen/include")
    now=$(major "$service" "$here/../../sdk/include")
    if [ -n "$before" ] && [ "$before" != "$now" ]; then moved+=("$service"); fi
done

awk -v moved="${moved[*]-}" -f "$here/verdict.awk" "$scratch/report" >"$scratch/broken"
if [ -s "$scratch/broken" ]; then
    echo "Plugins built with ABI $(basename "$frozen") would not fit any more:"
    cat "$scratch/broken"
    echo "Take it back and add instead (sdk/README.md, Versions). The whole report:"
    cat "$scratch/report"
    exit 1
fi
echo "libcairn_sdk.so still offers all of ABI $(basename "$frozen")${moved:+; services of another major now: ${moved[*]}}."
