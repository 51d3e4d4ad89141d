"""Noise_IKpsk2 as [WG] 5.4 writes it down, for both roles."""

import itertools
import os
import struct
import time
from dataclasses import dataclass, field
from typing import Optional

from . import crypto, messages
from .crypto import Key

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
NO_PSK = bytes(32)


def tai64n(seconds: int, nanoseconds: int = 0) -> bytes:
    return struct.pack(">QI", 2**62 + 10 + seconds, nanoseconds)


def tai64n_now() -> bytes:
    return tai64n(*divmod(time.time_ns(), 10**9))


@dataclass
class Session:
    """The keys of a finished handshake, and the counter of what is sent on it."""

    send_key: bytes
    receive_key: bytes
    local_index: int
    remote_index: int
    counters: itertools.count = field(default_factory=itertools.count)

    def seal(self, plaintext: bytes, counter: Optional[int] = None) -> bytes:
        chosen = next(self.counters) if counter is None else counter
        return messages.data(self.remote_index, self.send_key, chosen, plaintext)

    def open(self, message: bytes) -> bytes:
        """The plaintext, padding included; Forged if it is not of this session."""
        parsed = messages.parse_data(message)
        if parsed.receiver != self.local_index:
            raise crypto.Forged
        return crypto.open_(self.receive_key, parsed.counter, parsed.sealed)


class _Symmetric:
    """Hash and chaining key."""

    def __init__(self, responder: bytes, construction: bytes, identifier: bytes):
        self.chain = crypto.hash_(construction)
        self.hash = crypto.hash_(crypto.hash_(self.chain, identifier), responder)

    def mix_hash(self, data: bytes) -> None:
        self.hash = crypto.hash_(self.hash, data)

    def mix_ephemeral(self, public: bytes) -> None:
        self.mix_hash(public)
        self.mix_secret(public)

    def mix_secret(self, secret: bytes) -> None:
        (self.chain,) = crypto.kdf(1, self.chain, secret)

    def mix_for_key(self, secret: bytes) -> bytes:
        self.chain, key = crypto.kdf(2, self.chain, secret)
        return key

    def mix_psk(self, psk: bytes) -> bytes:
        self.chain, mixed, key = crypto.kdf(3, self.chain, psk)
        self.mix_hash(mixed)
        return key

    def seal(self, key: bytes, plaintext: bytes) -> bytes:
        sealed = crypto.seal(key, 0, plaintext, self.hash)
        self.mix_hash(sealed)
        return sealed

    def open(self, key: bytes, sealed: bytes) -> bytes:
        plaintext = crypto.open_(key, 0, sealed, self.hash)
        self.mix_hash(sealed)
        return plaintext


class Initiator:
    """Makes an initiation (`message`) and finishes by a response. What it makes can be bent: a
    timestamp, an ephemeral key or labels of the test's own."""

    def __init__(self, static: Key, remote: bytes, psk: bytes = NO_PSK, cookie: bytes = b"",
                 timestamp: bytes = b"", ephemeral: Optional[Key] = None,
                 construction: bytes = CONSTRUCTION, identifier: bytes = IDENTIFIER):
        self._static, self._psk = static, psk
        self._ephemeral = ephemeral or Key()
        self.index = int.from_bytes(os.urandom(4), "little")
        state = self._state = _Symmetric(remote, construction, identifier)
        body = struct.pack("<II", messages.INITIATION, self.index) + self._ephemeral.public
        state.mix_ephemeral(self._ephemeral.public)
        body += state.seal(state.mix_for_key(self._ephemeral.agree(remote)), static.public)
        stamp = timestamp or tai64n_now()
        body += state.seal(state.mix_for_key(static.agree(remote)), stamp)
        self.message = messages.with_macs(body, remote, cookie)

    def finish(self, response: bytes) -> Session:
        """The session; Forged where the response is none to this initiation."""
        assert len(response) == 92 and messages.type_of(response) == messages.RESPONSE
        if messages.receiver_of(response) != self.index:
            raise crypto.Forged
        if not messages.mac1_is_good(response, self._static.public):
            raise crypto.Forged
        state, ephemeral = self._state, response[12:44]
        state.mix_ephemeral(ephemeral)
        state.mix_secret(self._ephemeral.agree(ephemeral))
        state.mix_secret(self._static.agree(ephemeral))
        state.open(state.mix_psk(self._psk), response[44:60])
        send, receive = crypto.kdf(2, state.chain, b"")
        return Session(send, receive, self.index, messages.sender_of(response))


class Responder:
    """Reads an initiation: who sent it, and its timestamp. Then answers it."""

    def __init__(self, static: Key, initiation: bytes):
        assert len(initiation) == 148 and messages.type_of(initiation) == messages.INITIATION
        if not messages.mac1_is_good(initiation, static.public):
            raise crypto.Forged
        self._remote_index = messages.sender_of(initiation)
        self._remote_ephemeral = initiation[8:40]
        state = self._state = _Symmetric(static.public, CONSTRUCTION, IDENTIFIER)
        state.mix_ephemeral(self._remote_ephemeral)
        key = state.mix_for_key(static.agree(self._remote_ephemeral))
        self.remote_static = state.open(key, initiation[40:88])
        key = state.mix_for_key(static.agree(self.remote_static))
        self.timestamp = state.open(key, initiation[88:116])

    def respond(self, psk: bytes = NO_PSK, cookie: bytes = b"") -> tuple[bytes, Session]:
        """The response and the session that it makes. Once: it uses the state up."""
        state, ephemeral = self._state, Key()
        index = int.from_bytes(os.urandom(4), "little")
        body = struct.pack("<III", messages.RESPONSE, index, self._remote_index) + ephemeral.public
        state.mix_ephemeral(ephemeral.public)
        state.mix_secret(ephemeral.agree(self._remote_ephemeral))
        state.mix_secret(ephemeral.agree(self.remote_static))
        body += state.seal(state.mix_psk(psk), b"")
        receive, send = crypto.kdf(2, state.chain, b"")
        return (messages.with_macs(body, self.remote_static, cookie),
                Session(send, receive, index, self._remote_index))
