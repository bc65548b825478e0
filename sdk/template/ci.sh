#!/bin/sh
# What CI does, and what you can do before you push: builds, tests, checks. Needs cairn in PATH.
set -eu
cd "$(dirname "$0")"
cmake --workflow --preset default
cairn plugins inspect build/plugins/@name@.so
if command -v cairn-check >/dev/null; then
    cairn-check build/plugins/@name@.so
fi
