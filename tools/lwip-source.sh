#!/usr/bin/env bash
# Fetches the source of Debian's package lwip, which `wring proxy` is built with, to
# /usr/local/src/wring, by apt with its signatures checked. Usage: tools/lwip-source.sh
#
# Where it is there already it changes nothing and needs no network. The machine's own list of
# package sources stays as it is: one for sources is made from it, used once, and deleted.
set -euo pipefail

version=2.1.3+dfsg1-2  # as in cmake/Lwip.cmake
target=/usr/local/src/wring/lwip-$version

say() { echo "lwip-source: $*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

if [ -e "$target/src/core/tcp.c" ]; then
  say "lwip $version is there"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{parts,lists/partial,cache/archives/partial}

# The machine's sources of packages as sources of source packages, in both of apt's forms.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$list" ] || continue
  name=$(basename "$list" .list)
  sed -n 's/^[[:space:]]*deb\([[:space:]]\)/deb-src\1/p' "$list" >"$work/parts/$name.list"
done
for list in /etc/apt/sources.list.d/*.sources; do
  [ -f "$list" ] || continue
  sed 's/^Types:.*/Types: deb-src/I' "$list" >"$work/parts/$(basename "$list")"
done

apt=(apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/parts"
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=$(id -un)")
cd "$work"
# Others' sources may have none of source packages; what counts is whether this one comes.
"${apt[@]}" update >log 2>&1 </dev/null || true
if ! { "${apt[@]}" source --download-only "lwip=$version" &&
       dpkg-source --no-copy -x "lwip_$version.dsc" source; } >>log 2>&1 </dev/null; then
  cat log >&2
  say "lwip $version cannot be had, see above; wring proxy is built without it" >&2
  exit 1
fi
as_root mkdir -p "$(dirname "$target")"
as_root cp -r --no-preserve=ownership source "$target.part"
as_root mv "$target.part" "$target"
say "lwip $version is in $target now"
