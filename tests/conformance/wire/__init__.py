"""A WireGuard peer of its own, for tests: the wire format and the handshake of the WireGuard paper
([WG]) on hashlib's BLAKE2s and python3-cryptography, without a line of wring's. It keeps no rule
that it is not told to keep, so that a test can break each of them.
"""
