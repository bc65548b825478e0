#!/usr/bin/env bash
# Measures what durability costs: the floors (SQLite's C API, libpq) and the engine on both stores, on one disk in one run.
#   bench/durability.sh [SECONDS [FOLDER]]      default: 3 seconds each, a temporary folder
# PostgreSQL runs as a throwaway cluster in the same folder; without its programs that half is left out and said so.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-3}
work=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/cairn-bench-XXXXXX")
chmod 711 "$work"
cluster=
as_postgres=()
stop() {
    [ -z "$cluster" ] || "${as_postgres[@]}" "$tools/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

cmake --preset release -DCAIRN_BENCH=ON >/dev/null
cmake --build build/release --target cairn_all_plugins durability_engine durability_floor_sqlite durability_floor_postgres >/dev/null
bin=build/release/bin

engine() {  # data folder, configuration, mode, more settings…
    local data=$1 config=$2 mode=$3
    shift 3
    rm -rf "$data"
    "$bin/durability_engine" "$config" "$mode" "$seconds" --set "data_dir=$data" --set log.level=warning "$@"
}
measure() {  # configuration, name of the store
    echo "== $2: what the store plugin takes"
    engine "$work/data" "$1" rows
    for ack in journal store; do
        echo "== $2, ack: $ack"
        engine "$work/data" "$1" commits --set "durability.ack=$ack"
    done
    echo "== $2, ack: journal, apply_every: 120s"
    engine "$work/data" "$1" commits --set durability.apply_every=120s --set durability.apply_rows=0
    echo "== $2: positions"
    engine "$work/data" "$1" coalesced
    echo "== $2: snapshots"
    engine "$work/data" "$1" snapshot --set durability.apply_every=120s --set durability.apply_rows=0
}

echo "== floor: SQLite"
mkdir "$work/floor"
"$bin/durability_floor_sqlite" "$work/floor" "$seconds"
printf 'cairn: 1\nplugins:\n  storage_sqlite:\n' >"$work/sqlite.yaml"
measure "$work/sqlite.yaml" SQLite

tools=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$tools" ] || [ ! -x "$tools/initdb" ]; then
    echo "PostgreSQL's programs are not installed (packaging/install_dependencies.sh test): its half is left out."
    exit 0
fi
if [ "$(id -u)" = 0 ]; then as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi
mkdir "$work/pg"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; fi
cluster=$work/pg/cluster
"${as_postgres[@]}" "$tools/initdb" -D "$cluster" -U cairn -A trust --no-sync --data-checksums >/dev/null
"${as_postgres[@]}" "$tools/pg_ctl" -D "$cluster" -w -l "$work/pg/log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$work/pg' -c wal_compression=on -c max_wal_size=2GB" start >/dev/null
"${as_postgres[@]}" "$tools/createdb" -h "$work/pg" -U cairn cairn
echo "== floor: PostgreSQL"
"$bin/durability_floor_postgres" "host=$work/pg user=cairn dbname=cairn" "$seconds"
export CAIRN_BENCH_URL="postgresql://cairn@/cairn?host=$work/pg"
printf 'cairn: 1\nplugins:\n  storage_postgres:\n    url: {env: CAIRN_BENCH_URL}\n' >"$work/postgres.yaml"
fresh_database() {
    "${as_postgres[@]}" "$tools/dropdb" -h "$work/pg" -U cairn --if-exists cairn
    "${as_postgres[@]}" "$tools/createdb" -h "$work/pg" -U cairn cairn
}
eval "plain_engine() $(declare -f engine | tail -n +2)"
engine() {  # each measurement begins with an empty database
    fresh_database
    plain_engine "$@"
}
measure "$work/postgres.yaml" PostgreSQL
