"""Data through the tunnel: P18, P19, P21, P22 and P25."""

import itertools

import pytest

from rig import INNER4, INNER6, endpoint_of, forged
from support.waiting import eventually
from watching import drops, packets
from wire import inner, messages
from wire.messages import DATA


def test_p18_an_unknown_index_is_dropped(wring, peer):
    session = peer.initiate()
    stray = messages.data(session.remote_index ^ 1, session.send_key, 7, peer.packet(b"stray"))
    with drops(wring, "unknown_index", 1):
        assert peer.is_delivered(session, stray) == []


def test_p18_what_does_not_authenticate_does_not_reach_the_window(wring, peer):
    session = peer.initiate()
    ahead = session.seal(peer.packet(b"ahead"), 1_000_000)
    with drops(wring, "forged_data", 1):
        assert peer.is_delivered(session, forged(ahead)) == []  # Its last one has counter 2.


def test_p18_a_replayed_counter_does_not_reach_the_endpoint(wring, peer):
    session = peer.initiate()
    genuine = session.seal(peer.packet(b"once"))
    assert peer.is_delivered(session, genuine) == [b"once"]
    with peer.outer_socket() as elsewhere, drops(wring, "replayed", 1):
        peer.send(genuine, elsewhere)
    assert peer.state()["endpoint"] == peer.endpoint


def test_p18_the_endpoint_comes_before_the_inner_source_address(wring, peer):
    session = peer.initiate()
    foreign = inner.padded(inner.udp4("10.9.77.77", INNER4, b"foreign", peer.inner_port))
    with peer.outer_socket() as elsewhere, drops(wring, "not_allowed_source", 1):
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


def test_p21_a_packet_is_trimmed_to_the_length_in_its_header(wring, peer):
    session = peer.initiate()
    # Each longer than the one before, so that no two are joined on their way.
    genuine = [make(source, destination, b"x" * (20 + length), peer.inner_port)
               for make, source, destination in ((inner.udp4, peer.inner4, INNER4),
                                                 (inner.udp6, peer.inner6, INNER6))
               for length in range(5)]
    with packets(wring) as found:
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
    with packets(wring) as found, drops(wring, "inner_length", len(lies)):
        assert peer.is_delivered(session, *map(session.seal, lies)) == []
    assert len(found) == 1


@pytest.mark.parametrize("plaintext", [b"\x45", bytes(16), b"\x40" + bytes(31), b"\x60" * 32,
                                       b"\x75" + bytes(63)],
                         ids=["one byte", "zeros", "header of 0", "half a header", "version 7"])
def test_p21_what_is_no_ip_packet_is_dropped(wring, peer, plaintext):
    session = peer.initiate()
    with packets(wring) as found:
        assert peer.is_delivered(session, session.seal(plaintext)) == []
    assert len(found) == 1


@pytest.mark.parametrize("size", [4, 1392])
def test_p22_the_newest_128_packets_wait_for_a_key_and_leave_in_order(wring, peer, size):
    with drops(wring, "staged_overflow", 72):
        for number in range(200):
            peer.say(b"%*d" % (size, number))
    session = peer.respond()
    assert [int(payload) for payload in peer.read_many(session, 128)] == list(range(72, 200))


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
