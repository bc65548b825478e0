#!/bin/sh
# Puts the page together as it is served: web/* at /, three.js at /vendor/, the client at /client/.
# Usage: build_page.sh OUT_DIR      (needs npm once, to fetch three; offline afterwards)
set -eu

out=${1:?usage: build_page.sh OUT_DIR}
out=${out%/}
here=$(cd "$(dirname "$0")" && pwd)
client=$here/../../sdk/client/cairn.js
modules=$here/node_modules

# npm writes .package-lock.json when it is through; older than the lock file (or missing) means stale.
if [ ! -f "$modules/.package-lock.json" ] || [ "$here/package-lock.json" -nt "$modules/.package-lock.json" ]; then
    command -v npm >/dev/null || { echo "build_page.sh: npm is missing; install it (Debian: apt-get install npm) and build again" >&2; exit 1; }
    (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
    touch "$modules/.package-lock.json"
fi

# Assembled beside and then moved, so that nobody ever serves half a page.
mkdir -p "$(dirname "$out")"
fresh=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
cp -R "$here/web/." "$fresh/"
mkdir -p "$fresh/vendor" "$fresh/client"
cp "$modules/three/build/three.module.min.js" "$modules/three/build/three.core.min.js" "$fresh/vendor/"
cp "$modules/three/LICENSE" "$fresh/vendor/three.LICENSE.txt"
cp "$client" "$fresh/client/"
chmod -R u=rwX,go=rX "$fresh"
rm -rf "$out"
mv "$fresh" "$out"
trap - EXIT
