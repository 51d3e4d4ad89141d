#!/usr/bin/python3
"""Writes handshake.txt and kdf.txt: what the C++ tests expect, computed by other means.

The handshake of the WireGuard paper (section 5.4) once more, on hashlib's BLAKE2s, the standard
library's HMAC and python3-cryptography's X25519 and ChaCha20-Poly1305, with fixed keys. It shares
no code with wring. Run it in this folder to make the files anew:

    /usr/bin/python3 make_handshake_vectors.py

Format: `[case]` begins a case; `name hex` is one value (nothing after the name is no bytes).
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"


def hash_(data: bytes) -> bytes:
    return hashlib.blake2s(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def hmac_(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.blake2s).digest()


def kdf(count: int, key: bytes, data: bytes) -> list[bytes]:
    secret = hmac_(key, data)
    outputs = [b""]
    for number in range(1, count + 1):
        outputs.append(hmac_(secret, outputs[-1] + bytes([number])))
    return outputs[1:]


def aead(key: bytes, counter: int, plaintext: bytes, associated: bytes) -> bytes:
    nonce = bytes(4) + struct.pack("<Q", counter)
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def rotate(word: int, count: int) -> int:
    return ((word << count) | (word >> (32 - count))) & 0xFFFFFFFF


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """draft-irtf-cfrg-xchacha, 2.2: no Debian package offers it, so it stands here in full."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a: int, b: int, c: int, d: int) -> None:
        steps = ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7))
        for first, second, target, count in steps:
            state[first] = (state[first] + state[second]) & 0xFFFFFFFF
            state[target] = rotate(state[target] ^ state[first], count)

    for _ in range(10):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for column in range(4):
            quarter(column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


def xaead(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    subkey = hchacha20(key, nonce[:16])
    return ChaCha20Poly1305(subkey).encrypt(bytes(4) + nonce[16:], plaintext, associated)


def clamp(key: bytes) -> bytes:
    return bytes([key[0] & 0xF8]) + key[1:31] + bytes([key[31] & 0x7F | 0x40])


def public(key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(key).public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw)


def dh(key: bytes, other: bytes) -> bytes:
    theirs = X25519PublicKey.from_public_bytes(other)
    return X25519PrivateKey.from_private_bytes(key).exchange(theirs)


def fixed(name: str, size: int = 32) -> bytes:
    """Bytes that look random and are the same in every run."""
    return hashlib.sha256(b"wring test vector: " + name.encode()).digest()[:size]


def with_macs(message: bytes, receiver_public: bytes, cookie: bytes | None) -> bytes:
    message += mac(hash_(b"mac1----" + receiver_public), message)
    return message + (mac(cookie, message) if cookie else bytes(16))


def handshake(psk: bytes) -> list[tuple[str, bytes]]:
    initiator, responder = clamp(fixed("initiator static")), clamp(fixed("responder static"))
    # What the random generator is to give; clamping it is up to the implementation.
    initiator_random, responder_random = fixed("initiator ephemeral"), fixed("responder ephemeral")
    ephemeral_i, ephemeral_r = clamp(initiator_random), clamp(responder_random)
    index_i, index_r = 0x11223344, 0xA1B2C3D4
    timestamp = struct.pack(">QI", 2**62 + 10 + 1_700_000_000, 0x1D000000)

    # 5.4.2, first message
    chain = hash_(CONSTRUCTION)
    digest = hash_(hash_(chain + IDENTIFIER) + public(responder))
    initiation = struct.pack("<II", 1, index_i) + public(ephemeral_i)
    (chain,) = kdf(1, chain, public(ephemeral_i))
    digest = hash_(digest + public(ephemeral_i))
    chain, key = kdf(2, chain, dh(ephemeral_i, public(responder)))
    sealed = aead(key, 0, public(initiator), digest)
    digest = hash_(digest + sealed)
    initiation += sealed
    chain, key = kdf(2, chain, dh(initiator, public(responder)))
    sealed = aead(key, 0, timestamp, digest)
    digest = hash_(digest + sealed)
    initiation += sealed
    values = [
        ("initiator_private", initiator),
        ("initiator_public", public(initiator)),
        ("responder_private", responder),
        ("responder_public", public(responder)),
        ("static_static", dh(initiator, public(responder))),
        ("psk", psk),
        ("initiator_random", initiator_random),
        ("responder_random", responder_random),
        ("initiator_index", struct.pack("<I", index_i)),
        ("responder_index", struct.pack("<I", index_r)),
        ("timestamp", timestamp),
        ("initiation", with_macs(initiation, public(responder), None)),
        ("initiation_hash", digest),
        ("initiation_chaining_key", chain),
    ]

    # 5.4.3, second message
    response = struct.pack("<III", 2, index_r, index_i) + public(ephemeral_r)
    (chain,) = kdf(1, chain, public(ephemeral_r))
    digest = hash_(digest + public(ephemeral_r))
    (chain,) = kdf(1, chain, dh(ephemeral_r, public(ephemeral_i)))
    (chain,) = kdf(1, chain, dh(ephemeral_r, public(initiator)))
    chain, mixed, key = kdf(3, chain, psk)
    digest = hash_(digest + mixed)
    response += aead(key, 0, b"", digest)
    initiator_key, responder_key = kdf(2, chain, b"")  # 5.4.5
    values += [
        ("response", with_macs(response, public(initiator), None)),
        ("initiator_sends_with", initiator_key),
        ("responder_sends_with", responder_key),
    ]

    # 5.4.6: the initiator's first data packet, and its 2^40-th
    packet = fixed("inner packet") * 3
    for name, counter in (("data_first", 0), ("data_late", 2**40)):
        header = struct.pack("<IIQ", 4, index_r, counter)
        values.append((name, header + aead(initiator_key, counter, packet, b"")))
    values.append(("inner_packet", packet))

    # 5.4.7: the responder answers the initiation with a cookie; the initiator tries again with it
    secret, nonce = fixed("cookie secret"), fixed("cookie nonce", 24)
    source = bytes([192, 0, 2, 7]) + struct.pack(">H", 51820)
    cookie = mac(secret, source)
    mac1 = dict(values)["initiation"][116:132]
    reply = struct.pack("<II", 3, index_i) + nonce
    reply += xaead(hash_(b"cookie--" + public(responder)), nonce, cookie, mac1)
    values += [
        ("cookie_secret", secret),
        ("cookie_nonce", nonce),
        ("cookie_source", source),
        ("cookie_reply", reply),
        ("initiation_with_cookie", with_macs(initiation, public(responder), cookie)),
    ]
    return values


def key_derivations() -> dict[str, list[tuple[str, bytes]]]:
    cases = {}
    for name, data in (("empty input", b""), ("one key", fixed("kdf input")),
                       ("long input", fixed("kdf input") * 5)):
        key = fixed("kdf key " + name)
        first, second, third = kdf(3, key, data)
        cases[name] = [("key", key), ("input", data), ("hmac", hmac_(key, data)),
                       ("mac", mac(key, data)), ("hash", hash_(data)),
                       ("first", first), ("second", second), ("third", third)]
    return cases


def self_check() -> None:
    """The draft's own vectors for the two functions that this file brings itself."""
    key = bytes(range(32))
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    assert hchacha20(key, nonce).hex() == (
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")


def write(path: str, cases: dict[str, list[tuple[str, bytes]]]) -> None:
    with open(path, "w", encoding="ascii") as out:
        out.write("# Made by make_handshake_vectors.py; not to be edited.\n")
        for name, values in cases.items():
            out.write(f"\n[{name}]\n")
            for field, value in values:
                out.write(f"{field} {value.hex()}".rstrip() + "\n")


if __name__ == "__main__":
    self_check()
    write("handshake.txt", {"no psk": handshake(bytes(32)), "psk": handshake(fixed("psk"))})
    write("kdf.txt", key_derivations())
