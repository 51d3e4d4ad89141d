"""What wring does with more handshakes than it can serve: P31 to P34."""

import os
import signal
import struct
import threading
import time
from contextlib import contextmanager

import pytest

from rig import OUTER4, PORT, forged
from support.waiting import eventually
from wire import crypto, messages
from wire.handshake import Responder
from wire.messages import COOKIE_REPLY, DATA, INITIATION, RESPONSE


def _burst(wring, sender, count):
    """Puts forged initiations with a good mac1 before wring all at once: they wait in its socket
    while it is stopped. Each costs it a Curve25519 product, unless it is under load."""
    body = struct.pack("<II", INITIATION, 1) + b"\x09" + bytes(107)
    forgery = messages.with_macs(body, wring.key.public)
    os.kill(wring.daemon.pid, signal.SIGSTOP)
    try:
        for _ in range(count):
            sender.sendto(forgery, (OUTER4, PORT))
    finally:
        os.kill(wring.daemon.pid, signal.SIGCONT)


@contextmanager
def _load(wring):
    """Keeps wring under load: more than an eighth of its queue of 4096 within every second."""
    ended = threading.Event()
    with wring.far.socket(2, 2) as sender:
        def go_on():
            while not ended.is_set():
                _burst(wring, sender, 1500)
                ended.wait(0.3)
        thread = threading.Thread(target=go_on)
        before = wring.control.dropped()["cookie_required"]
        thread.start()
        try:
            eventually(lambda: wring.control.dropped()["cookie_required"] > before,
                       "wring is under load")
            yield
        finally:
            ended.set()
            thread.join()


def _cookie(peer, message, by=None):
    """Sends a handshake message under load and returns the cookie that is answered."""
    peer.send(message, by)
    reply = peer.expect(COOKIE_REPLY, by=by).bytes
    assert len(reply) == 64
    assert messages.receiver_of(reply) == messages.sender_of(message)
    return messages.open_cookie_reply(reply, peer.wring.key.public, messages.mac1_of(message))


def _answered(peer, sockets, sent):
    """How many responses came to each socket, once all that was sent has been answered or refused
    by the token bucket."""
    found = dict.fromkeys(sockets, 0)

    def settled():
        for each in sockets:
            found[each] += len(peer.listen(0.0, RESPONSE, each))
        return sum(found.values()) + peer.wring.control.dropped()["rate_limited"] == sent
    eventually(settled, "each is answered or refused")
    return list(found.values())


def test_p31_a_wrong_mac1_is_dropped_before_anything_is_computed(wring, peer):
    # Of low order, which the first Curve25519 product would find and count as a forgery.
    body = struct.pack("<II", INITIATION, 1) + bytes(108)
    bad = [forged(messages.with_macs(body, wring.key.public), 116),
           forged(peer.initiation().message, 116), forged(peer.initiation().message, 8),
           peer.initiation().message[:116] + bytes(32)]
    before, state = wring.control.dropped(), peer.state()
    for each in bad:
        peer.send(each)
    eventually(lambda: wring.control.dropped()["mac1_invalid"] == before["mac1_invalid"] + 4,
               "each is counted")
    assert wring.control.dropped()["handshake_forged"] == before["handshake_forged"]
    assert peer.state() == state and peer.receive(0.0) is None


def test_p31_under_load_a_wrong_mac1_gets_no_cookie_reply(own_wring):
    peer = own_wring.peer()
    with _load(own_wring):
        before = own_wring.control.dropped()["mac1_invalid"]
        peer.send(forged(peer.initiation().message, 116))
        eventually(lambda: own_wring.control.dropped()["mac1_invalid"] > before, "it is counted")
        assert peer.listen(0.3) == []


def test_p32_under_load_a_message_without_mac2_gets_a_cookie_and_with_it_an_answer(own_wring):
    peer = own_wring.peer()
    state = peer.state()
    with _load(own_wring):
        cookie = _cookie(peer, peer.initiation().message)
        assert peer.state() == state  # P25, P28: it counts nothing and moves nothing.
        wrong = peer.initiation(cookie=bytes(16))
        _cookie(peer, wrong.message)
        peer.cookie = cookie
        session = peer.initiate()
        assert peer.works(session)
        assert int(peer.state()["rx_bytes"]) < 148 + 32 + 300


