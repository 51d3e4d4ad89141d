#!/usr/bin/env bash
# Installs what is needed, builds everything, runs every test. Usage: tools/test.sh [--fast]
#
# In this order: the format of the sources; the unit tests and the simulation under the address,
# undefined-behaviour and thread sanitizers; several workers with real sockets and TUN under the
# latter; the fuzzers over their corpus; and last the release build with all of its tests, whose
# summary ends the output. --fast leaves out the sanitizers, the fuzzers, the kernel in QEMU and all
# that is labelled slow. Needs root, or sudo, for namespaces.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

fast=no
case "${1:-}" in
  "") ;;
  --fast) fast=yes ;;
  *) echo "usage: tools/test.sh [--fast]" >&2; exit 2 ;;
esac

cores=$(nproc)
failed=()

say() { echo "test: $*"; }

# stage NAME COMMAND...: runs it, says how long it took, remembers a failure and goes on.
stage() {
  local name=$1 begin=$SECONDS
  shift
  say "---- $name"
  if "$@" </dev/null; then
    say "---- $name: passed after $((SECONDS - begin)) s"
  else
    say "---- $name: FAILED after $((SECONDS - begin)) s" >&2
    failed+=("$name")
    return 1
  fi
}

check_format() {
  git ls-files -z '*.h' '*.cpp' | xargs -0 -r clang-format-14 --dry-run --Werror
}

launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

# build PRESET TARGET...
build() {
  local preset=$1
  shift
  cmake --preset "$preset" "${launcher[@]}" >"build/$preset.configure.log" 2>&1 || {
    cat "build/$preset.configure.log" >&2
    return 1
  }
  cmake --build --preset "$preset" --target "$@" -- --quiet
}

# build_and_test PRESET FOLDER...: only what is in those folders, for the rest is not run there.
build_and_test() {
  local preset=$1
  shift
  build "$preset" "${@/%//all}" && ctest --preset "$preset" -j "$cores"
}

# Namespaces need root. The environment is kept, so that the tests find the same programs.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo --preserve-env=CI,WRING_PEERS,WRING_REQUIRE_PEERS env "PATH=$PATH" "$@"
  fi
}

race_tests() {
  build tsan wring racing && as_root ctest --test-dir build/tsan -L '^races$' --output-on-failure
}

mkdir -p build
stage "Debian packages" tools/install-deps.sh || exit 1
stage "peers for the interop tests" tools/install-peers.sh
stage "format" check_format
if [ "$fast" = no ]; then
  stage "asan and ubsan" build_and_test asan tests/unit tests/sim
  stage "tsan" build_and_test tsan tests/unit tests/sim
  stage "tsan, with sockets and TUN" race_tests
  stage "fuzz corpus" build_and_test fuzz tests/fuzz
fi
stage "release build" build release all || exit 1

say "everything up to here took $SECONDS s; failed: ${failed[*]:-nothing}"
selection=()
[ "$fast" = no ] || selection=(-LE '^(slow|qemu)$')
# Two of these tests do nothing but wait for minutes: they take no core from the others.
as_root ctest --preset release -j "$((cores + 2))" "${selection[@]}" </dev/null ||
  failed+=("release tests")

if [ ${#failed[@]} -ne 0 ]; then
  say "FAILED: ${failed[*]}" >&2
  exit 1
fi
