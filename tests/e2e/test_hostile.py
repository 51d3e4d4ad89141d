"""Replayed, forged and senseless datagrams, which must leave a tunnel as it was."""

import hashlib
import random
import select
import socket
import struct
import subprocess
import time

import pytest

from support.capture import COOKIE_REPLY, DATA, INITIATION, RESPONSE, Capture
from support.transfer import ping, send_tcp, send_udp
from support.tunnel import PORT

ATTACKER = "10.7.0.66"


@pytest.fixture
def attacker(ends):
    """A socket beside end one, with an address that is nobody's endpoint."""
    host = ends[0].host
    host.add_address("eth0", f"{ATTACKER}/24")
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((ATTACKER, 0))
        made.setblocking(False)
        yield made


def _send_all(attacker, payloads, address=("10.7.0.2", PORT)):
    for payload in payloads:
        select.select([], [attacker], [], 1.0)
        attacker.sendto(payload, address)


def _answers(attacker, wait=0.3):
    found = []
    while select.select([attacker], [], [], wait)[0]:
        found.append(attacker.recv(2048))
    return found


def _state(end, other):
    """What hostile datagrams must not change, P12."""
    peer = end.peer(other)
    return peer.endpoint, peer.latest_handshake, peer.rx_bytes


def test_a_replayed_capture_changes_nothing(ends, attacker):  # P5, P12, P19
    one, two = ends
    with Capture(two.host) as wire:
        assert ping(one.host, two.inner4, count=5).lost == 0
        assert send_udp(one.host, two.host, two.inner4, 100) == list(range(100))
        send_tcp(two.host, one.host, one.inner4, 100_000)
        captured = [each.payload for each in wire.datagrams() if not each.outgoing]
    assert {struct.unpack_from("<I", each)[0] for each in captured} >= {INITIATION, DATA}
    with Capture(two.host, "wg0") as inner:
        inner.datagrams()
        before = _state(two, one)
        for _ in range(3):
            _send_all(attacker, captured)
        random.Random(7).shuffle(captured)
        _send_all(attacker, captured)
        assert _answers(attacker) == []
        assert _state(two, one) == before
        assert inner.datagrams() == []  # Nothing was delivered a second time.
    result = ping(one.host, two.inner4, count=10)
    assert (result.lost, result.duplicates) == (0, 0)


def test_messages_sent_back_to_their_sender_change_nothing(ends, attacker):  # P12
    one, two = ends
    with Capture(two.host) as wire:
        assert ping(one.host, two.inner4, count=5).lost == 0
        own = [each.payload for each in wire.datagrams() if each.outgoing]
    assert struct.unpack_from("<I", own[0])[0] == RESPONSE
    before = _state(two, one)
    _send_all(attacker, own)
    assert _answers(attacker) == []
    assert _state(two, one) == before
    assert ping(two.host, one.inner4, count=5).lost == 0


def test_altered_data_changes_nothing(ends, attacker):  # P12, P18, P28
    one, two = ends
    with Capture(two.host) as wire:
        assert ping(one.host, two.inner4, count=3, size=100).lost == 0
        data = next(each.payload for each in wire.datagrams()
                    if not each.outgoing and each.type == DATA and len(each.payload) > 100)
    before = _state(two, one)
    altered = []
    for counter in (0, 1, 500, 9000, 2**31, 2**63, 2**64 - 2**13 - 1, 2**64 - 1):
        altered.append(data[:8] + struct.pack("<Q", counter) + data[16:])
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        altered.append(bytes(flipped))
    altered += [data[:length] for length in range(len(data))]
    altered += [data + bytes(extra) for extra in range(1, 200)]
    _send_all(attacker, altered)
    assert _answers(attacker) == []
    assert _state(two, one) == before
    assert ping(one.host, two.inner4, count=10).lost == 0  # The window was not pushed ahead.


@pytest.mark.parametrize("kind", [0, INITIATION, RESPONSE, COOKIE_REPLY, DATA, "reserved", "any"])
def test_senseless_datagrams_of_every_length_change_nothing(ends, attacker, kind):  # P2, P12, P31
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    before = _state(two, one)
    rng = random.Random(str(kind))

    def datagram(length):
        body = rng.randbytes(length)
        if kind == "any":
            return body
        if kind == "reserved":
            return bytes([rng.randint(1, 4), 0, rng.randint(1, 255), 0])[:length] + body[4:]
        return struct.pack("<I", kind)[:length] + body[4:]

    _send_all(attacker, map(datagram, range(2001)))
    sizes = {INITIATION: 148, RESPONSE: 92, COOKIE_REPLY: 64}
    _send_all(attacker, (datagram(sizes.get(kind, 32)) for _ in range(200)))
    assert _answers(attacker) == []
    assert _state(two, one) == before
    assert ping(one.host, two.inner4, count=5).lost == 0
    assert two.daemon.resident_kib() < 64 * 1024


def _with_mac1(end, message):
    """Gives a forged handshake message the mac1 that anyone who knows the public key can make."""
    raw_key = bytes.fromhex(end.host.run("sh", "-c", "base64 -d | od -An -v -tx1 | tr -d ' \\n'",
                                         input=end.keys.public).stdout)
    mac1_key = hashlib.blake2s(b"mac1----" + raw_key).digest()
    return [body + hashlib.blake2s(body, digest_size=16, key=mac1_key).digest() + bytes(16)
            for body in message]


def test_forged_initiations_with_a_good_mac1_change_nothing(ends, attacker):  # P12, P32
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    before = _state(two, one)
    rng = random.Random(3)
    forged = [struct.pack("<I", INITIATION) + rng.randbytes(112) for _ in range(500)]
    # Low-order points, for which X25519 gives zero, are refused like any other forgery. P17
    forged += [struct.pack("<II", INITIATION, 1) + point + rng.randbytes(76)
               for point in (bytes(32), b"\1" + bytes(31))]
    _send_all(attacker, _with_mac1(two, forged))
    # Under load a cookie reply may come, and nothing else.
    for answer in _answers(attacker):
        assert len(answer) == 64 and struct.unpack_from("<I", answer)[0] == COOKIE_REPLY
    assert _state(two, one) == before
    assert ping(one.host, two.inner4, count=5).lost == 0


def test_traffic_keeps_running_while_garbage_arrives(ends, attacker):  # P34
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    pinging = one.host.popen("ping", "-n", "-q", "-c", "100", "-i", "0.02", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    rng = random.Random(5)
    while pinging.poll() is None:
        _send_all(attacker, (struct.pack("<I", rng.randint(1, 4)) + rng.randbytes(144)
                             for _ in range(50)))
        time.sleep(0.01)  # Some thousands a second, well below what a socket's buffer takes.
    assert " 0% packet loss" in pinging.stdout.read()