def test_p32_under_load_a_response_is_gated_as_well(own_wring):
    peer = own_wring.peer()
    peer.say(b"staged")
    initiation = peer.expect(INITIATION).bytes
    with _load(own_wring):
        cookie = _cookie(peer, Responder(peer.key, initiation).respond()[0])
        assert peer.last_handshake() == 0
        response, session = Responder(peer.key, initiation).respond(cookie=cookie)
        peer.send(response)
        assert peer.read(session) == b"staged"


def test_p32_a_source_with_a_cookie_gets_five_answers_at_once_and_twenty_a_second(own_wring):
    first = own_wring.peer()
    with _load(own_wring):
        cookie = _cookie(first, first.initiation().message)
        # Many peers at one address and port, so that what holds one peer to 20 ms does not show.
        others = [own_wring.peer() for _ in range(60)]
        initiations = []
        for other in others:
            other.cookie = cookie
            initiations.append(other.initiation().message)
        begin = time.monotonic()
        for each in initiations:
            first.send(each)
        (answered,) = _answered(first, [first.outside], 60)
        seconds = time.monotonic() - begin
    assert 5 <= answered <= 5 + 20 * seconds


def test_p32_all_addresses_of_an_ipv6_64_are_one_source(own_wring):
    own_wring.far.add_address("eth0", "fd07:0::3/64")
    own_wring.far.add_address("eth0", "fd08::2/64")
    own_wring.host.add_address("eth0", "fd08::1/64")
    peer = own_wring.peer(family=6)
    with peer.outer_socket(address="fd07:0::3") as neighbour, \
            peer.outer_socket(address="fd08::2") as stranger, _load(own_wring):
        cookies = {each: _cookie(peer, peer.initiation().message, each)
                   for each in (peer.outside, neighbour, stranger)}
        others = [own_wring.peer() for _ in range(60)]

        def send(by, some):
            for other in some:
                other.cookie = cookies[by]
                peer.send(other.initiation().message, by)
        begin = time.monotonic()
        send(peer.outside, others[:40])
        send(neighbour, others[40:50])
        send(stranger, others[50:])
        answered = _answered(peer, cookies, 60)
        seconds = time.monotonic() - begin
    assert 5 <= answered[0] and answered[0] + answered[1] <= 5 + 20 * seconds
    assert answered[2] >= 5


def test_p32_the_load_is_over_a_second_after_the_queue_was_long(own_wring):
    peer = own_wring.peer()
    with _load(own_wring):
        _cookie(peer, peer.initiation().message)
    time.sleep(1.5)
    assert peer.works(peer.initiate())


def test_p33_a_cookie_is_of_use_only_to_the_address_and_port_that_it_was_given_to(own_wring):
    peer = own_wring.peer()
    own_wring.far.add_address("eth0", "10.7.0.22/24")
    port = peer.outside.getsockname()[1]
    with _load(own_wring), peer.outer_socket() as other_port, \
            peer.outer_socket(port, "10.7.0.22") as other_address:
        cookie = _cookie(peer, peer.initiation().message)
        for elsewhere in (other_port, other_address):
            assert _cookie(peer, peer.initiation(cookie=cookie).message, elsewhere) != cookie
        assert _cookie(peer, peer.initiation().message) == cookie  # Its secret holds for 120 s.
        peer.cookie = cookie
        peer.initiate()


def test_p33_a_cookie_reply_can_be_read_only_with_the_mac1_that_it_answers(own_wring):
    peer = own_wring.peer()
    with _load(own_wring):
        message = peer.initiation().message
        peer.send(message)
        reply = peer.expect(COOKIE_REPLY).bytes
    assert len(messages.open_cookie_reply(reply, own_wring.key.public,
                                          messages.mac1_of(message))) == 16
    with pytest.raises(crypto.Forged):
        messages.open_cookie_reply(reply, own_wring.key.public, bytes(16))


def test_p34_a_full_handshake_queue_drops_and_data_goes_on(own_wring):
    peer = own_wring.peer()
    session = peer.initiate()
    assert peer.works(session)
    with own_wring.far.socket(2, 2) as sender:
        for attempt in range(5):
            _burst(own_wring, sender, 7000)
            mark = b"through %d" % attempt
            peer.tell(session, mark)
            assert peer.heard() == mark
            peer.say(mark)
            assert session.open(peer.expect(DATA).bytes)
            if own_wring.control.dropped()["handshake_queue_full"]:
                break
    assert own_wring.control.dropped()["handshake_queue_full"] > 0
    assert own_wring.daemon.resident_kib() < 64 * 1024
    time.sleep(1.2)
    assert peer.works(peer.initiate())
