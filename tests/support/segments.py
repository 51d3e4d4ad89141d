"""What a network card makes of a large packet: the reference that the daemon is compared with.

Written from the standards and from what Linux does (tcp_gso_segment, __udp_gso_segment,
inet_gso_segment), with nothing taken from the daemon, and slowly: every header is made anew.
"""

import struct
from dataclasses import dataclass

VNET_HEADER = struct.Struct("<BBHHHH")  # struct virtio_net_hdr, in the byte order of x86 and ARM

NEEDS_CSUM = 1
GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, GSO_ECN = 0, 1, 4, 5, 0x80

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))


def ones_sum(data: bytes, start: int = 0) -> int:
    """The 16-bit one's-complement sum (RFC 1071) of data, added to `start`."""
    padded = data + b"\0" if len(data) & 1 else data
    # 65536 is 1 modulo 65535: the number's remainder is the sum of its digits, of 16 bits each.
    total = int.from_bytes(padded, "big") + start
    return (total % 0xFFFF or 0xFFFF) if total else 0


def checksum(data: bytes, start: int = 0) -> int:
    """The complement of that sum, as headers have it."""
    return 0xFFFF ^ ones_sum(data, start)


@dataclass(frozen=True)
class Frame:
    """A packet as it passes a TUN: with the header that says what is left to be done to it."""

    packet: bytes
    flags: int = 0
    gso_type: int = GSO_NONE
    header_size: int = 0
    gso_size: int = 0
    csum_start: int = 0
    csum_offset: int = 0

    @classmethod
    def parse(cls, data: bytes) -> "Frame":
        return cls(data[VNET_HEADER.size:], *VNET_HEADER.unpack_from(data))

    def encode(self) -> bytes:
        return VNET_HEADER.pack(self.flags, self.gso_type, self.header_size, self.gso_size,
                                self.csum_start, self.csum_offset) + self.packet

    @property
    def joined(self) -> bool:
        return self.gso_type != GSO_NONE

    def segments(self) -> list[bytes]:
        """The packets that leave the card, with all checksums."""
        if not self.joined:
            return [self._completed() if self.flags & NEEDS_CSUM else self.packet]
        assert self.flags & NEEDS_CSUM, "a packet to be split whose checksum nobody is to make"
        packet, at = self.packet, self.csum_start
        tcp = self.gso_type & ~GSO_ECN != GSO_UDP_L4
        begin = at + (packet[at + 12] >> 4) * 4 if tcp else at + 8
        offsets = range(begin, len(packet), self.gso_size)
        return [self._segment(i, begin, packet[offset:offset + self.gso_size], tcp,
                              i + 1 == len(offsets)) for i, offset in enumerate(offsets)]

    def _completed(self) -> bytes:
        field = self.csum_start + self.csum_offset
        value = checksum(self.packet[self.csum_start:]) or 0xFFFF
        return self.packet[:field] + value.to_bytes(2, "big") + self.packet[field + 2:]

    def _segment(self, i: int, begin: int, payload: bytes, tcp: bool, last: bool) -> bytes:
        at = self.csum_start
        ip, transport = bytearray(self.packet[:at]), bytearray(self.packet[at:begin])
        length = len(transport) + len(payload)
        field = 16 if tcp else 6
        assert field == self.csum_offset
        # It holds the sum of the pseudo-header, in which only the length changes.
        partial = int.from_bytes(transport[field:field + 2], "big")
        partial += length + 2 * 0xFFFF - (len(self.packet) - at) % 0xFFFF
        if tcp:
            sequence = int.from_bytes(transport[4:8], "big") + i * self.gso_size
            transport[4:8] = (sequence & 0xFFFFFFFF).to_bytes(4, "big")
            if i > 0:
                transport[13] &= ~CWR & 0xFF
            if not last:
                transport[13] &= ~(PSH | FIN) & 0xFF
        else:
            transport[4:6] = length.to_bytes(2, "big")
        transport[field:field + 2] = b"\0\0"
        value = checksum(bytes(transport) + payload, partial)
        if not tcp:
            value = value or 0xFFFF  # A field of 0 says that there is none (RFC 768).
        transport[field:field + 2] = value.to_bytes(2, "big")
        if ip[0] >> 4 == 4:
            ip[2:4] = (at + length).to_bytes(2, "big")
            ip[4:6] = (int.from_bytes(ip[4:6], "big") + i & 0xFFFF).to_bytes(2, "big")
            ip[10:12] = b"\0\0"
            ip[10:12] = checksum(bytes(ip)).to_bytes(2, "big")
        else:
            ip[4:6] = (at + length - 40).to_bytes(2, "big")
        return bytes(ip + transport) + payload
