#!/bin/sh
# What CI does, and what you can do before you push: builds, tests, checks. Needs Cairn's bin/ in PATH.
set -eu
cd "$(dirname "$0")"
cmake --workflow --preset default
cairn plugins inspect build/plugins/@name@.so
cairn-check build/plugins/@name@.so
