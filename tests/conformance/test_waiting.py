"""Timers of the paper at their real lengths: 5 s, 10 s and 15 s. Each test runs in a thread beside
all others, with a peer of its own. Bounds below are exact but for what lies between a decision and
its datagram; bounds above leave room for a machine that is busy.
"""

import time

import pytest

from support.waiting import eventually
from wire import crypto, messages
from wire.handshake import Responder
from wire.messages import DATA, INITIATION, RESPONSE

pytestmark = pytest.mark.waits

_EARLY, _LATE = 0.25, 2.0  # Seconds by which a busy machine may bend what is measured.


def _gaps(found):
    return [later.at - earlier.at for earlier, later in zip(found, found[1:])]


def _collect(peer, seconds, kind=None, meanwhile=lambda: None, every=0.1):
    """All messages of a time, while something is done again and again."""
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        meanwhile()
        found += peer.listen(every, kind)
    return found


def test_p6_however_much_is_to_be_sent_an_initiation_leaves_every_5_s_at_most(patient):
    peer = patient.peer()
    found = _collect(peer, 11.5, INITIATION, lambda: peer.say(b"more"), 0.05)
    assert len(found) in (2, 3)
    for gap in _gaps(found):
        assert gap >= 5.0 - _EARLY


def test_p6_a_response_counts_as_a_handshake_sent(patient):
    peer = patient.peer()
    initiator = peer.initiation()
    peer.send(initiator.message)
    response = peer.expect(RESPONSE)
    peer.say(b"wants a key")
    initiation = peer.expect(INITIATION, 5.0 + _LATE)
    assert initiation.at - response.at >= 5.0 - _EARLY


def test_p7_an_unanswered_initiation_is_sent_anew_after_5_s_and_up_to_333_ms(patient):
    peer = patient.peer()
    peer.say(b"staged")
    found = _collect(peer, 16.5, INITIATION)
    assert len(found) in (3, 4)
    for gap in _gaps(found):
        assert 5.0 - _EARLY <= gap <= 5.333 + _LATE
    # Each is a new one, with an index and a later time of its own.
    read = [Responder(peer.key, each.bytes) for each in found]
    assert len({messages.sender_of(each.bytes) for each in found}) == len(found)
    assert len({each.bytes[8:40] for each in found}) == len(found)
    stamps = [each.timestamp for each in read]
    assert stamps == sorted(set(stamps))
    # Only the last one can still be answered; then what waited goes.
    before = patient.control.dropped()["response_unsolicited"]
    peer.send(read[0].respond()[0])
    eventually(lambda: patient.control.dropped()["response_unsolicited"] > before, "it is refused")
    response, session = read[-1].respond()
    peer.send(response)
    assert peer.read(session) == b"staged"


def test_p9_data_unanswered_for_15_s_begins_a_new_handshake(patient):
    peer = patient.peer()
    session = peer.initiate()
    peer.say(b"first")
    first = peer.expect(DATA)
    found = _collect(peer, 9, INITIATION, lambda: peer.say(b"more"), 1.0)  # Pushes nothing back.
    assert found == []
    initiation = peer.expect(INITIATION, 8.0 + _LATE)
    assert 15.0 - _EARLY <= initiation.at - first.at <= 15.333 + _LATE
    # The session before goes on meanwhile.
    peer.say(b"goes on")
    assert peer.read(session) == b"goes on"


def test_p9_any_authenticated_packet_is_an_answer(patient):
    peer = patient.peer()
    session = peer.initiate()
    peer.say(b"question")
    peer.expect(DATA)
    _collect(peer, 12)
    peer.send(session.seal(b""))
    assert _collect(peer, 5, INITIATION) == []


def test_p9_what_does_not_authenticate_is_no_answer(patient):
    peer = patient.peer()
    session = peer.initiate()
    again = session.seal(peer.packet(b"again"))
    peer.send(again)
    assert peer.heard() == b"again"
    peer.say(b"question")
    question = peer.expect(DATA)

    def replay():
        peer.send(again)
        peer.send(messages.data(session.remote_index, bytes(32), 99, b""))
    found = _collect(peer, 15.4 + _LATE, INITIATION, replay, 1.0)
    assert found and 15.0 - _EARLY <= found[0].at - question.at <= 15.333 + _LATE


