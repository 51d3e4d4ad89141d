#!/usr/bin/env bash
# Builds the Debian packages from the release build, in build/release/packages.
# Usage: tools/package.sh [--check]
#
# --check runs lintian over them. tests/packages installs them in a fresh Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

check=no
case "${1:-}" in
  "") ;;
  --check) check=yes ;;
  *) echo "usage: tools/package.sh [--check]" >&2; exit 2 ;;
esac

build=build/release
cmake --preset release >/dev/null
# What is installed, and nothing of the tests.
cmake --build --preset release --target src/all docs/man/all -- --quiet
rm -rf "$build/packages"
cpack --config "$build/CPackConfig.cmake" -B "$build/packages" >/dev/null
rm -rf "$build/packages/_CPack_Packages"
[ "$check" = no ] || lintian --fail-on=error,warning "$build"/packages/*.deb
ls "$build"/packages/*.deb
