#!/usr/bin/env bash
# Measures how long a room with many objects takes from the store into memory, and how large the server is afterwards.
#   bench/load.sh [OBJECTS [TIMES]]      default: 1000000 3; on SQLite and, where its programs are, on PostgreSQL
# The rows are made by SQL, with ids that are random as the server's own are; each time a new server opens the room.
set -euo pipefail
cd "$(dirname "$0")/.."
objects=${1:-1000000} times=${2:-3}
cairn=${CAIRN_BIN:-build/release/bin/cairn}
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-load-XXXXXX")
chmod 711 "$work"
server= cluster=
as_postgres=()
stop() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
    [ -z "$cluster" ] || "${as_postgres[@]}" "$tools/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

start() {  # configuration: until its room is in memory; prints what was said of it
    "$cairn" run "$1" >"$work/log" 2>&1 &
    server=$!
    for _ in $(seq 1200); do
        grep -q 'space loaded' "$work/log" && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    if ! grep 'space loaded' "$work/log"; then
        cat "$work/log" >&2
        exit 1
    fi
}
finish() {
    kill "$server"
    wait "$server" || true
    server=
}
measure() {  # configuration
    for _ in $(seq "$times"); do
        start "$1"
        grep -E 'VmHWM|VmRSS' "/proc/$server/status" | tr '\n' ' '
        awk '{printf "CPU %.1f s\n", ($14 + $15) / 100}' "/proc/$server/stat"
        finish
    done
}
configuration() {  # data folder, lines of the store
    cat <<YAML
cairn: 1
data_dir: $1
plugins:
  gateway: {listen: "127.0.0.1:0"}
  identity:
  world: {max_objects: 10000000}
$2
YAML
}

echo "== SQLite, $objects objects"
configuration "$work/sqlite" '  storage_sqlite:' >"$work/sqlite.yaml"
start "$work/sqlite.yaml" >/dev/null  # makes the tables and the room
finish
sqlite3 "$work/sqlite/cairn.db" >/dev/null <<SQL
PRAGMA synchronous=OFF;
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT $objects),
     u AS (SELECT n, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
                           substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) AS id FROM n)
INSERT INTO world_objects (id, object_id, space_id, name, type, position, rotation, scale, created_by, updated_by, properties,
                           physics, interaction_count)
SELECT u.id, u.id, s.id, 'Object ' || n, 'primitive', '[' || (n % 1000 + 0.25) || ',0.5,' || (n % 777 + 0.125) || ']',
       '[0,0.5,0]', '[1,1,1]', '22222222-2222-4222-8222-222222222222', '22222222-2222-4222-8222-222222222222',
       '{"shape":"box","color":"#' || printf('%06x', n) || '"}', '{"static":true}', n % 10
FROM u, spaces s WHERE s.name = 'main' ORDER BY u.id;
SQL
measure "$work/sqlite.yaml"

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
echo "== PostgreSQL, $objects objects (shared_buffers at its default of 128 MB)"
export CAIRN_BENCH_URL="postgresql://cairn@/cairn?host=$work/pg"
configuration "$work/postgres" '  storage_postgres: {url: {env: CAIRN_BENCH_URL}}' >"$work/postgres.yaml"
start "$work/postgres.yaml" >/dev/null
finish
"${as_postgres[@]}" "$tools/psql" -h "$work/pg" -U cairn -d cairn -X -q -v ON_ERROR_STOP=1 >/dev/null <<SQL
INSERT INTO world_objects (id, object_id, space_id, name, type, position, rotation, scale, created_by, updated_by, properties,
                           physics, interaction_count)
SELECT u.id, u.id::text, s.id, 'Object ' || n, 'primitive', jsonb_build_array(n % 1000 + 0.25, 0.5, n % 777 + 0.125),
       '[0,0.5,0]', '[1,1,1]', '22222222-2222-4222-8222-222222222222', '22222222-2222-4222-8222-222222222222',
       jsonb_build_object('shape', 'box', 'color', '#' || lpad(to_hex(n), 6, '0')), '{"static":true}', n % 10
FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, $objects) n) u, spaces s WHERE s.name = 'main';
VACUUM ANALYZE world_objects;
CHECKPOINT;
SQL
measure "$work/postgres.yaml"