def test_p26_a_keepalive_follows_10_s_after_data_and_two_idle_peers_fall_silent(patient):
    peer = patient.peer()
    session = peer.initiate()
    told = peer.tell(session, b"data")
    keepalive = peer.expect(DATA, 10.0 + _LATE)
    assert session.open(keepalive.bytes) == b""
    assert 10.0 <= keepalive.at - told <= 10.0 + _LATE
    peer.send(session.seal(b""))  # A keepalive is no data: it is owed no answer.
    assert peer.listen(12.0) == []


def test_p26_data_that_comes_while_one_is_pending_gets_one_more(patient):
    peer = patient.peer()
    session = peer.initiate()
    told = peer.tell(session, b"data")
    assert peer.listen(4.0) == []
    peer.tell(session, b"more data")
    found = _collect(peer, 19.0, DATA)
    assert [session.open(each.bytes) for each in found] == [b"", b""]
    assert 10.0 <= found[0].at - told <= 10.0 + _LATE
    assert 10.0 - _EARLY <= found[1].at - found[0].at <= 10.0 + _LATE


def test_p26_what_was_sent_since_makes_a_keepalive_needless(patient):
    peer = patient.peer()
    session = peer.initiate()
    peer.tell(session, b"question")
    assert peer.heard() == b"question"
    peer.say(b"answer")
    assert peer.read(session) == b"answer"
    peer.send(session.seal(b""))
    assert peer.listen(12.0) == []


def test_p27_a_persistent_keepalive_leaves_at_once_and_then_every_n_s(patient):
    peer = patient.peer()
    session = peer.initiate()
    before = time.time()
    peer.configure("persistent_keepalive_interval=3")
    found = _collect(peer, 11.0)
    assert 3 <= len(found) <= 4
    assert all(session.open(each.bytes) == b"" for each in found)
    assert found[0].at - before <= _LATE
    for gap in _gaps(found):
        assert 3.0 - _EARLY <= gap <= 3.0 + _LATE
    peer.configure("persistent_keepalive_interval=0")
    assert peer.listen(5.0) == []


def test_p27_traffic_in_either_direction_pushes_a_persistent_keepalive_back(patient):
    peer = patient.peer("persistent_keepalive_interval=3")
    session = peer.respond()
    assert session.open(peer.expect(DATA).bytes) == b""
    # Half a second apart: where the machine stops for longer than 3 s this shows nothing.
    found = _collect(peer, 8.0, DATA, lambda: peer.tell(session, b"in"), 0.5)
    assert [each for each in found if session.open(each.bytes) == b""] == []
    found = _collect(peer, 8.0, DATA, lambda: peer.say(b"out"), 0.5)
    assert [each for each in found if session.open(each.bytes) == b""] == []
    last = found[-1]
    keepalive = peer.expect(DATA, 3.0 + _LATE)
    assert session.open(keepalive.bytes) == b"" and keepalive.at - last.at >= 3.0 - _EARLY


def test_p33_a_cookie_reply_is_used_with_the_next_initiation_and_not_before(patient):
    peer = patient.peer()
    peer.say(b"staged")
    first = peer.expect(INITIATION)
    index, mac1 = messages.sender_of(first.bytes), messages.mac1_of(first.bytes)
    cookie = b"the first cookie"
    peer.send(messages.cookie_reply(index, peer.key.public, mac1, cookie))
    # One reply for each mac1.
    peer.send(messages.cookie_reply(index, peer.key.public, mac1, b"the other cookie"))
    second = peer.expect(INITIATION, 5.333 + _LATE)
    assert second.at - first.at >= 5.0 - _EARLY  # It does not send at once because of it.
    assert messages.mac2_of(second.bytes) == crypto.mac(cookie, second.bytes[:-16])
    response, session = Responder(peer.key, second.bytes).respond()
    peer.send(response)
    assert peer.read(session) == b"staged"
