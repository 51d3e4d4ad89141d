#!/usr/bin/env bash
# Installs what is needed, builds everything, runs every test. Usage: tools/test.sh [--fast]
#
# First the quick checks, and the daemon's release build beside the foreign implementations. Then
# three lanes side by side: the daemon's tests mostly wait, everything else mostly computes, and a
# lane has work while another one waits for its last test.
#   daemon      end-to-end, conformance, chaos and interop tests
#   release     the rules; unit tests of the engine and simulation of the release build; clang-tidy;
#               unit tests and simulation for arm64, and a tunnel to such a kernel, under QEMU
#   sanitizers  all unit tests, simulation and fuzz corpus under AddressSanitizer and UBSan, by
#               clang, which checks the thread annotations, too; those of what has threads, several
#               workers with real sockets and TUN, and the simulation under ThreadSanitizer
# Last come the tests that need the machine for themselves. Each lane writes to build/log/, and its
# output is shown when it ends. --fast leaves out the sanitizers, arm64, the kernel in QEMU, the
# packages and everything labelled slow. Needs root, or sudo, for namespaces.
#
# With WRING_TEST_TRIES=N a test that fails is tried up to N times, and the end names each that
# failed at a try. .ci/run sets 2, because its machine is shared; by itself nothing is tried again.
#
# ccache is used wherever it is installed, but not with CI in the environment: a cache that is empty
# costs more than the precompiled headers that it cannot hold.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

fast=no
case "${1:-}" in
  "") ;;
  --fast) fast=yes ;;
  *) echo "usage: tools/test.sh [--fast]" >&2; exit 2 ;;
esac

cores=$(nproc)
tries=(--repeat "until-pass:${WRING_TEST_TRIES:-1}")
logs=build/log
mkdir -p "$logs"
# Lanes are processes of their own: they leave the names of what failed here.
failures=$logs/failed
: >"$failures"

say() { echo "test: $*"; }

# stage NAME COMMAND...: runs it, says how long it took and how long the processors worked for it,
# remembers a failure and goes on.
stage() {
  local name=$1 begin=$SECONDS TIMEFORMAT="test: processors: %0U s and %0S s for the kernel"
  shift
  say "---- $name"
  if time "$@" </dev/null; then
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
if [ -z "${CI:-}" ] && command -v ccache >/dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi

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
  build "$preset" "${@/%//all}" && ctest --preset "$preset" -j "$cores" "${tries[@]}"
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
  build tsan wring racing &&
    as_root ctest --test-dir build/tsan -L '^races$' -j "$cores" --output-on-failure \
      "${tries[@]}"
}

# Where the machine itself is one, the release build's tests have shown it.
arm64_tests() {
  [ "$(dpkg --print-architecture)" != arm64 ] || return 0
  build arm64 tests/all wring_cipher_cost wring &&
    ctest --preset arm64 -j "$cores" "${tries[@]}" &&
    as_root tests/interop/arm64_smoke.py
}

# What is configured already: the other lane reads it. The tests by their folders, because two runs
# of ctest in one folder would write the same log.
release_part_tests() {
  cmake --build --preset release --target all -- --quiet || return
  as_root ctest --test-dir build/release/tests -L '^(tidy|unit|sim|parts)$' -j "$cores" \
    --output-on-failure "${tries[@]}" &&
    as_root ctest --test-dir build/release/bench --output-on-failure "${tries[@]}"
}

# The daemon's lane measures time and loss: it goes first where another one wants the core, too.
give_way() {
  renice -n 10 "$BASHPID" >/dev/null
  export CMAKE_BUILD_PARALLEL_LEVEL=$cores
}

release_lane() {
  give_way
  stage "rules, and parts of the release build" release_part_tests
  [ "$fast" = no ] || return 0
  stage "clang-tidy" tools/tidy.sh
  stage "arm64" arm64_tests
}

sanitizers_lane() {
  give_way
  stage "asan, ubsan and fuzzers" build_and_test asan tests/unit tests/sim tests/fuzz
  stage "tsan" build_and_test tsan tests/unit tests/sim
  stage "tsan, with sockets and TUN" race_tests
}

peers_lane() {
  stage "peers for the interop tests" tools/install-peers.sh
}

daemon_tests() {
  local left_out='^(lonely|bench|tidy|unit|sim|fuzz|parts)$'
  [ "$fast" = no ] || left_out='^(lonely|bench|tidy|unit|sim|fuzz|parts|slow|qemu|packages)$'
  # Some of these tests do nothing but wait for minutes: they take no core from the others.
  stage "daemon's tests" as_root ctest --preset release -j "$((cores + 4))" -LE "$left_out" \
    "${tries[@]}"
}

lonely_tests() {
  as_root ctest --preset release -L '^lonely$' "${tries[@]}" | tee "$logs/lonely.log"
}

# What failed at a try, and how often, from what ctest wrote.
tried_again() {
  [ "${WRING_TEST_TRIES:-1}" -gt 1 ] || return 0
  sed -nE 's/.*Test +#[0-9]+: ([^ ]+) .*\*\*\*(Failed|Timeout|Exception).*/\1/p' \
    "$logs"/{daemon,release,sanitizers,lonely}.log 2>/dev/null | sort | uniq -c |
    sed 's/^ *\([0-9]*\) \(.*\)/test:   \2 (\1)/'
}

if [ "$fast" = yes ]; then
  stage "Debian packages" tools/install-deps.sh || exit 1
else
  stage "Debian packages" tools/install-deps.sh --arm64 || exit 1
fi
lane peers peers_lane
peers=$!
stage "format" check_format
stage "daemon's release build" build release src/all docs/man/all tests/support/all
built=$?
await peers "$peers"
[ "$built" -eq 0 ] || exit 1

say "everything up to here took $SECONDS s"
lane daemon daemon_tests
daemon=$!
lane release release_lane
release=$!
sanitizers=
if [ "$fast" = no ]; then
  lane sanitizers sanitizers_lane
  sanitizers=$!
fi
await daemon "$daemon"
await release "$release"
[ -z "$sanitizers" ] || await sanitizers "$sanitizers"
stage "tests that need the machine for themselves" lonely_tests

say "peers for the interop tests:"
PYTHONPATH=tests python3 -B tests/interop/peers.py | sed 's/^/test:   /'
again=$(tried_again)
[ -z "$again" ] || printf 'test: failed at a try, and how often:\n%s\n' "$again"
if [ -s "$failures" ]; then
  say "FAILED after $SECONDS s: $(paste -sd, "$failures")" >&2
  exit 1
fi
say "all passed after $SECONDS s"
