"""Cryptokey routing, and what becomes of packets without a way: P20 and P23."""

import errno
import select
import socket

import pytest

from rig import INNER4
from watching import drops
from wire import inner
from wire.messages import DATA

_IP_RECVERR, _IPV6_RECVERR = 11, 25  # The socket module lacks them.


@pytest.fixture
def routed(wring):
    """Routes for the prefixes of the next tests lead into the tunnel."""
    prefixes = ("10.50.0.0/16", "203.0.113.0/24", "fd50::/32")
    for prefix in prefixes:
        wring.host.ip("route", "add", prefix, "dev", "wg0")
    yield
    for prefix in prefixes:
        wring.host.ip("route", "del", prefix, "dev", "wg0")


def _comes_to(peers, send):
    """Which of these peers gets what `send` sends."""
    send()
    ready = select.select([peer.outside for peer in peers], [], [], 5.0)[0]
    assert len(ready) == 1
    (peer,) = [peer for peer in peers if peer.outside is ready[0]]
    assert peer.expect(DATA)
    return peer


def test_p20_the_longest_prefix_decides_where_a_packet_goes(wring, routed):
    peers = wide, narrow, one, all_else = [wring.peer() for _ in range(4)]
    wide.configure("allowed_ip=10.50.0.0/16", "allowed_ip=fd50::/32")
    narrow.configure("allowed_ip=10.50.1.0/24", "allowed_ip=fd50:0:1::/48")
    one.configure("allowed_ip=10.50.1.9/32", "allowed_ip=fd50:0:1::9/128")
    all_else.configure("allowed_ip=0.0.0.0/0", "allowed_ip=::/0")
    for peer in peers:
        peer.initiate()

    def goes_to(address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with wring.host.socket(family, socket.SOCK_DGRAM) as sender:
            return _comes_to(peers, lambda: sender.sendto(b"x", (address, 9)))

    for address, peer in (("10.50.2.1", wide), ("10.50.1.1", narrow), ("10.50.1.9", one),
                          ("203.0.113.5", all_else), ("fd50::1", wide), ("fd50:0:1::1", narrow),
                          ("fd50:0:1::9", one)):
        assert goes_to(address) is peer, address
    # The prefix moves to the peer that claims it last, and is gone from the other.
    wide.configure("allowed_ip=10.50.1.0/24")
    assert goes_to("10.50.1.1") is wide
    assert "10.50.1.0/24" not in narrow.state()["allowed_ip"]
    assert goes_to("10.50.1.9") is one
    # A prefix taken away uncovers the shorter one.
    one.configure("allowed_ip=-10.50.1.9/32")
    assert goes_to("10.50.1.9") is wide
    for peer in peers:
        peer.configure("remove=true")


def test_p20_the_longest_prefix_decides_from_whom_a_source_is_taken(wring, routed):
    wide, narrow = wring.peer(), wring.peer()
    wide.configure("allowed_ip=10.50.0.0/16")
    narrow.configure("allowed_ip=10.50.1.0/24")
    sessions = {peer: peer.initiate() for peer in (wide, narrow)}

    def delivered(peer, source):
        packet = inner.udp4(source, INNER4, b"from", peer.inner_port)
        return peer.is_delivered(sessions[peer], sessions[peer].seal(packet)) == [b"from"]

    assert delivered(wide, "10.50.2.1") and delivered(narrow, "10.50.1.1")
    with drops(wring, "not_allowed_source", 3):
        assert not delivered(wide, "10.50.1.1")  # Though it is in 10.50.0.0/16.
        assert not delivered(narrow, "10.50.2.1")
        assert not delivered(narrow, "198.51.100.1")
    wide.configure("allowed_ip=10.50.1.0/24")
    assert delivered(wide, "10.50.1.1") and not delivered(narrow, "10.50.1.1")
    for peer in (wide, narrow):
        peer.configure("remove=true")


@pytest.mark.parametrize("family", [4, 6])
def test_p23_a_destination_of_no_peer_is_answered_with_unreachable(wring, family):
    address = "10.9.250.250" if family == 4 else "fd09::fafa"
    with drops(wring, "no_peer", 1):
        _is_unreachable(wring, address)


@pytest.mark.parametrize("family", [4, 6])
def test_p23_a_peer_without_endpoint_is_answered_with_unreachable(wring, family):
    peer = wring.peer(endpoint=False)
    with drops(wring, "no_endpoint", 1):
        _is_unreachable(wring, peer.inner4 if family == 4 else peer.inner6)
    peer.initiate()  # It is learned from here.
    peer.say(b"now")
    assert peer.expect(DATA)
    peer.configure("remove=true")


def _is_unreachable(wring, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with wring.host.socket(family, socket.SOCK_DGRAM) as sender:
        # Without it the kernel keeps an error that may pass to itself.
        if family == socket.AF_INET:
            sender.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        else:
            sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        sender.connect((address, 9))
        sender.send(b"hello")
        assert select.select([sender], [], [], 5.0)[0], "no ICMP error"
        assert sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EHOSTUNREACH
