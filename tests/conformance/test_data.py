"""Data through the tunnel: P18 to P25."""

import errno
import itertools
import select
import socket
import struct
from contextlib import contextmanager

import pytest

from rig import INNER4, INNER6, endpoint_of, forged
from support.waiting import eventually
from wire import inner, messages
from wire.messages import DATA, INITIATION, RESPONSE

_ETH_P_ALL = 3
_IP_RECVERR, _IPV6_RECVERR = 11, 25  # The socket module lacks them.
_NOT_ECT, _ECT1, _ECT0, _CE = 0, 1, 2, 3


@contextmanager
def _drops(wring, reason, count):
    """That the block has wring drop this many for this reason. Of `no_peer` there may be more:
    what the kernel sends by itself on an interface with IPv6."""
    before = wring.control.dropped()[reason]
    yield
    eventually(lambda: wring.control.dropped()[reason] >= before + count, f"{count} {reason}")
    assert reason == "no_peer" or wring.control.dropped()[reason] == before + count


@contextmanager
def _packets(wring):
    """What wring delivers, whole: the list that the block gets is filled at its end."""
    found = []
    with wring.host.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as raw:
        raw.bind(("wg0", _ETH_P_ALL))
        yield found
        while select.select([raw], [], [], 0.0)[0]:
            packet, (_, _, kind, _, _) = raw.recvfrom(1 << 16)
            if kind != socket.PACKET_OUTGOING:
                found.append(packet)


def test_p18_an_unknown_index_is_dropped(wring, peer):
    session = peer.initiate()
    stray = messages.data(session.remote_index ^ 1, session.send_key, 7, peer.packet(b"stray"))
    with _drops(wring, "unknown_index", 1):
        assert peer.is_delivered(session, stray) == []


def test_p18_what_does_not_authenticate_does_not_reach_the_window(wring, peer):
    session = peer.initiate()
    ahead = session.seal(peer.packet(b"ahead"), 1_000_000)
    with _drops(wring, "forged_data", 1):
        assert peer.is_delivered(session, forged(ahead)) == []  # Its last one has counter 2.


def test_p18_a_replayed_counter_does_not_reach_the_endpoint(wring, peer):
    session = peer.initiate()
    genuine = session.seal(peer.packet(b"once"))
    assert peer.is_delivered(session, genuine) == [b"once"]
    with peer.outer_socket() as elsewhere, _drops(wring, "replayed", 1):
        peer.send(genuine, elsewhere)
    assert peer.state()["endpoint"] == peer.endpoint


def test_p18_the_endpoint_comes_before_the_inner_source_address(wring, peer):
    session = peer.initiate()
    foreign = inner.padded(inner.udp4("10.9.77.77", INNER4, b"foreign", peer.inner_port))
    with peer.outer_socket() as elsewhere, _drops(wring, "not_allowed_source", 1):
        peer.send(session.seal(foreign), elsewhere)
        eventually(lambda: peer.state()["endpoint"] == endpoint_of(elsewhere), "it has moved")
    assert peer.is_delivered(session) == []


def test_p19_the_window_reaches_back_8128_and_takes_each_counter_once(wring, peer):
    session = peer.initiate(confirm=False)

    def taken(counter):
        payload = b"%d" % counter
        before = wring.control.dropped()["replayed"]
        peer.tell(session, payload, counter)

        def outcome():
            if wring.control.dropped()["replayed"] > before:
                return "refused"
            return "taken" if peer.heard(0.0) == payload else None
        return eventually(outcome, "an end of it") == "taken"

    assert taken(0) and not taken(0)
    assert taken(5) and taken(3) and taken(4) and not taken(3)
    assert taken(20_000)
    assert taken(20_000 - 8128) and not taken(20_000 - 8128)
    assert not taken(20_000 - 8129) and not taken(6)
    assert taken(19_999) and taken(20_001) and not taken(20_000)
    assert not taken(20_001 - 8128 - 1) and taken(20_001 - 8127)


def test_p19_a_jump_of_any_width_forgets_nothing_that_it_should_know(peer):
    session = peer.initiate(confirm=False)
    counters = [0, 1, 63, 64, 65, 8127, 8128, 8129, 16_384, 2**32, 2**32 + 8128, 2**63]
    for counter in counters:
        peer.tell(session, b"%d" % counter, counter)
        assert peer.heard() == b"%d" % counter
    session.counters = itertools.count(2**63 + 1)
    again = [session.seal(peer.packet(b"again"), counter) for counter in counters]
    assert peer.is_delivered(session, *again) == []


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
    with _drops(wring, "not_allowed_source", 3):
        assert not delivered(wide, "10.50.1.1")  # Though it is in 10.50.0.0/16.
        assert not delivered(narrow, "10.50.2.1")
        assert not delivered(narrow, "198.51.100.1")
    wide.configure("allowed_ip=10.50.1.0/24")
    assert delivered(wide, "10.50.1.1") and not delivered(narrow, "10.50.1.1")
    for peer in (wide, narrow):
        peer.configure("remove=true")


