#!/usr/bin/env bash
# Runs clang-tidy over src; status 0 where it finds nothing.
# Usage: tools/tidy.sh [--deep] [FOLDER...]
# With --deep it runs clang's static analyzer instead, which takes some ten minutes. Needs a
# configured dev preset, or makes one.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
exec python3 -B tests/tidy/lint.py --build build/dev "$@"
