"""Tunnels with an MTU far above the cable's, whose messages travel in fragments."""

import pytest

from support.transfer import await_reach, ping, send_tcp
from support.waiting import eventually


@pytest.mark.parametrize("mtu", [1280, 1500, 1535, 9000, 65000])
@pytest.mark.parametrize("outer", [4, 6])
def test_full_packets_cross_at_every_mtu(ends, mtu, outer):
    one, two = ends
    if outer == 6:
        one.configure("peer", two.keys.public, "endpoint", "[fd07:0::2]:51820")
    for end in ends:
        end.host.ip("link", "set", "wg0", "mtu", str(mtu))
    # All five at once, after a slow first handshake, would be too much for ping's own socket.
    await_reach(one.host, two.inner4)
    assert ping(one.host, two.inner4, count=5, size=mtu - 28).lost == 0
    assert ping(two.host, one.inner6, count=5, size=mtu - 48).lost == 0
    send_tcp(one.host, two.host, two.inner4, 5_000_000)
    send_tcp(two.host, one.host, one.inner6, 5_000_000)


def test_a_path_narrower_than_the_tunnel_is_crossed_in_fragments(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    for end in ends:
        end.host.ip("link", "set", "eth0", "mtu", "1300")
    assert ping(one.host, two.inner4, count=5, size=1392).lost == 0
    send_tcp(one.host, two.host, two.inner4, 2_000_000)


def test_padding_makes_no_packet_too_large_for_udp(ends):  # P4
    """A UDP datagram over IPv4 holds a packet of 65,475 bytes, of which 65,488 would be padded."""
    one, two = ends
    for end in ends:
        end.host.ip("link", "set", "wg0", "mtu", "65500")
    await_reach(one.host, two.inner4)
    assert ping(one.host, two.inner4, count=2, size=65475 - 28).lost == 0
    assert ping(one.host, two.inner6, count=2, size=65475 - 48).lost == 0
    eventually(lambda: "set the MTU to 65475" in one.daemon.log(), "the log says what is lost")


def test_packets_of_every_small_size_arrive_whole(ends):  # P4, P21
    one, two = ends
    for size in (*range(16, 66), 1371, 1372, 1373, 1391, 1392):
        assert ping(one.host, two.inner4, count=1, size=size).lost == 0
