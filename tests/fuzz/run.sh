#!/bin/sh
# tests/fuzz/run.sh SECONDS [name …]: runs each libFuzzer target for so long, starting from its seeds in corpora/.
# Fails on the first crash, hang or leak; the input that did it is kept in build/fuzz/crashes and printed. Needs a build:
#   cmake --preset fuzz && cmake --build --preset fuzz
set -eu

seconds=${1:?usage: tests/fuzz/run.sh SECONDS [name ...]}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/build/fuzz/bin
found=$root/build/fuzz/crashes
mkdir -p "$found"
[ $# -gt 0 ] || set -- http_head websocket message session yaml journal json_cursor manifest schedule

for name in "$@"; do
    if [ ! -x "$bin/fuzz_$name" ]; then
        echo "tests/fuzz/run.sh: $bin/fuzz_$name is not built: cmake --preset fuzz && cmake --build --preset fuzz" >&2
        exit 2
    fi
done

fuzz() {  # name
    # New inputs go into a folder of their own: the first folder is written to, the seeds are only read.
    work=$(mktemp -d)
    status=0
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ASAN_OPTIONS=detect_stack_use_after_return=0 \
        "$bin/fuzz_$1" "$work" "$root/tests/fuzz/corpora/$1" -max_total_time="$seconds" -max_len=8192 \
        -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -print_final_stats=1 -artifact_prefix="$found/$1-" \
        >"$found/$1.log" 2>&1 || status=$?
    rm -rf "$work"
    if [ "$status" -ne 0 ]; then
        tail -60 "$found/$1.log" >&2
        echo "fuzz_$1 failed; its inputs are in $found" >&2
        return 1
    fi
    echo "fuzz_$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$1.log") inputs in $seconds s, nothing found"
}

# A fuzzer is one thread: two at a time fill the two cores that CI has.
failed=0
while [ $# -gt 0 ]; do
    fuzz "$1" & first=$!
    if [ $# -gt 1 ]; then
        fuzz "$2" || failed=1
        shift
    fi
    wait "$first" || failed=1
    shift
done
exit "$failed"
