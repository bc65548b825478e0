#!/usr/bin/env bash
# From a fresh clone to a running world: installs what is missing, builds, starts.
#   packaging/quickstart.sh [config.yaml] [more arguments of `cairn run`]
set -euo pipefail
cd "$(dirname "$0")/.."

config=${1:-config/metaverse.yaml}
[ $# -gt 0 ] && shift
if [ ! -f "$config" ]; then
    echo "There is no file $config. The ones that come with Cairn: $(ls config/*.yaml | tr '\n' ' ')" >&2
    exit 2
fi

packaging/install_dependencies.sh build
echo "Building (the first time takes some minutes) …"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release && cmake --build --preset release; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "The build failed; the messages above say where." >&2
    exit 1
fi
rm -f "$log"
trap - EXIT
exec build/release/bin/cairn run "$config" "$@"
