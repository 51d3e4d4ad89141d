"""Congestion marks and DSCP: P24."""

import socket
import struct

import pytest

from rig import INNER4, INNER6
from watching import drops, packets
from wire import inner
from wire.messages import DATA, INITIATION, RESPONSE

_NOT_ECT, _ECT1, _ECT0, _CE = 0, 1, 2, 3


@pytest.mark.parametrize("family", [4, 6])
def test_p24_the_outer_header_bears_the_inner_ecn_and_no_dscp(wring, family):
    peer = wring.peer(family=family)
    session = peer.initiate()
    for ecn in (_NOT_ECT, _ECT1, _ECT0, _CE):
        for dscp in (0, 0x48, 0xB8):
            peer.inside.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp | ecn)
            peer.say(b"marked")
            message = peer.expect(DATA)
            assert message.tos == ecn
            assert session.open(message.bytes)[1] == dscp | ecn
    peer.configure("remove=true")


@pytest.mark.parametrize("family", [4, 6])
def test_p24_an_outer_congestion_mark_is_merged_into_the_inner_header(wring, family):
    peer = wring.peer(family=family)
    session = peer.initiate()
    for outer in (_NOT_ECT, _ECT1, _ECT0, _CE):
        level, option = ((socket.IPPROTO_IP, socket.IP_TOS) if family == 4
                         else (socket.IPPROTO_IPV6, socket.IPV6_TCLASS))
        peer.outside.setsockopt(level, option, outer)
        for number in (_NOT_ECT, _ECT1, _ECT0, _CE):
            sent = [inner.udp4(peer.inner4, INNER4, b"marked", peer.inner_port, 0x48 | number),
                    inner.udp6(peer.inner6, INNER6, b"marked", peer.inner_port, 0x48 | number)]
            dropped = outer == _CE and number == _NOT_ECT
            with packets(wring) as found, drops(wring, "ecn_ce_over_not_ect",
                                                  len(sent) if dropped else 0):
                for packet in sent:
                    peer.send(session.seal(packet))
                peer.outside.setsockopt(level, option, _NOT_ECT)
                peer.is_delivered(session)
                peer.outside.setsockopt(level, option, outer)
            marked = [packet for packet in found if b"marked" in packet]
            expected = [] if dropped else [0x48 | _merged(number, outer)] * 2
            assert [_traffic_class(packet) for packet in marked] == expected
            for packet in marked:
                if packet[0] >> 4 == 4:
                    assert inner.checksum(packet[:20]) == 0  # It was mended with the mark.
    peer.configure("remove=true")


def _merged(inner_mark, outer_mark):
    """RFC 6040, 4.2."""
    if outer_mark == _CE:
        return _CE
    return _ECT1 if (inner_mark, outer_mark) == (_ECT0, _ECT1) else inner_mark


def _traffic_class(packet):
    if packet[0] >> 4 == 4:
        return packet[1]
    return struct.unpack_from(">I", packet)[0] >> 20 & 0xFF


@pytest.mark.parametrize("family", [4, 6])
def test_p24_handshake_messages_bear_dscp_af41(wring, family):
    peer = wring.peer(family=family)
    peer.say(b"hello")
    assert peer.expect(INITIATION).tos == 0x88
    peer.send(peer.initiation().message)
    assert peer.expect(RESPONSE).tos == 0x88
    peer.configure("remove=true")
