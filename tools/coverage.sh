#!/usr/bin/env bash
# Which lines of the protocol's code no test runs. Usage: tools/coverage.sh [LABEL...]
#
# Builds with counters in build/coverage, runs the unit tests, the simulation, the fuzzers' corpus,
# the wire peer's tests and the end-to-end tests (or only those with the labels given), and prints
# for each file of the pure folders how many of its lines ran. Ends with status 1 if a
# test failed, or if it is less than 90 % of all lines. Needs root, or sudo, for namespaces. Tests
# labelled slow are left out, and so is the one of confinement: wring runs without its filter of
# system calls here, which would keep it from writing its counters at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

readonly least=90
build=build/coverage

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo env "PATH=$PATH" "$@"; fi
}

command -v gcovr >/dev/null || tools/install-deps.sh --coverage || exit 1
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
mkdir -p build
if ! cmake --preset coverage "${launcher[@]}" >"$build.configure.log" 2>&1; then
  cat "$build.configure.log" >&2
  exit 1
fi
cmake --build --preset coverage -- --quiet || exit 1

selection=()
[ $# -eq 0 ] || selection=(-L "^($(IFS='|' && echo "$*"))$")
as_root find "$build" -name '*.gcda' -delete
tests=passed
as_root ctest --preset coverage -j "$(nproc)" "${selection[@]}" </dev/null || tests=FAILED

# The objects of tests are left out by the filters: what counts is what they ran.
lines=enough
filters=()
for folder in crypto noise ip config tables peer device dataplane; do
  filters+=(--filter "src/$folder/")
done
as_root gcovr --root . --object-directory "$build" "${filters[@]}" \
  --fail-under-line "$least" "$build" || lines=missing
echo "coverage: tests $tests, lines ${lines/enough/at least $least %}"
[ "$tests" = passed ] && [ "$lines" = enough ]
