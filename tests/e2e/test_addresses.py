"""IPv4 and IPv6, inside the tunnel and outside of it."""

import pytest

from support import wg
from support.capture import Capture
from support.daemon import Daemon
from support.transfer import await_reach, ping, send_tcp
from support.tunnel import PORT, End, tunnel

OUTER = {4: ("10.7.0.1", "10.7.0.2"), 6: ("fd07:0::1", "fd07:0::2")}
MEGABYTE = 1_000_000


@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("inner", [4, 6])
def test_traffic_crosses_both_ways(pair, outer, inner):
    with tunnel(*pair, *OUTER[outer]) as (one, two):
        one_inside = one.inner4 if inner == 4 else one.inner6
        two_inside = two.inner4 if inner == 4 else two.inner6
        assert ping(one.host, two_inside, count=10).lost == 0
        assert ping(two.host, one_inside, count=10).lost == 0
        send_tcp(one.host, two.host, two_inside, 2 * MEGABYTE)
        send_tcp(two.host, one.host, one_inside, 2 * MEGABYTE)


@pytest.mark.parametrize("outer", [4, 6])
def test_fifty_megabytes_arrive_unchanged_each_way(pair, outer):
    with tunnel(*pair, *OUTER[outer]) as (one, two):
        send_tcp(one.host, two.host, two.inner4, 50 * MEGABYTE)
        send_tcp(two.host, one.host, one.inner4, 50 * MEGABYTE)
        assert one.peer(two).tx_bytes > 50 * MEGABYTE
        assert one.peer(two).rx_bytes > 50 * MEGABYTE


def test_only_one_end_needs_to_know_an_endpoint(pair):
    with tunnel(*pair, a_endpoint=None) as (one, two):
        assert two.peer(one).endpoint is None
        assert ping(one.host, two.inner4).lost == 0
        assert two.peer(one).endpoint == f"10.7.0.1:{PORT}"  # P28
        assert ping(two.host, one.inner4).lost == 0


def test_an_ipv6_endpoint_works_after_an_ipv4_one_and_back_again(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    for address, shown in (("fd07:0::2", "[fd07::2]"), ("10.7.0.2", "10.7.0.2")):
        endpoint = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
        one.configure("peer", two.keys.public, "endpoint", endpoint)
        assert ping(one.host, two.inner4, count=5).lost == 0
        assert ping(two.host, one.inner6, count=5).lost == 0
        assert one.peer(two).endpoint == f"{shown}:{PORT}"


def test_an_ipv6_endpoint_may_be_link_local_with_a_zone(ends):  # P39
    one, two = ends
    link_local = next(word.split("/")[0] for word in two.host.ip("-6", "-br", "addr", "show",
                      "dev", "eth0").split() if word.startswith("fe80:"))
    one.configure("peer", two.keys.public, "endpoint", f"[{link_local}%eth0]:{PORT}")
    assert ping(one.host, two.inner4).lost == 0
    assert ping(two.host, one.inner4).lost == 0
    assert two.peer(one).endpoint.startswith("[fe80::")


@pytest.mark.parametrize("primary, secondary, shown", [
    ("10.7.0.2", "10.7.0.22/24", "10.7.0.22"), ("fd07:0::2", "fd07:0::22/64", "[fd07::22]")])
def test_a_reply_leaves_from_the_address_that_was_asked(pair, primary, secondary, shown):  # P29
    a, b = pair
    b.add_address("eth0", secondary)
    asked = secondary.split("/")[0]
    with tunnel(a, b, None, asked) as (one, two), Capture(a) as wire:
        assert ping(a, two.inner4, count=5).lost == 0
        assert ping(b, one.inner4, count=5).lost == 0
        send_tcp(b, a, one.inner4, MEGABYTE)
        received = [each for each in wire.datagrams() if not each.outgoing]
        assert received and {each.source for each in received} == {(shown.strip("[]"), PORT)}
        assert one.peer(two).endpoint == f"{shown}:{PORT}"


def test_the_source_address_is_forgotten_once_it_is_gone(pair):  # P29
    a, b = pair
    b.add_address("eth0", "10.7.0.22/24")
    with tunnel(a, b, None, "10.7.0.22") as (one, two):
        assert ping(a, two.inner4).lost == 0
        b.ip("address", "del", "10.7.0.22/24", "dev", "eth0")
        await_reach(b, one.inner4, 3.0)
        assert one.peer(two).endpoint == f"10.7.0.2:{PORT}"


def test_a_host_with_ipv6_disabled_works_on_ipv4(pair):  # P30
    a, b = pair
    a.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    with tunnel(a, b) as (one, two):
        assert ping(a, two.inner4).lost == 0
        send_tcp(b, a, one.inner4, MEGABYTE)


def test_a_kernel_without_ipv6_works_on_ipv4(pair, deny_syscall):  # P30
    a, b = pair
    one, two = End(a, 1), End(b, 2)
    with one.start(command=deny_syscall("socket_inet6", "EAFNOSUPPORT")), two.start():
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one)
        assert ping(a, two.inner4).lost == 0
        assert ping(b, one.inner4).lost == 0


def test_two_daemons_with_different_ports_share_one_host(pair):  # P30
    a, b = pair
    with Daemon(a, "wg0"), Daemon(a, "wg1"):
        for interface in ("wg0", "wg1"):
            wg.configure(a, interface, "private-key", "/dev/stdin", secret=wg.new_keys().private)
            a.ip("link", "set", interface, "up")
        ports = {wg.show(a, interface).listen_port for interface in ("wg0", "wg1")}
        assert len(ports) == 2 and 0 not in ports
