"""Handshakes: P5 and P10 to P12. What takes seconds stands in test_waiting.py."""

import struct
import time

import pytest

from rig import forged
from support.waiting import eventually
from watching import is_refused
from wire import messages
from wire.crypto import Key
from wire.handshake import Initiator, Responder, tai64n
from wire.messages import DATA, INITIATION, RESPONSE


def _dropped(wring, reason):
    return wring.control.dropped()[reason]


def _stamp(offset):
    """A timestamp some seconds from now."""
    return tai64n(int(time.time()) + offset)


def test_p5_a_timestamp_that_is_not_greater_is_refused(peer):
    now = int(time.time())
    peer.initiate(timestamp=tai64n(now))
    for offset in (0, -1, -1000):
        peer.rest()
        is_refused(peer, peer.initiation(timestamp=tai64n(now + offset)).message,
                    "handshake_replayed")
    peer.initiate(timestamp=tai64n(now + 1))


def test_p5_nanoseconds_count_and_a_replay_is_refused(peer):
    seconds = int(time.time())
    peer.initiate(timestamp=tai64n(seconds, 500))
    peer.rest()
    is_refused(peer, peer.initiation(timestamp=tai64n(seconds, 499)).message,
                "handshake_replayed")
    peer.rest()
    again = peer.initiation(timestamp=tai64n(seconds, 501))
    peer.send(again.message)
    again.finish(peer.expect(RESPONSE).bytes)
    peer.rest()
    is_refused(peer, again.message, "handshake_replayed")


def test_p5_a_second_initiation_within_20_ms_is_refused(wring, peer):
    peer.initiate()
    # Sent at once they may still be taken up 20 ms apart where a machine is busy, or by two threads
    # in the other order, so that the first one comes as a replay: some tries.
    for attempt in range(1, 21):
        peer.rest()
        before = wring.control.dropped()
        for number in range(2):
            peer.send(peer.initiation(timestamp=_stamp(2 * attempt + number)).message)
        peer.expect(RESPONSE)

        def second_one():
            dropped = wring.control.dropped()
            for reason in ("handshake_flood", "handshake_replayed"):
                if dropped[reason] == before[reason] + 1:
                    return reason
            return "answered" if peer.receive(0.0) else None
        if eventually(second_one, "an end of the second one") == "handshake_flood":
            assert peer.receive(0.0) is None
            return
    raise AssertionError("of 20 pairs sent at once none had its second one refused")


def test_p5_an_initiation_20_ms_after_the_last_is_taken(peer):
    for offset in range(1, 6):
        initiator = peer.initiation(timestamp=_stamp(offset))
        peer.send(initiator.message)
        initiator.finish(peer.expect(RESPONSE).bytes)
        time.sleep(0.021)


def test_p5_its_own_timestamps_are_the_time_with_the_low_24_bits_cleared(peer):
    before = int(time.time())
    peer.say(b"hello")
    responder = Responder(peer.key, peer.expect(INITIATION).bytes)
    seconds, nanoseconds = struct.unpack(">QI", responder.timestamp)
    assert before <= seconds - 2**62 - 10 <= time.time()
    assert nanoseconds % 2**24 == 0 and nanoseconds < 10**9


def test_p10_a_responder_sends_on_a_session_only_once_data_on_it_has_come(peer):
    session = peer.initiate(confirm=False)
    peer.say(b"staged")
    assert peer.listen(0.5, DATA) == []
    assert peer.last_handshake() == 0
    peer.send(session.seal(b""))
    assert peer.read(session) == b"staged"
    eventually(lambda: peer.last_handshake() > 0, "the handshake is shown")


