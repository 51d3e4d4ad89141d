#!/usr/bin/env bash
# Runs the two commands of the README in a minimal Debian 12 in which nothing but git is installed.
# Usage: tools/fresh.sh [--setup-only | --fast]
#
# To be run before each release. It makes the root file system with mmdebstrap, clones what is
# committed here into it and runs tools/demo.sh and tools/test.sh with podman. --setup-only stops
# once everything is installed and wring is built; --fast passes --fast to tools/test.sh. Needs
# root, and the Debian packages mmdebstrap, podman and runc. It takes about as long as
# tools/test.sh. The file system stays in build/fresh for the next run: delete it to get newer
# packages.
set -euo pipefail
cd "$(dirname "$0")/.."

commands='tools/demo.sh && tools/test.sh'
case "${1:-}" in
  "") ;;
  --fast) commands='tools/demo.sh && tools/test.sh --fast' ;;
  --setup-only)
    commands='tools/install-deps.sh && cmake --preset release >/dev/null &&
      cmake --build --preset release --target wring -- --quiet && build/release/wring --version' ;;
  *) echo "usage: tools/fresh.sh [--setup-only | --fast]" >&2; exit 2 ;;
esac

say() { echo "fresh: $*"; }

for program in mmdebstrap podman runc; do
  command -v "$program" >/dev/null || {
    say "$program is missing: apt-get install $program" >&2
    exit 1
  }
done
if [ "$(id -u)" -ne 0 ]; then
  say "containers with TUN interfaces need root: asking sudo"
  exec sudo "$PWD/tools/fresh.sh" "$@"
fi

root=$PWD/build/fresh
mkdir -p build
if [ ! -e "$root/made" ]; then
  say "making a minimal Debian 12 in build/fresh"
  rm -rf "$root"
  mmdebstrap --quiet --variant=minbase --include=git,ca-certificates bookworm "$root.new" \
    http://deb.debian.org/debian \
    'deb http://deb.debian.org/debian bookworm-updates main' \
    'deb http://deb.debian.org/debian-security bookworm-security main'
  touch "$root.new/made"
  mv "$root.new" "$root"
fi

# The container writes to a layer of its own over the file system, so each run begins with nothing
# installed. It shares the network, because Debian's archive is all it needs. The limits are set,
# because podman's own are above those of a container that this script may run in. /run and /tmp are
# in memory, because the podman of a test does not see there that its container has ended if they
# are in that layer.
git -c safe.directory='*' bundle create --quiet build/fresh.bundle HEAD
say "running: $commands"
begin=$SECONDS
status=0
podman --runtime runc --cgroup-manager cgroupfs run --rm --privileged --network host \
  --ulimit "nofile=$(ulimit -n):$(ulimit -n)" --ulimit nproc=16384:16384 --device /dev/net/tun \
  --tmpfs /run:rw,exec,suid,dev --tmpfs /tmp:rw,exec,suid,dev \
  --volume "$PWD/build/fresh.bundle:/wring.bundle:ro" --rootfs "$root:O" \
  bash -c "git -c advice.detachedHead=false clone --quiet /wring.bundle /root/wring &&
    cd /root/wring && $commands" || status=$?
if [ "$status" -ne 0 ]; then
  say "FAILED (status $status) after $((SECONDS - begin)) s" >&2
  exit "$status"
fi
say "passed after $((SECONDS - begin)) s"
