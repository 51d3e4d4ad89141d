"""The numbers and the bytes of the messages: P1 to P4."""

import struct

import pytest

from support.waiting import eventually
from wire import crypto, inner, messages
from wire.handshake import Responder
from wire.messages import DATA, INITIATION, RESPONSE

_REJECT_AFTER_MESSAGES = 18446744073709543423  # 2^64 - 2^13 - 1
_MTU = 1420


def test_p1_the_last_counter_taken_is_the_one_before_reject_after_messages(peer):
    session = peer.initiate()
    peer.tell(session, b"last", _REJECT_AFTER_MESSAGES - 1)
    assert peer.heard() == b"last"


def _first_answer_is_to_a_good_initiation(peer):
    """That nothing before it was answered: the first datagram to come is its response."""
    peer.rest()
    initiator = peer.initiation()
    peer.send(initiator.message)
    answer = peer.receive(5.0)
    assert answer is not None and answer.type == RESPONSE
    initiator.finish(answer.bytes)


def test_p2_a_message_of_another_size_is_dropped_without_an_answer(wring, peer):
    session = peer.initiate()
    genuine = [peer.initiation().message, session.seal(b"")]
    wrong = []
    for message in genuine + [struct.pack("<I", kind) + bytes(144) for kind in (2, 3)]:
        kind = messages.type_of(message)
        right = messages.SIZES.get(kind)
        for size in (0, 1, 3, 4, 31, 63, 64, 65, 91, 92, 93, 147, 148, 149, 1000):
            if size == right or (kind == DATA and size >= 32):
                continue
            wrong.append((message + bytes(1000))[:size])
    before, state = wring.control.dropped()["malformed_datagram"], peer.state()
    for each in wrong:
        peer.send(each)
    eventually(lambda: wring.control.dropped()["malformed_datagram"] == before + len(wrong),
               "each is counted")
    assert peer.state() == state
    _first_answer_is_to_a_good_initiation(peer)


@pytest.mark.parametrize("kind", [0, 5, 6, 255])
def test_p2_another_type_is_dropped_without_an_answer(wring, peer, kind):
    before = wring.control.dropped()["malformed_datagram"]
    for size in (32, 64, 92, 148):
        peer.send(struct.pack("<I", kind) + bytes(size - 4))
    eventually(lambda: wring.control.dropped()["malformed_datagram"] == before + 4,
               "each is counted")
    _first_answer_is_to_a_good_initiation(peer)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_p2_reserved_bytes_other_than_zero_are_dropped_without_an_answer(wring, peer, at):
    session = peer.initiate()
    bent = []
    for message in (peer.initiation().message, session.seal(peer.packet(b"bent"))):
        changed = bytearray(message)
        changed[at] = 1
        if message[0] == INITIATION:  # With a mac1 that covers the change.
            changed = bytearray(messages.with_macs(bytes(changed[:-32]), wring.key.public))
        bent.append(bytes(changed))
    before = wring.control.dropped()["malformed_datagram"]
    assert peer.is_delivered(session, *bent) == []
    assert wring.control.dropped()["malformed_datagram"] == before + 2
    _first_answer_is_to_a_good_initiation(peer)


def test_p2_its_own_messages_have_148_92_and_at_least_32_bytes_and_zeros_behind_the_type(peer):
    peer.say(b"")
    initiation = peer.expect(INITIATION).bytes
    response, session = Responder(peer.key, initiation).respond()
    peer.send(response)
    data = peer.expect(DATA).bytes
    initiator = peer.initiation()
    peer.send(initiator.message)
    answer = peer.expect(RESPONSE).bytes
    assert (len(initiation), len(answer)) == (148, 92)
    assert len(data) == 32 + 32  # An IPv4 header and a UDP header, padded.
    for message, kind in ((initiation, 1), (answer, 2), (data, 4)):
        assert message[:4] == bytes([kind, 0, 0, 0])


def test_p3_a_handshake_with_an_implementation_of_the_paper_completes_in_both_roles(wring, peer):
    assert peer.works(peer.initiate())
    other = wring.peer()
    assert other.works(other.called())


@pytest.mark.parametrize("bent", [
    {"construction": b"Noise_IKpsk1_25519_ChaChaPoly_BLAKE2s"},
    {"identifier": b"WireGuard v0 zx2c4 Jason@zx2c4.com"}], ids=["construction", "identifier"])
def test_p3_another_construction_or_identifier_is_a_forgery(wring, peer, bent):
    before = wring.control.dropped()["handshake_forged"]
    peer.send(peer.initiation(**bent).message)
    eventually(lambda: wring.control.dropped()["handshake_forged"] == before + 1, "it is counted")
    _first_answer_is_to_a_good_initiation(peer)


def test_p3_its_mac1_has_the_label_of_the_paper(peer):
    peer.say(b"hello")
    message = peer.expect(INITIATION).bytes
    key = crypto.hash_(b"mac1----", peer.key.public)
    assert messages.mac1_of(message) == crypto.mac(key, message[:116])
    assert messages.mac2_of(message) == bytes(16)  # No cookie, no mac2.


def test_p4_data_is_padded_by_zeros_to_a_multiple_of_16_but_not_past_the_mtu(peer):
    session = peer.called()
    for size in [*range(0, 40), 1363, 1364, 1365, 1380, 1381, 1390, 1391, 1392]:
        payload = bytes([0xA5]) * size
        peer.say(payload)
        plaintext = next(text for text in peer.plaintexts(session) if text)
        length = 28 + size
        assert len(plaintext) == min(-(-length // 16) * 16, _MTU)
        assert plaintext[length:] == bytes(len(plaintext) - length)
        assert inner.payload_of(plaintext) == payload


def test_p4_a_keepalive_is_an_empty_plaintext(peer):
    session = peer.initiate()
    peer.configure("persistent_keepalive_interval=100")  # Sends one at once.
    message = peer.expect(DATA).bytes
    assert len(message) == messages.KEEPALIVE_SIZE and session.open(message) == b""


def test_p4_data_without_padding_is_taken_as_well(peer):
    session = peer.initiate()
    packet = inner.udp4(peer.inner4, "10.9.0.1", b"odd", peer.inner_port)
    assert len(packet) % 16 != 0
    peer.send(session.seal(packet))
    assert peer.heard() == b"odd"


def test_p8_a_counter_at_reject_after_messages_is_refused(wring, peer):
    session = peer.initiate()
    before = wring.control.dropped()["counter_exhausted"]
    late = [session.seal(peer.packet(b"late"), counter)
            for counter in (_REJECT_AFTER_MESSAGES, _REJECT_AFTER_MESSAGES + 1, 2**64 - 1)]
    assert peer.is_delivered(session, *late) == []
    assert wring.control.dropped()["counter_exhausted"] == before + 3
