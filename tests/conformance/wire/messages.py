"""The four messages of [WG] 5.4, byte for byte. Integers are little-endian."""

import os
import struct
from typing import NamedTuple

from . import crypto

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE_REPLY: 64}
KEEPALIVE_SIZE = 32
LABEL_MAC1, LABEL_COOKIE = b"mac1----", b"cookie--"


def type_of(message: bytes) -> int:
    """The message's type word; 0 where there is none."""
    return struct.unpack_from("<I", message)[0] if len(message) >= 4 else 0


def sender_of(message: bytes) -> int:
    """The index that the sender of an initiation or a response has chosen."""
    return struct.unpack_from("<I", message, 4)[0]


def receiver_of(message: bytes) -> int:
    """The index that a response, a cookie reply or a data message is meant for."""
    return struct.unpack_from("<I", message, 8 if type_of(message) == RESPONSE else 4)[0]


def with_macs(body: bytes, receiver: bytes, cookie: bytes = b"") -> bytes:
    """Ends a handshake message by mac1 for the receiver's public key, and by mac2 of a cookie or by
    zeros. [WG] 5.4.4"""
    stamped = body + crypto.mac(crypto.hash_(LABEL_MAC1, receiver), body)
    return stamped + (crypto.mac(cookie, stamped) if cookie else bytes(16))


def mac1_of(message: bytes) -> bytes:
    return message[-32:-16]


def mac2_of(message: bytes) -> bytes:
    return message[-16:]


def mac1_is_good(message: bytes, receiver: bytes) -> bool:
    key = crypto.hash_(LABEL_MAC1, receiver)
    return crypto.mac(key, message[:-32]) == mac1_of(message)


def cookie_reply(receiver: int, replier: bytes, mac1: bytes, cookie: bytes) -> bytes:
    """[WG] 5.4.7: what the owner of public key `replier` answers to a message that bore `mac1`."""
    nonce = os.urandom(24)
    key = crypto.hash_(LABEL_COOKIE, replier)
    return struct.pack("<II", COOKIE_REPLY, receiver) + nonce + crypto.xseal(
        key, nonce, cookie, mac1)


def open_cookie_reply(message: bytes, replier: bytes, mac1: bytes) -> bytes:
    """The cookie in a reply; Forged where it is none to the message that bore `mac1`."""
    key = crypto.hash_(LABEL_COOKIE, replier)
    return crypto.xopen(key, message[8:32], message[32:], mac1)


class Data(NamedTuple):
    receiver: int
    counter: int
    sealed: bytes


def data(receiver: int, key: bytes, counter: int, plaintext: bytes) -> bytes:
    """[WG] 5.4.6; the plaintext is padded by the caller, or not."""
    return struct.pack("<IIQ", DATA, receiver, counter) + crypto.seal(key, counter, plaintext)


def parse_data(message: bytes) -> Data:
    _, receiver, counter = struct.unpack_from("<IIQ", message)
    return Data(receiver, counter, message[16:])