def test_p10_the_session_before_is_sent_on_until_the_next_is_confirmed(peer):
    first = peer.initiate()
    second = peer.initiate(confirm=False)
    peer.say(b"on the first")
    assert peer.read(first) == b"on the first"
    peer.tell(first, b"late on the first")
    assert peer.heard() == b"late on the first"
    peer.send(second.seal(b""))
    peer.tell(second, b"confirmed")
    assert peer.heard() == b"confirmed"
    peer.say(b"on the second")
    assert peer.read(second) == b"on the second"
    # What was under way on the one before is still taken.
    peer.tell(first, b"from before")
    assert peer.heard() == b"from before"


def test_p11_an_initiator_sends_what_was_staged_as_soon_as_the_response_is_there(peer):
    for number in range(3):
        peer.say(b"staged %d" % number)
    before = time.time()
    session = peer.respond()
    assert peer.read_many(session, 3) == [b"staged 0", b"staged 1", b"staged 2"]
    assert before - 1 <= peer.last_handshake() <= time.time()


def test_p11_with_nothing_staged_one_empty_keepalive_follows_the_response(peer):
    peer.configure("persistent_keepalive_interval=100")  # Begins a handshake, stages nothing.
    session = peer.respond()
    assert session.open(peer.expect(DATA).bytes) == b""
    assert peer.last_handshake() > 0
    assert peer.listen(0.3) == []


@pytest.mark.parametrize("at", [8, 39, 40, 87, 88, 115], ids=lambda at: f"byte {at}")
def test_p12_a_forged_initiation_changes_nothing(wring, peer, at):
    session = peer.initiate()
    peer.rest()
    altered = forged(peer.initiation().message, at)
    is_refused(peer, altered, "mac1_invalid")
    # The macs are no secret: anyone who knows the public key can make them.
    restamped = messages.with_macs(altered[:-32], wring.key.public)
    is_refused(peer, restamped, "handshake_forged")
    assert peer.works(session)


def test_p12_an_initiation_of_an_unknown_key_is_dropped(wring, peer):
    stranger = Initiator(Key(), wring.key.public)
    is_refused(peer, stranger.message, "unknown_peer")


def test_p12_a_forged_response_leaves_the_handshake_under_way(wring, peer):
    peer.say(b"staged")
    initiation = peer.expect(INITIATION).bytes
    response, session = Responder(peer.key, initiation).respond()
    for at in (12, 43, 44, 59):
        altered = messages.with_macs(forged(response, at)[:-32], wring.key.public)
        is_refused(peer, altered, "response_forged")
    elsewhere = messages.with_macs(forged(response, 8)[:-32], wring.key.public)
    is_refused(peer, elsewhere, "response_unsolicited")
    is_refused(peer, forged(response, 70), "mac1_invalid")
    peer.send(response)
    assert peer.read(session) == b"staged"
    is_refused(peer, response, "response_unsolicited")  # A replay of the true one.
    assert peer.works(session)


def test_p12_forged_data_changes_nothing(wring, peer):
    session = peer.initiate()
    genuine = session.seal(peer.packet(b"genuine"))
    before, state = _dropped(wring, "forged_data"), peer.state()
    places = [8, 11, 15, *range(16, len(genuine))]
    with peer.outer_socket() as attacker:
        for at in places:
            peer.send(forged(genuine, at), attacker)
        eventually(lambda: _dropped(wring, "forged_data") == before + len(places),
                   "each is counted")
        assert peer.receive(0.0, attacker) is None
    assert peer.state() == state
    peer.send(genuine)  # Its counter was not used up.
    assert peer.heard() == b"genuine"


def test_p12_a_forged_cookie_reply_is_dropped(wring, peer):
    peer.say(b"staged")
    initiation = peer.expect(INITIATION).bytes
    index, mac1 = messages.sender_of(initiation), messages.mac1_of(initiation)
    good = messages.cookie_reply(index, peer.key.public, mac1, bytes(16))
    for bad in (forged(good), forged(good, 4), forged(good, 8),
                messages.cookie_reply(index, Key().public, mac1, bytes(16)),
                messages.cookie_reply(index, peer.key.public, bytes(16), bytes(16))):
        is_refused(peer, bad, "cookie_unsolicited")
