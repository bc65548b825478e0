#!/usr/bin/env bash
# The judge is judged: reports of abidiff whose verdict is known. good_*: nothing breaks. bad_*: something does.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wrong=0
seen=0
for report in "$here"/reports/*.txt; do
    name=$(basename "$report" .txt)
    seen=$((seen + 1))
    broken=$(awk -f "$here/verdict.awk" "$report")
    case "$name" in
        good_*) [ -z "$broken" ] || { echo "$name is refused: $broken"; wrong=1; } ;;
        bad_*) [ -n "$broken" ] || { echo "$name is let through"; wrong=1; } ;;
    esac
done
[ "$seen" -ge 8 ] || { echo "only $seen reports"; wrong=1; }
# A service of another major is not met by plugins of before, so it may be whatever it is.
if [ -n "$(awk -v moved="Identity Store" -f "$here/verdict.awk" "$here/reports/bad_service_grows.txt")" ]; then
    echo "a service with another major is refused"
    wrong=1
fi
exit $wrong
