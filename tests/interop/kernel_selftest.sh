#!/usr/bin/env bash
# Runs the selftest of the kernel's module, netns.sh, with wring in place of the module. The script
# is not here, because it is the kernel's: tools/testing/selftests/wireguard/netns.sh of Linux, or
# src/tests/netns.sh of wireguard-linux-compat. Needs root, ncat and iptables; takes two minutes.
# Usage: tests/interop/kernel_selftest.sh NETNS.SH
#
# The script ends at its first failure. Here it goes on, and each line that failed is printed at
# the end; the status is 0 where none did. Four lines cannot pass on any TUN: an interface's
# counters are the kernel's, which counts inner packets (2); an inner route's MTU is not told to a
# TUN's owner; and an ICMP error with a source that is not local is dropped where it comes from one.
set -euo pipefail

script=$(realpath "${1:?usage: tests/interop/kernel_selftest.sh NETNS.SH}")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
cleanup() {
  local pids=()
  [ ! -s "$work/pids" ] || mapfile -t pids <"$work/pids"
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

# What the script finds before its own first line. Interfaces of one name in two namespaces would
# share a socket, so each namespace has a folder of sockets; it is mounted where `wg` looks.
cat >"$work/prologue" <<PROLOGUE
set -E
# The script's own helpers only pass on what fails where they are called.
failed() {
  case \${FUNCNAME[1]} in
    main | tests | configure_peers) echo "L\$1: \$(sed -n "\$1p" "$script")" >>$work/failed ;;
  esac
}
trap 'failed "\$LINENO"' ERR
# add_wg NAMESPACE FOLDER INTERFACE
add_wg() {
  mkdir -p "$work/\$2"
  ip netns exec "\$1" unshare -m bash -c 'mount --bind "\$0" /var/run/wireguard && exec "\$@"' \\
    "$work/\$2" "${WRING:-$PWD/build/release/wring}" -f "\$3" >>$work/log 2>&1 3>&- &
  echo "\$!" >>$work/pids
  until [ -S "$work/\$2/\$3.sock" ]; do read -rt 0.1 -N 1 || true; done
}
# in_folder FOLDER NAMESPACE COMMAND...
in_folder() {
  local folder=\$1 namespace=\$2
  shift 2
  mkdir -p "$work/\$folder"
  set -- ip netns exec "\$namespace" unshare -m \\
    bash -c 'mount --bind "\$0" /var/run/wireguard && exec "\$@"' "$work/\$folder" "\$@"
  maybe_exec "\$@"
}
PROLOGUE
mkdir -p /var/run/wireguard

# The first two interfaces are made in namespace 0 and then moved to 1 and 2.
awk -v work="$work" '
  NR == 2 { print "source " work "/prologue"; next }
  /^set -e$/ { print ""; next }
  /^n[012]\(\) / {
    n = substr($1, 2, 1)
    sub(/maybe_exec ip netns exec \$netns[012]/, "in_folder " n " $netns" n)
  }
  /^ip[012] link add (dev )?wg[0-9] type wireguard$/ {
    n = substr($1, 3, 1)
    interface = $(NF - 2)
    folder = n == 0 && made < 2 ? ++made : n
    print "add_wg $netns" n " " folder " " interface
    next
  }
  # Its socket stays where it is, and gets a second name.
  /^ip1 link set netns \$netns0 dev wg1$/ {
    print $0 "; ln -f " work "/1/wg1.sock " work "/0/"
    next
  }
  # Any other interface does where there is no dummy module.
  / link add dummy0 type dummy$/ { print $0 " || ip1 link add dummy0 type veth peer dummy1"; next }
  { print }' "$script" >"$work/netns.sh"

bash "$work/netns.sh" >"$work/out" 2>&1 || true
if ! grep -q "also destroyed" "$work/out"; then
  tail -n 30 "$work/out"
  echo "the selftest did not come to its end" >&2
  exit 1
fi
if [ -s "$work/failed" ]; then
  sort -u "$work/failed"
  exit 1
fi
echo "every line passed"