def test_p21_a_packet_is_trimmed_to_the_length_in_its_header(wring, peer):
    session = peer.initiate()
    # Each longer than the one before, so that no two are joined on their way.
    genuine = [make(source, destination, b"x" * (20 + length), peer.inner_port)
               for make, source, destination in ((inner.udp4, peer.inner4, INNER4),
                                                 (inner.udp6, peer.inner6, INNER6))
               for length in range(5)]
    with _packets(wring) as found:
        sealed = [session.seal(packet + b"\xEE" * extra)
                  for packet, extra in zip(genuine, (0, 1, 15, 100, 1000) * 2)]
        assert len(peer.is_delivered(session, *sealed)) == 5  # The socket hears IPv4.
    assert [packet for packet in found if b"xxxx" in packet] == genuine


def test_p21_a_header_that_claims_more_than_was_sent_or_less_than_itself_is_dropped(wring, peer):
    session = peer.initiate()
    packet4 = inner.udp4(peer.inner4, INNER4, b"x" * 20)  # 48 bytes, without need of padding.
    lies = [inner.udp4(peer.inner4, INNER4, b"x" * 20, total_length=length)
            for length in (len(packet4) + 1, 1500, 65535, 19, 0)]
    # 40 and the payload's length add up to less than 40 in 16 bits.
    lies += [inner.udp6(peer.inner6, INNER6, b"x" * 20, payload_length=length)
             for length in (29, 1500, 65496, 65500, 65535)]
    with _packets(wring) as found, _drops(wring, "inner_length", len(lies)):
        assert peer.is_delivered(session, *map(session.seal, lies)) == []
    assert len(found) == 1


@pytest.mark.parametrize("plaintext", [b"\x45", bytes(16), b"\x40" + bytes(31), b"\x60" * 32,
                                       b"\x75" + bytes(63)],
                         ids=["one byte", "zeros", "header of 0", "half a header", "version 7"])
def test_p21_what_is_no_ip_packet_is_dropped(wring, peer, plaintext):
    session = peer.initiate()
    with _packets(wring) as found:
        assert peer.is_delivered(session, session.seal(plaintext)) == []
    assert len(found) == 1


def test_p22_the_newest_128_packets_wait_for_a_key_and_leave_in_order(wring, peer):
    with _drops(wring, "staged_overflow", 72):
        for number in range(200):
            peer.say(b"%d" % number)
    session = peer.respond()
    assert [int(peer.read(session)) for _ in range(128)] == list(range(72, 200))


@pytest.mark.parametrize("family", [4, 6])
def test_p23_a_destination_of_no_peer_is_answered_with_unreachable(wring, family):
    address = "10.9.250.250" if family == 4 else "fd09::fafa"
    with _drops(wring, "no_peer", 1):
        _is_unreachable(wring, address)


@pytest.mark.parametrize("family", [4, 6])
def test_p23_a_peer_without_endpoint_is_answered_with_unreachable(wring, family):
    peer = wring.peer(endpoint=False)
    with _drops(wring, "no_endpoint", 1):
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
            with _packets(wring) as found, _drops(wring, "ecn_ce_over_not_ect",
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


def test_p25_counters_count_every_byte_of_authenticated_messages(peer):
    def counters():
        state = peer.state()
        return int(state["rx_bytes"]), int(state["tx_bytes"])

    session = peer.initiate()  # 148, and a keepalive of 32; 92 back.
    assert counters() == (148 + 32, 92)
    peer.tell(session, b"x" * 100)  # 128 with its headers, and 32.
    assert peer.heard()
    assert counters() == (180 + 160, 92)
    peer.say(b"x" * 101)  # 129, padded to 144.
    assert peer.expect(DATA)
    eventually(lambda: counters() == (340, 92 + 176), "the packet sent is counted")
    # What does not authenticate, or was seen already, does not count.
    again = session.seal(peer.packet(b""))
    peer.is_delivered(session, again)
    before = counters()
    peer.send(again)
    peer.send(forged(session.seal(peer.packet(b""))))
    peer.rest()
    peer.send(forged(peer.initiation().message, 40))
    peer.is_delivered(session)
    assert counters()[0] - before[0] in range(64, 97)  # The last one alone.
    assert counters()[1] == before[1]
