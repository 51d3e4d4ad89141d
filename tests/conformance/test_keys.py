"""Session indices and the keys that enter a handshake: P13 and P15 to P17."""

import struct

import pytest

from watching import is_refused
from wire import crypto, messages
from wire.crypto import Key
from wire.handshake import Initiator, Responder
from wire.messages import INITIATION, RESPONSE

_PSK, _OTHER_PSK = b"\x01" * 32, b"\x02" * 32


def test_p13_session_indices_are_random_and_all_different(wring):
    peers = [wring.peer() for _ in range(48)]
    try:
        indices = [each.initiate(confirm=False).remote_index for each in peers]
        for each in peers[:8]:
            each.rest()
            indices += [each.initiate(confirm=False).remote_index for _ in range(2)]
    finally:
        for each in peers:
            each.configure("remove=true")
            each.close()
    assert len(set(indices)) == len(indices) == 64
    # No bit stands still, and steps are not those of a counter.
    ones, zeros = 0, 0
    for index in indices:
        ones, zeros = ones | index, zeros | ~index & 0xFFFFFFFF
    assert ones == zeros == 0xFFFFFFFF
    steps = [(b - a) % 2**32 for a, b in zip(indices, indices[1:])]
    assert len(set(steps)) > 60 and max(steps) > 2**24


def test_p15_a_preshared_key_is_mixed_in_in_both_roles(wring):
    for begin in ("initiate", "called"):
        peer = wring.peer(psk=_PSK)
        session = getattr(peer, begin)()
        assert peer.works(session)
        assert peer.state()["preshared_key"] == _PSK.hex()
        peer.configure("remove=true")


def test_p15_another_preshared_key_makes_no_session(wring, peer):
    peer.configure(f"preshared_key={_PSK.hex()}")
    peer.psk = _OTHER_PSK
    initiator = peer.initiation()
    peer.send(initiator.message)
    with pytest.raises(crypto.Forged):
        initiator.finish(peer.expect(RESPONSE).bytes)
    other = wring.peer(psk=_PSK)
    other.say(b"staged")
    initiation = other.expect(INITIATION).bytes
    is_refused(other, Responder(other.key, initiation).respond(_OTHER_PSK)[0], "response_forged")
    response, session = Responder(other.key, initiation).respond(_PSK)
    other.send(response)
    assert other.read(session) == b"staged"


def test_p15_a_preshared_key_of_zeros_is_none(peer):
    peer.configure(f"preshared_key={bytes(32).hex()}")
    assert "preshared_key" not in peer.state()
    assert peer.works(peer.initiate())


def test_p15_a_changed_preshared_key_counts_from_the_next_handshake_on(peer):
    session = peer.initiate()
    peer.configure(f"preshared_key={_PSK.hex()}")
    assert peer.works(session)
    peer.psk = _PSK
    assert peer.works(peer.initiate())


def test_p16_after_a_new_private_key_old_sessions_are_received_on_but_not_sent_on(own_wring):
    peer = own_wring.peer()
    old = peer.initiate()
    assert peer.works(old)
    own_wring.key = Key()
    own_wring.control.must_set(f"private_key={own_wring.key.private.hex()}")
    peer.tell(old, b"late")
    assert peer.heard() == b"late"
    peer.say(b"for the new one")
    first = peer.receive(5.0)
    assert first is not None and first.type == INITIATION  # No data on the old session.
    # The precomputed products are new ones, in both roles.
    responder = Responder(peer.key, first.bytes)
    assert responder.remote_static == own_wring.key.public
    response, session = responder.respond()
    peer.send(response)
    assert peer.read(session) == b"for the new one"
    assert peer.works(peer.initiate())


def test_p16_a_session_that_was_not_confirmed_yet_is_not_sent_on_either(own_wring):
    peer = own_wring.peer()
    old = peer.initiate(confirm=False)
    own_wring.key = Key()
    own_wring.control.must_set(f"private_key={own_wring.key.private.hex()}")
    peer.tell(old, b"confirmed late")
    assert peer.heard() == b"confirmed late"
    peer.say(b"for the new one")
    first = peer.receive(7.0)
    assert first is not None and first.type == INITIATION
    assert Responder(peer.key, first.bytes).remote_static == own_wring.key.public


def test_p16_a_peer_that_bears_the_new_public_key_is_removed(own_wring):
    ourselves, other = Key(), own_wring.peer()
    own_wring.control.must_set(f"public_key={ourselves.public.hex()}", "allowed_ip=10.80.0.0/16")
    assert set(own_wring.control.get()[1]) == {ourselves.public.hex(), other.key.public.hex()}
    own_wring.control.must_set(f"private_key={ourselves.private.hex()}")
    assert set(own_wring.control.get()[1]) == {other.key.public.hex()}


class _ZeroKey:
    """The public key zero, with which every product is zero: so that anyone can claim to own it."""

    public = bytes(32)

    @staticmethod
    def agree(_: bytes) -> bytes:
        return bytes(32)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31),
                                   b"\xec" + b"\xff" * 30 + b"\x7f"], ids=["0", "1", "p-1"])
def test_p17_an_ephemeral_key_of_low_order_is_refused(wring, peer, point):
    body = struct.pack("<II", INITIATION, 1) + point + bytes(76)
    is_refused(peer, messages.with_macs(body, wring.key.public), "handshake_forged")


def test_p17_a_static_key_of_low_order_is_refused(wring, peer):
    wring.control.must_set(f"public_key={bytes(32).hex()}", f"endpoint={peer.endpoint}",
                           "allowed_ip=10.9.99.99/32")
    try:
        # Its sender can compute every product of this handshake.
        is_refused(peer, Initiator(_ZeroKey, wring.key.public).message, "handshake_forged")
        peer.inside.sendto(b"hello", ("10.9.99.99", 1))
        assert peer.listen(0.3) == []
    finally:
        wring.control.must_set(f"public_key={bytes(32).hex()}", "remove=true")
