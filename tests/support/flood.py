"""Forged handshake initiations in numbers: what they look like, and how they leave in bursts."""

import base64
import hashlib
import random
import socket
import struct
from typing import Iterator, Sequence

_INITIATION = 1
_INITIATION_SIZE = 148
_MAC1_AT = 116
_UDP_SEGMENT = 103  # linux/udp.h
_MOST_SEGMENTS = 64  # As many as the kernel takes from one call.


def forged_initiations(public_key: str, count: int, seed: int = 1) -> list[bytes]:
    """Initiations to the owner of `public_key` with a good mac1, which takes no more than that key,
    and with noise for the rest. ([WG] 5.4.4)"""
    mac1_key = hashlib.blake2s(b"mac1----" + base64.b64decode(public_key)).digest()
    rng = random.Random(seed)
    bodies = (struct.pack("<I", _INITIATION) + rng.randbytes(_MAC1_AT - 4) for _ in range(count))
    return [body + hashlib.blake2s(body, digest_size=16, key=mac1_key).digest() + bytes(16)
            for body in bodies]


def joined(messages: Sequence[bytes]) -> Iterator[bytes]:
    """The messages in buffers for `send_apart`, as few as can be."""
    for first in range(0, len(messages), _MOST_SEGMENTS):
        yield b"".join(messages[first:first + _MOST_SEGMENTS])


def send_apart(sender: socket.socket, buffer: bytes, address: tuple[str, int]) -> None:
    """Sends each initiation of the buffer as a datagram of its own, all by one system call: the
    receiver has them all at once, however little of a processor the sender gets."""
    segments = (socket.SOL_UDP, _UDP_SEGMENT, struct.pack("=H", _INITIATION_SIZE))
    sender.sendmsg([buffer], [segments], 0, address)
