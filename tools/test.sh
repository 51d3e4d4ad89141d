#!/usr/bin/env bash
# Installs what is needed, builds everything, runs every test. Usage: tools/test.sh [--fast]
#
# First the quick checks and the release build. Then two lanes side by side, because most release
# tests wait and most sanitizer time is spent computing:
#   release     unit, simulation, end-to-end, conformance, chaos and interop tests, and the rules
#   sanitizers  unit tests, simulation and fuzz corpus under AddressSanitizer and UBSan; unit tests
#               and simulation under ThreadSanitizer; several workers with real sockets and TUN
#               under the latter; the build with clang, which checks the thread annotations
# Last come the tests that need the machine for themselves. Each lane writes to build/log/, and its
# output is shown when it ends. --fast leaves out the sanitizers, clang, the kernel in QEMU and
# everything labelled slow. Needs root, or sudo, for namespaces.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

fast=no
case "${1:-}" in
  "") ;;
  --fast) fast=yes ;;
  *) echo "usage: tools/test.sh [--fast]" >&2; exit 2 ;;
esac

cores=$(nproc)
logs=build/log
mkdir -p "$logs"
# Lanes are processes of their own: they leave the names of what failed here.
failures=$logs/failed
: >"$failures"

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
    echo "$name" >>"$failures"
    return 1
  fi
}

# lane NAME FUNCTION: runs it in the background, with its output in a file. Sets $! for wait.
lane() {
  say "---- lane '$1' begins; its output is in $logs/$1.log"
  "$2" >"$logs/$1.log" 2>&1 </dev/null &
}

# await NAME PID: shows a lane's output once it has ended.
await() {
  wait "$2" || echo "lane $1" >>"$failures"
  say "---- lane '$1' ended after $SECONDS s in all:"
  cat "$logs/$1.log"
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
  cmake --preset "$preset" "${launcher[@]}" >"$logs/$preset.configure.log" 2>&1 || {
    cat "$logs/$preset.configure.log" >&2
    return 1
  }
  cmake --build --preset "$preset" --target "$@" -- --quiet
}

# build_and_test PRESET FOLDER...: only what is in those folders: the rest does not run there.
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

sanitizers() {
  # The other lane measures time and loss: it goes first where both want a core.
  renice -n 10 "$BASHPID" >/dev/null
  stage "asan and ubsan" build_and_test asan tests/unit tests/sim tests/fuzz
  stage "tsan" build_and_test tsan tests/unit tests/sim
  stage "tsan, with sockets and TUN" race_tests
  stage "clang" build_and_test clang tests/fuzz
}

release_tests() {
  local left_out='^lonely$'
  [ "$fast" = no ] || left_out='^(lonely|slow|qemu)$'
  # Some of these tests do nothing but wait for minutes: they take no core from the others.
  stage "release tests" as_root ctest --preset release -j "$((cores + 2))" -LE "$left_out"
}

lonely_tests() {
  as_root ctest --preset release -L '^lonely$'
}

stage "Debian packages" tools/install-deps.sh || exit 1
stage "peers for the interop tests" tools/install-peers.sh
stage "format" check_format
stage "release build" build release all || exit 1

say "everything up to here took $SECONDS s"
lane release release_tests
release=$!
if [ "$fast" = no ]; then
  lane sanitizers sanitizers
  await sanitizers $!
fi
await release "$release"
stage "tests that need the machine for themselves" lonely_tests

say "peers for the interop tests:"
PYTHONPATH=tests python3 -B tests/interop/peers.py | sed 's/^/test:   /'
if [ -s "$failures" ]; then
  say "FAILED after $SECONDS s: $(paste -sd, "$failures")" >&2
  exit 1
fi
say "all passed after $SECONDS s"
