#!/usr/bin/env bash
# Installs, from Debian alone, what wring is built and tested with, and says what that is.
# Usage: tools/install-deps.sh [--build-only | --coverage]
#
# Where everything is there already it changes nothing and needs no network. --build-only leaves
# out what only the tests and the demo need, --coverage adds what tools/coverage.sh needs.
set -euo pipefail

build=(
  g++ cmake ninja-build pkg-config git
  libsodium-dev libb2-dev          # the cryptography
  libipsec-mb-dev                  # its fast path on x86-64; absent elsewhere
  liburing-dev liburcu-dev libmnl-dev
  libcap-dev libseccomp-dev        # what a process may do once it is set up
  libfmt-dev libspdlog-dev libcli11-dev libexpected-dev
)
test=(
  libgtest-dev libgmock-dev libbenchmark-dev
  clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14
  python3 python3-pytest python3-cryptography
  flake8 mypy universal-ctags      # for the rules of the house, tests/tidy
  wireguard-tools                  # wg and wg-quick, for the tests and the demo
  iproute2 iputils-ping ethtool nftables procps util-linux
  iperf3 tshark valgrind
  podman runc                      # a container, for where wring must start
)

case "${1:-}" in
  "") wanted=("${build[@]}" "${test[@]}") ;;
  --build-only) wanted=("${build[@]}") ;;
  --coverage) wanted=("${build[@]}" "${test[@]}" gcovr) ;;
  *) echo "usage: tools/install-deps.sh [--build-only | --coverage]" >&2; exit 2 ;;
esac

say() { echo "install-deps: $*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v apt-get >/dev/null; then
  say "this system has no apt-get; install the equivalents of: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  [ "$package" != libipsec-mb-dev ] || [ "$(dpkg --print-architecture)" = amd64 ] || continue
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then
  say "all ${#wanted[@]} Debian packages are there"
  exit 0
fi
say "installing ${missing[*]}"
# Nobody is there to answer a question, and a long log helps only where something failed.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
  as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  say "apt-get failed; its output is above" >&2
  exit 1
fi
say "done"
