"""Congestion marks across the tunnel, by RFC 6040. P24"""

import socket

import pytest

from support.capture import DATA, INITIATION, RESPONSE, Capture
from support.transfer import ping, reaches
from support.waiting import eventually

ECT1, ECT0, CE = 1, 2, 3


def test_the_outer_header_carries_ecn_but_not_dscp(ends):
    one, two = ends
    with Capture(one.host) as wire:
        assert reaches(one.host, two.inner4)
        handshake = [each for each in wire.datagrams() if each.type in (INITIATION, RESPONSE)]
        assert [each.tos for each in handshake] == [0x88, 0x88]
        for inner, outer in ((0xB8, 0), (0xB9, ECT1), (0xB2, ECT0), (0xB3, CE)):
            ping(one.host, two.inner4, 1, 0.05, 56, 1.0, "-Q", str(inner))
            sent = eventually(lambda: [each for each in wire.datagrams()
                                       if each.outgoing and each.type == DATA], "a data message")
            assert {each.tos for each in sent} == {outer}


def _send(host, address, tos):
    """One datagram, with `tos` in its inner header, through the tunnel."""
    six = ":" in address
    with host.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        if six:
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        sender.sendto(b"x" * 100, (address, 4000))


@pytest.mark.parametrize("inner", [4, 6])
def test_a_mark_met_on_the_way_reaches_the_inner_header(ends, inner):
    one, two = ends
    address = two.inner4 if inner == 4 else two.inner6
    assert ping(one.host, two.inner4).lost == 0
    two.host.run("nft", "-f", "/dev/stdin", input="""
        table ip congested {
          chain arriving {
            type filter hook prerouting priority 0
            iifname "eth0" udp dport 51820 ip ecn set ce
          }
        }""")
    with Capture(two.host, "wg0") as inside:
        def arrived():
            return [each for each in inside.datagrams() if each.destination == (address, 4000)]

        for sent, received in ((ECT0, CE), (ECT1, CE), (0xB8 | ECT0, 0xB8 | CE), (CE, CE)):
            _send(one.host, address, sent)
            assert [each.tos for each in eventually(arrived, "the datagram")] == [received]
        # A sender that does not know ECN cannot be told by a mark, so it is told by a loss.
        _send(one.host, address, 0)
        _send(one.host, address, ECT0)
        assert [each.tos for each in eventually(arrived, "the second datagram")] == [CE]
