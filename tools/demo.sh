#!/usr/bin/env bash
# Shows a tunnel: builds wring, joins two network namespaces by a cable, brings up one end in each
# with wg-quick, and measures. Usage: tools/demo.sh
#
# WRING=/path/to/program shows that program instead of building. Everything it makes is removed at
# its end, also after Ctrl-C or a failure. The status is 0 where all of it worked.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${WRING:-}" ]; then
  tools/install-deps.sh
  cmake --preset release >/dev/null
  cmake --build --preset release --target wring
  WRING=$PWD/build/release/wring
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "demo: namespaces need root: asking sudo"
  exec sudo env "WRING=$WRING" "$PWD/tools/demo.sh"
fi

# The name of an interface is also that of its control socket, which all namespaces see: so each
# run takes names of its own, of 15 letters at most.
id=$(($$ % 100000))
left=wring-demo-$id-left right=wring-demo-$id-right
left_if=wgl$id right_if=wgr$id
work=$(mktemp -d)
had_folder=no
[ ! -d /run/wireguard ] || had_folder=yes

say() { printf '%s\n' "demo: $*"; }

cleanup() {
  local status=$? namespace
  trap '' INT TERM
  set +e
  for namespace in "$left" "$right"; do
    if [ -e "/run/netns/$namespace" ]; then
      ip netns pids "$namespace" | xargs -r kill
    fi
  done
  sleep 0.2
  for namespace in "$left" "$right"; do
    if [ -e "/run/netns/$namespace" ]; then
      ip netns pids "$namespace" | xargs -r kill -9
      ip netns delete "$namespace"
    fi
  done
  rm -rf "$work"
  rm -f "/run/wireguard/$left_if.sock" "/run/wireguard/$right_if.sock"
  [ "$had_folder" = yes ] || rmdir /run/wireguard 2>/dev/null
  [ "$status" -eq 0 ] || echo "demo: failed (status $status)" >&2
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wg-quick VERB FILE in a namespace. On a kernel with WireGuard of its own wg-quick would take that
# one, so here it is told that there is none; both tricks end with this one command.
quick() {
  ip netns exec "$1" env "WG_QUICK_USERSPACE_IMPLEMENTATION=$WRING" bash -c '
    mount -t tmpfs tmpfs /sys/module
    ip() { [[ "$*" != "link add "*" type wireguard" ]] && command ip "$@"; }
    export -f ip
    exec wg-quick "$@"' bash "$2" "$3" >"$work/wg-quick.log" 2>&1 </dev/null || {
      cat "$work/wg-quick.log" >&2
      return 1
    }
}

# config INTERFACE PRIVATE_KEY NUMBER PEER_PUBLIC_KEY PEER_NUMBER
config() {
  (umask 077; cat >"$work/$1.conf" <<CONF
[Interface]
PrivateKey = $2
Address = 10.9.0.$3/24, fd09::$3/64
ListenPort = 51820

[Peer]
PublicKey = $4
PresharedKey = $psk
AllowedIPs = 10.9.0.$5/32, fd09::$5/128
Endpoint = 10.7.0.$5:51820
CONF
  )
}

say "two namespaces, $left and $right, joined by a veth cable (MTU 1500)"
ip netns add "$left"
ip netns add "$right"
ip -n "$left" link add eth0 type veth peer name eth0 netns "$right"
ip -n "$left" address add 10.7.0.1/24 dev eth0
ip -n "$right" address add 10.7.0.2/24 dev eth0
for namespace in "$left" "$right"; do
  ip -n "$namespace" link set lo up
  ip -n "$namespace" link set eth0 up
done

left_key=$(wg genkey) right_key=$(wg genkey) psk=$(wg genpsk)
config "$left_if" "$left_key" 1 "$(wg pubkey <<<"$right_key")" 2
config "$right_if" "$right_key" 2 "$(wg pubkey <<<"$left_key")" 1

say "wg-quick up in both, with $("$WRING" --version | head -n 1)"
quick "$left" up "$work/$left_if.conf"
quick "$right" up "$work/$right_if.conf"

ip netns exec "$left" ping -q -n -c 20 -i 0.05 -W 2 10.9.0.2 >"$work/ping4"
ip netns exec "$left" ping -q -n -c 20 -i 0.05 -W 2 fd09::2 >"$work/ping6"
ip netns exec "$left" wg show "$left_if"

# measure FILE [OPTIONS]: one TCP stream through the tunnel for 5 s; iperf3's report goes to FILE.
measure() {
  local report=$1 server attempt
  shift
  ip netns exec "$right" iperf3 -s -1 -B 10.9.0.2 >/dev/null </dev/null &
  server=$!
  for attempt in {1..50}; do
    if ip netns exec "$right" ss -ltnH | grep -q :5201; then break; fi
    sleep 0.1
  done
  [ "$attempt" -lt 50 ] || { echo "demo: iperf3 does not listen" >&2; return 1; }
  ip netns exec "$left" iperf3 -c 10.9.0.2 -t 5 -f g "$@" >"$report" </dev/null || {
    cat "$report" >&2
    return 1
  }
  wait "$server"
}
say "iperf3 through the tunnel, 5 s in each direction"
measure "$work/there"
measure "$work/back" --reverse

quick "$left" down "$work/$left_if.conf"
quick "$right" down "$work/$right_if.conf"
for interface in "$left_if" "$right_if"; do
  for attempt in {1..50}; do
    [ -S "/run/wireguard/$interface.sock" ] || break
    sleep 0.1
  done
  [ "$attempt" -lt 50 ] || { echo "demo: $interface.sock is still there" >&2; exit 1; }
done

pinged() {
  awk '/packets transmitted/ {sent = $1; got = $4}
       /^rtt/ {split($4, rtt, "/")}
       END {printf "%d of %d answered, %s ms on average", got, sent, rtt[2]; exit got != sent}' "$1"
}
speed() {
  awk '/receiver$/ {printf "%s %s", $7, $8; found = 1} END {exit !found}' "$1"
}
# Assigned first: a failure inside an argument would go unnoticed.
ping4=$(pinged "$work/ping4") ping6=$(pinged "$work/ping6")
there=$(speed "$work/there") back=$(speed "$work/back")
echo
say "through the tunnel (MTU 1420, ChaCha20-Poly1305, both ends on $(nproc) cores)"
say "  ping, IPv4           $ping4"
say "  ping, IPv6           $ping6"
say "  TCP, left to right   $there"
say "  TCP, right to left   $back"
