#!/usr/bin/env bash
# Does what docs/plugin-guide/first-plugin.md says, as somebody who has nothing but an installation of Cairn.
#   tests/authors/run.sh BUILD_FOLDER
#
# Installs the build to a scratch prefix, moves that somewhere else, and runs every `sh` block of the page verbatim in an
# empty folder, in one shell with an environment of its own. Only `cairn run` is helped along: it gets a free port, goes
# to the background, and is waited for. Then the page is opened in two real browsers (see_wave.mjs), the server is
# stopped, and what CI would do with the project is done. Also here: a plugin without CMake (pkg-config), and that
# nothing which the host is built with is needed to build a plugin.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:?usage: tests/authors/run.sh BUILD_FOLDER}" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cairn-authors-XXXXXX")
prefix=$scratch/elsewhere
server=

cleanup() {
    local code=$?
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    if [ "$code" -ne 0 ]; then
        for log in "$scratch"/*.log; do
            if [ -f "$log" ]; then printf -- '-- %s\n' "$log" && tail -n 60 "$log"; fi
        done
        echo "tests/authors/run.sh: $scratch is kept" >&2
    else
        rm -rf "$scratch"
    fi
    exit "$code"
}
trap cleanup EXIT

fail() {
    echo "tests/authors/run.sh: $1" >&2
    exit 1
}

# As an author: an empty home, the installation first in PATH, nothing of ours in the environment.
as_author() {
    env -i HOME="$scratch/home" PATH="$prefix/bin:/usr/local/bin:/usr/bin:/bin" LANG=C.UTF-8 TMPDIR="${TMPDIR:-/tmp}" "$@"
}

mkdir "$scratch/home" "$scratch/empty"
cmake --install "$build" --prefix "$scratch/installation" >"$scratch/install.log"
mv "$scratch/installation" "$prefix"

# --- the package needs nothing of what the host is made of
for word in Poco simdjson yaml spdlog prometheus "$scratch/installation" "$tree"; do
    if grep -rl -- "$word" "$prefix/lib/cmake" "$prefix/lib/pkgconfig"; then
        fail "the files above, which plugins are built with, speak of $word"
    fi
done
as_author cairn plugins list >"$scratch/list.log" || fail "a plugin of the installation is refused"
grep -q "$prefix/lib/cairn/plugins/chat.so" "$scratch/list.log" || fail "the moved installation does not find its own plugins"
as_author cairn check "$prefix/share/cairn/config/metaverse.yaml" >"$scratch/check.log" 2>&1 ||
    fail "the moved installation does not take its own metaverse.yaml"

# --- the page, block by block
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$tree/docs/plugin-guide/first-plugin.md" >"$scratch/guide.txt"
grep -q 'cairn plugin new wave' "$scratch/guide.txt" || fail "the guide's blocks were not found"
port=$(node -e 'const s = require("node:net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
# `cairn run` ends when it is told to, so what it prints is waited for beside it.
sed -E "s|^(cairn run .*)\$|\\1 --set plugins.gateway.listen=127.0.0.1:$port >$scratch/server.log 2>\\&1 \\& echo \$! >$scratch/server.pid|" \
    "$scratch/guide.txt" >"$scratch/guide.sh"
(cd "$scratch/empty" && as_author bash -euxo pipefail "$scratch/guide.sh") >"$scratch/guide.log" 2>&1 ||
    fail "a command of the guide failed"
grep -q '100% tests passed' "$scratch/guide.log" || fail "the workflow ran no tests"
server=$(cat "$scratch/server.pid")
for ((i = 0; ; i++)); do
    if grep -q 'is up\.' "$scratch/server.log"; then break; fi
    kill -0 "$server" 2>/dev/null || fail "the server ended instead of starting"
    [ "$i" -lt 300 ] || fail "the server is not ready within 30 s"
    sleep 0.1
done

# --- the wave arrives, and is still counted by the next server
node "$tree/tests/authors/see_wave.mjs" "http://127.0.0.1:$port/wave/"
kill -TERM "$server"
for ((i = 0; i < 200; i++)); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if kill -0 "$server" 2>/dev/null; then fail "the server did not stop within 20 s"; fi
server=
grep -q 'left' "$scratch/server.log" && fail "the plugin left something behind at stop"

# --- what the plugin needs at run time
needed=$(readelf -d "$scratch/empty/wave/build/plugins/wave.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -Ev '^(libcairn_sdk\.so\.0|libstdc\+\+\.so\.6|libm\.so\.6|libgcc_s\.so\.1|libc\.so\.6)$' || true)
[ -z "$needed" ] || fail "wave.so needs more than the SDK and the standard library: $needed"

# --- what the project's own CI does, and an installation of the plugin beside the others
(cd "$scratch/empty/wave" && as_author ./ci.sh) >"$scratch/ci.log" 2>&1 || fail "ci.sh of the project failed"
as_author cmake --install "$scratch/empty/wave/build" --prefix "$prefix" >"$scratch/install_plugin.log"
(cd "$scratch/home" && sed '/^plugin_dirs/d' "$scratch/empty/wave/wave.yaml" >here.yaml &&
    as_author cairn migrate plan here.yaml) >"$scratch/installed.log" 2>&1 || fail "the installed plugin is not taken"
grep -q 'wave_counts' "$scratch/installed.log" || fail "the installed plugin's tables are not found"

# --- without CMake, as sdk/README.md says it, with the dice that stands above it there
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$tree/sdk/README.md" >"$scratch/by_hand.sh"
grep -q '^g++ .*pkg-config' "$scratch/by_hand.sh" || fail "the compiler's line was not found in sdk/README.md"
awk '/^```cpp$/ { inside = !done; next } /^```$/ && inside { inside = 0; done = 1 } inside' "$tree/sdk/README.md" \
    >"$scratch/home/dice_plugin.cpp"
(cd "$scratch/home" && as_author env PKG_CONFIG_PATH="$prefix/lib/pkgconfig" bash -euxo pipefail "$scratch/by_hand.sh") \
    >"$scratch/by_hand.log" 2>&1 || fail "a plugin built by pkg-config is refused"
echo "From an empty folder to a wave in the browser: every command of the guide works."
