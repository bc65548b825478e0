#!/usr/bin/env bash
# Puts walkers into rooms of the real server over loopback and prints what arrived, how late, and what it cost.
#   bench/fan_out.sh [CLIENTS [ROOM_SIZE [HZ [SECONDS]]]]      default: 1000 100 10 10
# Server and generator share all cores. With PIN=1 the server has core 0 and the generator core 1.
set -euo pipefail
cd "$(dirname "$0")/.."
clients=${1:-1000} room=${2:-100} hz=${3:-10} seconds=${4:-10}
cairn=${CAIRN_BIN:-build/release/bin/cairn}
work=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT

g++ -O2 -std=c++17 -o "$work/wsload" bench/wsload.cpp
pin_server=() pin_generator=()
if [ "${PIN:-0}" = 1 ]; then pin_server=(taskset -c 0) pin_generator=(taskset -c 1); fi

"${pin_server[@]}" "$cairn" run config/metaverse.yaml --set "data_dir=$work/data" --set plugins.gateway.listen=127.0.0.1:0 \
    --set plugins.world.on_demand=10000 >"$work/server.log" 2>&1 &
server=$!
port=
for _ in $(seq 150); do
    port=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/server.log" | head -n 1 | grep -oE '[0-9]+$' || true)
    [ -n "$port" ] && break
    sleep 0.2
done
if [ -z "$port" ]; then
    cat "$work/server.log" >&2
    exit 1
fi

# A row of user.moved is [n, x,y,z, rx,ry,rz, ts]: the generator turns by [7,7,7], so its time stamps stand behind that.
"${pin_generator[@]}" "$work/wsload" --port "$port" --path /ws --clients "$clients" --room-size "$room" --hz "$hz" \
    --duration "$seconds" --warmup 3 --settle 2 --expect "$room" --pid "$server" --label cairn --marker ',7,7,7,' \
    --join '{"t":"hello","d":{"client":"wsload","space":"room{room}"}}' \
    --send '{"t":"user.move","d":{"p":[{x},{y},{z}],"r":[7,7,7],"ts":{t}}}' "${@:5}"
