#!/usr/bin/env bash
# Runs clang-tidy over src; status 0 where it finds nothing. Takes some minutes, so it is no part of
# tools/test.sh. Needs a configured dev preset.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
run-clang-tidy-14 -quiet -j "$(nproc)" -p build/dev "$PWD/(src|tools)/" 2>/dev/null
