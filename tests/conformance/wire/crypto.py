"""The functions of [WG] 5.4 by other means than wring's: hashlib, hmac and OpenSSL."""

import base64
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TAG_SIZE = 16


class Forged(Exception):
    """What came does not authenticate."""


def hash_(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(count: int, key: bytes, data: bytes) -> list[bytes]:
    """KDFn of [WG] 5.4: `count` keys of 32 bytes."""
    secret = hmac.new(key, data, hashlib.blake2s).digest()
    outputs = [b""]
    for number in range(1, count + 1):
        outputs.append(hmac.new(secret, outputs[-1] + bytes([number]), hashlib.blake2s).digest())
    return outputs[1:]


def seal(key: bytes, counter: int, plaintext: bytes, associated: bytes = b"") -> bytes:
    nonce = bytes(4) + struct.pack("<Q", counter)
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def open_(key: bytes, counter: int, sealed: bytes, associated: bytes = b"") -> bytes:
    nonce = bytes(4) + struct.pack("<Q", counter)
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Forged from None


def xseal(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    cipher = ChaCha20Poly1305(_hchacha20(key, nonce[:16]))
    return cipher.encrypt(bytes(4) + nonce[16:], plaintext, associated)


def xopen(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    cipher = ChaCha20Poly1305(_hchacha20(key, nonce[:16]))
    try:
        return cipher.decrypt(bytes(4) + nonce[16:], sealed, associated)
    except InvalidTag:
        raise Forged from None


def _hchacha20(key: bytes, nonce: bytes) -> bytes:
    """draft-irtf-cfrg-xchacha, 2.2; OpenSSL has ChaCha20 but not this."""
    words = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for to, other, mixed, left in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            words[to] = (words[to] + words[other]) & 0xFFFFFFFF
            turned = words[mixed] ^ words[to]
            words[mixed] = ((turned << left) | (turned >> (32 - left))) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *words[:4], *words[12:])


class Key:
    """A Curve25519 key pair."""

    def __init__(self, private: bytes = b""):
        raw = bytearray(private or os.urandom(32))
        raw[0] &= 0xF8
        raw[31] = raw[31] & 0x7F | 0x40
        self.private = bytes(raw)
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def agree(self, public: bytes) -> bytes:
        """DH(this, public); ValueError where the product is all zeros."""
        return self._key.exchange(X25519PublicKey.from_public_bytes(public))

    @property
    def public_base64(self) -> str:
        return base64.b64encode(self.public).decode()
