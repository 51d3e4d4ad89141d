#!/usr/bin/env bash
# Writes the files of an image for `wring proxy` to stdout, as a tar: the programs of a build, the
# libraries that they need, and nothing else: no shell, no package manager.
# Usage: tools/proxy-image.sh BUILD | podman import --change USER=65532 ... - NAME
#
# docs/guides/private-database.md has the whole command.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: tools/proxy-image.sh BUILD > FILE.tar" >&2; exit 2; }
build=$1
for program in wring wring-proxy; do
  [ -x "$build/$program" ] && continue
  echo "proxy-image: there is no $build/$program; build it first" >&2
  exit 1
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# The runtime puts its own files into these.
mkdir -p "$root"/{usr/bin,etc,dev,proc,sys,run,tmp}
chmod 755 "$root" && chmod 1777 "$root/tmp"
cp "$build/wring" "$build/wring-proxy" "$root/usr/bin"
strip "$root"/usr/bin/*

# As the loader finds them. Each is copied to the path that it is looked for at.
for program in "$root"/usr/bin/*; do
  ldd "$program" | grep -o '/[^ ]*'
done | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp --dereference "$library" "$root$library"
done

tar --create --directory "$root" --owner=0 --group=0 --sort=name .
