#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them.
#   tests/run.sh            everything
#   tests/run.sh FILTER     only the steps and C++ test programs whose names match FILTER (a regular expression)
#
# Steps: the documentation, unit and integration tests, the client's and the browser's tests, the same code under AddressSanitizer with
# UndefinedBehaviorSanitizer and under ThreadSanitizer, the fuzz targets, the reference pages, and the plugin guide as an
# author follows it.
set -uo pipefail
cd "$(dirname "$0")/.."
filter=${1:-.}
fuzz_seconds=${CAIRN_FUZZ_SECONDS:-30}
passed=()
failed=()
skipped=0

wanted() { [[ $1 =~ $filter ]]; }

# step NAME COMMAND…: runs a command unless the filter leaves it out, and remembers how it ended
step() {
    local name=$1 began=$SECONDS
    shift
    if ! wanted "$name" && ! wanted "${name%%:*}"; then
        skipped=$((skipped + 1))
        return 0
    fi
    printf '\n== %s\n' "$name"
    if "$@"; then
        passed+=("$name")
        printf -- '-- %s: passed in %d s\n' "$name" $((SECONDS - began))
    else
        failed+=("$name")
        printf -- '-- %s: FAILED after %d s\n' "$name" $((SECONDS - began))
        return 1
    fi
}

build() {  # preset, targets…
    local preset=$1 log
    shift
    log=$(mktemp)
    if cmake --preset "$preset" >"$log" 2>&1 && cmake --build "build/$preset" ${1:+--target "$@"} >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 200 "$log"
    rm -f "$log"
    return 1
}

run_ctest() {  # preset, programs (a regular expression)
    ctest --test-dir "build/$1" --output-on-failure --timeout 900 --no-tests=error -R "$2"
}

# What parses or holds memory runs under AddressSanitizer, what is threaded under ThreadSanitizer. Not storage_postgres and backups:
# their builds alone would take CI beyond its time; run them with CAIRN_SANITIZE by hand when they change.
address_programs=(sdk_tests config_tests plugins_tests loops_tests spaces_tests durability_tests gateway_plugin_tests
    storage_sqlite_plugin_tests schedule_tests)
thread_programs=(loops_tests spaces_tests durability_tests gateway_plugin_tests schedule_tests)
join_names() { local IFS='|'; echo "^($*)$"; }

npm_tests() {  # folder
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error && npm test)
}

client_tests() {
    (cd tests/client && node --test)
}

browser_tests() {
    (cd tests/browser && npm ci --no-audit --no-fund --loglevel=error &&
        CAIRN_BIN=$PWD/../../build/dev/bin/cairn CAIRN_CONFIG=$PWD/../../config/metaverse.yaml npm test)
}

snippet_tests() {
    node tests/docs/snippets.mjs
}

reference_of_the_headers() {
    mkdir -p build && doxygen docs/Doxyfile
}

author_tests() {
    (cd tests/browser && npm ci --no-audit --no-fund --loglevel=error) && tests/authors/run.sh build/dev
}

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

if ! packaging/install_dependencies.sh test; then
    echo "The packages that the tests need could not be installed." >&2
    exit 1
fi

began=$SECONDS
step "docs: every snippet compiles" snippet_tests
step "docs: the reference of the SDK's headers has no warning" reference_of_the_headers
if step "dev: build" build dev; then
    if [ "$filter" = . ]; then
        step "dev: tests" run_ctest dev '.'
    elif ctest --test-dir build/dev -N -R "$filter" | grep -q 'Total Tests: [1-9]'; then
        step "dev: $filter" run_ctest dev "$filter"
    fi
    step "reference: config/reference is what the plugins describe" \
        build/dev/bin/cairn config reference --check config/reference
    step "client: tests" client_tests
    step "browser: tests" browser_tests
    step "authors: the plugin guide, from an empty folder" author_tests
fi
step "address: build" build asan "${address_programs[@]}" &&
    step "address: tests" run_ctest asan "$(join_names "${address_programs[@]}")"
step "thread: build" build tsan "${thread_programs[@]}" &&
    step "thread: tests" run_ctest tsan "$(join_names "${thread_programs[@]}")"
step "fuzz: build" build fuzz cairn_fuzzers &&
    step "fuzz: $fuzz_seconds s each" tests/fuzz/run.sh "$fuzz_seconds"

printf '\nSteps that passed: %d\n' ${#passed[@]}
for name in ${failed[@]+"${failed[@]}"}; do printf 'failed: %s\n' "$name"; done
printf 'All of it took %d s\n' $((SECONDS - began))
if [ $((${#passed[@]} + ${#failed[@]})) -eq 0 ]; then
    echo "No step or test program matches '$filter'." >&2
    exit 1
fi
printf '%d passed, %d failed, %d skipped\n' ${#passed[@]} ${#failed[@]} "$skipped"
[ ${#failed[@]} -eq 0 ]
