#!/usr/bin/env bash
# Installs, from Debian alone, what wring is built and tested with, and says what that is.
# Usage: tools/install-deps.sh [--build-only | --coverage | --arm64]
#
# Where everything is there already it changes nothing and needs no network. --build-only leaves
# out what only the tests and the demo need, --coverage adds what tools/coverage.sh needs. --arm64
# adds what the tests of the preset `arm64` need, for which dpkg has to know that architecture, too.
set -euo pipefail

build=(
  g++ cmake ninja-build pkg-config git
  libsodium-dev libb2-dev          # the cryptography
  libipsec-mb-dev                  # its fast path on x86-64; absent elsewhere
  liburing-dev liburcu-dev libmnl-dev libnftables-dev
  libc-ares-dev libssl-dev         # for wring proxy: names, and an HTTP proxy behind TLS
  libcap-dev libseccomp-dev        # what a process may do once it is set up
  libmicrohttpd-dev                # HTTP, for wring metrics alone
  libfmt-dev libspdlog-dev libcli11-dev libexpected-dev nlohmann-json3-dev
  scdoc                            # man pages
  dpkg-dev                         # unpacks lwIP's source, see tools/lwip-source.sh
)
test=(
  libgtest-dev libgmock-dev libbenchmark-dev
  clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14
  python3 python3-pytest python3-cryptography
  flake8 mypy universal-ctags      # for the rules of the house, tests/tidy
  wireguard-tools                  # wg and wg-quick, for the tests and the demo
  iproute2 iputils-ping ethtool nftables procps util-linux
  iperf3 tshark valgrind curl tmux
  zsh fish                         # bash is there: completions
  dbus-daemon                      # by which resolvectl talks to systemd-resolved
  prometheus                       # and promtool, by which metrics and alerts are checked
  podman runc                      # a container, for where wring must start
  mmdebstrap lintian               # the packages, in a fresh Debian
  keepalived                       # two gateways with one address, as a guide has it
  python3-venv                     # for the schema of Kubernetes
  openssh-client dropbear-bin      # ssh through `wring proxy`, and its server
)
# The preset `arm64`: a cross compiler, an emulator, and libraries of that architecture.
arm64=(
  g++-aarch64-linux-gnu qemu-user-static
  qemu-system-arm                  # a kernel of that architecture
  libsodium-dev:arm64 libb2-dev:arm64
  liburing-dev:arm64 liburcu-dev:arm64 libmnl-dev:arm64 libnftables-dev:arm64
  libc-ares-dev:arm64 libssl-dev:arm64 libmicrohttpd-dev:arm64
  libcap-dev:arm64 libseccomp-dev:arm64
  libfmt-dev:arm64 libspdlog-dev:arm64
  libgtest-dev:arm64 libgmock-dev:arm64
)
native=$(dpkg --print-architecture 2>/dev/null || true)
foreign=""

case "${1:-}" in
  "") wanted=("${build[@]}" "${test[@]}") ;;
  --build-only) wanted=("${build[@]}") ;;
  --coverage) wanted=("${build[@]}" "${test[@]}" gcovr) ;;
  --arm64)
    wanted=("${build[@]}" "${test[@]}")
    # On such a machine everything is of it already.
    if [ "$native" != arm64 ]; then
      wanted+=("${arm64[@]}")
      foreign=arm64
    fi ;;
  *) echo "usage: tools/install-deps.sh [--build-only | --coverage | --arm64]" >&2; exit 2 ;;
esac

say() { echo "install-deps: $*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v apt-get >/dev/null; then
  say "this system has no apt-get; install the equivalents of: ${wanted[*]}" >&2
  exit 1
fi

# is_there PACKAGE[:ARCHITECTURE]: it is installed, for this machine or the architecture named. dpkg
# names a package once for each architecture that has it.
is_there() {
  local architecture=$native
  case $1 in *:*) architecture=${1#*:} ;; esac
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -qxE "($architecture|all) installed"
}

missing=()
for package in "${wanted[@]}"; do
  [ "$package" != libipsec-mb-dev ] || [ "$native" = amd64 ] || continue
  is_there "$package" || missing+=("$package")
done

# Without it all is built but `wring proxy --stack lwip`.
fetch_lwip() {
  "$(dirname "$0")/lwip-source.sh" || true
}

if [ ${#missing[@]} -eq 0 ]; then
  say "all ${#wanted[@]} Debian packages are there"
  fetch_lwip
  exit 0
fi
if [ -n "$foreign" ] && ! dpkg --print-foreign-architectures | grep -qx "$foreign"; then
  say "adding the architecture $foreign to dpkg: the tests are cross-compiled with its libraries"
  say "to undo it: apt-get purge '~r$foreign' && dpkg --remove-architecture $foreign"
  as_root dpkg --add-architecture "$foreign"
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
fetch_lwip
say "done"
