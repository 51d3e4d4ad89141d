#!/usr/bin/env bash
# Installs the foreign WireGuard implementations that tests/interop talks to: wireguard-go,
# boringtun and the Linux kernel (which boots under QEMU), and systemd-resolved, which tests/e2e
# talks to. Usage: tools/install-peers.sh [--bench]
#
# Packages come from Debian; everything else goes to ${WRING_PEERS:-build/peers} and nowhere else:
# no kernel is installed on this machine, it is only unpacked, and so is systemd-resolved, whose
# package would take over /etc/resolv.conf. What is there already is left alone, so a second run
# takes no time; delete the folder to get newer versions.
# --bench adds gotatun and onetun, which only the comparisons in bench/ need.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
peers=${WRING_PEERS:-$root/build/peers}
bench=no
case "${1:-}" in
  "") ;;
  --bench) bench=yes ;;
  *) echo "usage: tools/install-peers.sh [--bench]" >&2; exit 2 ;;
esac
# rustup and Go's own installer put their programs here, and not every shell has them on PATH.
PATH=$PATH:$HOME/.cargo/bin:/usr/local/go/bin
mkdir -p "$peers/bin" "$peers/log"
# What Debian calls this machine; the kernel that boots under QEMU is one for it.
architecture=$(dpkg --print-architecture)
case $architecture in
  arm64) emulator=qemu-system-arm ;;
  *) emulator=qemu-system-x86 ;;
esac

say() { echo "install-peers: $*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

is_installed() {
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -qxE "($architecture|all) installed"
}

apt_is_fresh=no
refresh_apt() {
  if [ "$apt_is_fresh" = no ]; then
    as_root apt-get -o Acquire::Retries=3 update -qq
    apt_is_fresh=yes
  fi
}

# download PACKAGE...: into this folder. apt-get says each time that it does so as root.
download() {
  apt-get -o Acquire::Retries=3 download -qq "$@" 2>&1 | grep -v 'unsandboxed as root' || true
}

install_packages() {
  local package missing=()
  for package in iproute2 iputils-ping wireguard-tools busybox-static "$emulator"; do
    is_installed "$package" || missing+=("$package")
  done
  # Without a Go compiler, Debian's build of wireguard-go is the newest available.
  if ! command -v go >/dev/null && ! is_installed wireguard-go; then
    missing+=(wireguard-go)
  fi
  if [ ${#missing[@]} -eq 0 ]; then
    say "Debian packages: all there"
    return
  fi
  say "Debian packages: installing ${missing[*]}"
  refresh_apt
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$peers/log/apt.log"
}

install_wireguard_go() {
  if [ -x "$peers/bin/wireguard-go" ]; then
    say "wireguard-go: there"
  elif command -v go >/dev/null; then
    say "wireguard-go: building the newest with $(go version | cut -d' ' -f3)"
    local staging
    staging=$(mktemp -d "$peers/go.XXXXXX")
    GOBIN=$staging go install golang.zx2c4.com/wireguard@latest
    mv "$staging/wireguard" "$peers/bin/wireguard-go"
    rmdir "$staging"
  else
    say "wireguard-go: Debian's, for want of a Go compiler"
  fi
}

# install_crate CRATE PROGRAM
install_crate() {
  if [ -x "$peers/bin/$2" ]; then
    say "$1: there"
  elif command -v cargo >/dev/null; then
    say "$1: building with $(cargo --version | cut -d' ' -f1,2)"
    # --locked: with the versions of its dependencies that its authors tested.
    cargo install --locked --quiet --root "$peers" "$1"
  else
    say "$1: left out, there is no cargo (https://rustup.rs)"
  fi
}

install_kernel() {
  if compgen -G "$peers/kernel/boot/vmlinuz-*" >/dev/null; then
    say "Linux kernel: there"
    return
  fi
  local package staging
  refresh_apt
  package=$(apt-cache depends "linux-image-cloud-$architecture" |
    awk '$1 == "Depends:" {print $2; exit}')
  if [ -z "$package" ]; then
    say "Linux kernel: apt knows no linux-image-cloud-$architecture" >&2
    return 1
  fi
  say "Linux kernel: unpacking $package"
  staging=$(mktemp -d "$peers/kernel.XXXXXX")
  (cd "$staging" && download "$package")
  dpkg -x "$staging/$package"_*.deb "$staging"
  rm "$staging/$package"_*.deb
  # Renamed only when complete: an interrupted run leaves no half kernel that looks like a whole.
  rm -rf "$peers/kernel"
  mv "$staging" "$peers/kernel"
}

install_resolved() {
  if [ -x "$peers/resolved/lib/systemd/systemd-resolved" ]; then
    say "systemd-resolved: there"
    return
  fi
  local staging
  refresh_apt
  say "systemd-resolved: unpacking"
  staging=$(mktemp -d "$peers/resolved.XXXXXX")
  # Its library has to be of the same version.
  (cd "$staging" && download systemd-resolved libsystemd-shared)
  for package in "$staging"/*.deb; do
    dpkg -x "$package" "$staging"
    rm "$package"
  done
  chmod go+rx "$staging"
  rm -rf "$peers/resolved"
  mv "$staging" "$peers/resolved"
}

# One after the other: apt-get locks its lists, and the second of two at a time fails.
unpack_packages() {
  install_kernel
  install_resolved
}

# Runs a step in the background; its output appears in one piece, with the time it took.
steps=()
start_step() {
  local name=$1
  shift
  (
    begin=$SECONDS
    # A function under `if` or `||` would run without `set -e`, so the step gets its own shell.
    set +e
    (set -e; "$@") >"$peers/log/$name.log" 2>&1
    status=$?
    cat "$peers/log/$name.log"
    [ "$status" -eq 0 ] || say "$name: FAILED"
    [ $((SECONDS - begin)) -lt 2 ] || say "$name: took $((SECONDS - begin)) s"
    exit "$status"
  ) &
  steps+=($!)
}

install_packages
start_step unpacked unpack_packages
start_step wireguard-go install_wireguard_go
start_step boringtun install_crate boringtun-cli boringtun-cli
if [ "$bench" = yes ]; then
  start_step gotatun install_crate gotatun-cli gotatun
  start_step onetun install_crate onetun onetun
fi

failed=0
for step in "${steps[@]}"; do
  wait "$step" || failed=1
done
if [ "$failed" -ne 0 ]; then
  say "not everything could be installed, see above" >&2
  exit 1
fi
say "done, in $peers"
