"""IP packets made by hand, as no network stack would make them."""

import ipaddress
import struct
from dataclasses import dataclass

from .segments import (ACK, CWR, GSO_ECN, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, NEEDS_CSUM, Frame,
                       checksum, ones_sum)

TCP, UDP = 6, 17
HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS = 0, 43, 60


@dataclass(frozen=True)
class Ip:
    """What stands in front of a transport header."""

    source: str
    destination: str
    ttl: int = 64
    tos: int = 0
    id: int = 0  # IPv4
    flags_and_offset: int = 0  # IPv4: 0x4000 is DF, 0x2000 is MF, the rest in units of 8 bytes
    options: bytes = b""  # IPv4, a multiple of 4 bytes
    flow_label: int = 0  # IPv6
    extensions: tuple = ()  # IPv6: (type, the header without its first byte)
    # Of the checksum, where it is not the one above (a routing header with segments left).
    final_destination: str = ""

    @property
    def version(self) -> int:
        return 6 if ":" in self.source else 4

    @property
    def size(self) -> int:
        if self.version == 4:
            return 20 + len(self.options)
        return 40 + sum(1 + len(body) for _, body in self.extensions)

    def packet(self, protocol: int, body: bytes) -> bytes:
        ends = _packed(self.source) + _packed(self.destination)
        if self.version == 4:
            header = struct.pack(">BBHHHBBH", 0x45 + len(self.options) // 4, self.tos,
                                 self.size + len(body), self.id & 0xFFFF, self.flags_and_offset,
                                 self.ttl, protocol, 0) + ends + self.options
            return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + body
        chain, following = b"", protocol
        for kind, rest in reversed(self.extensions):
            chain, following = bytes([following]) + rest + chain, kind
        first = 6 << 28 | self.tos << 20 | self.flow_label
        return struct.pack(">IHBB", first, len(chain) + len(body), following, self.ttl) \
            + ends + chain + body

    def pseudo_sum(self, protocol: int, length: int) -> int:
        ends = _packed(self.source) + _packed(self.final_destination or self.destination)
        return ones_sum(ends, protocol + length)


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


@dataclass(frozen=True)
class Tcp:
    ip: Ip
    source_port: int
    destination_port: int = 80
    sequence: int = 0
    acknowledgement: int = 0x01020304
    flags: int = ACK
    window: int = 512
    urgent: int = 0
    options: bytes = b""  # a multiple of 4 bytes
    reserved: int = 0  # the 4 bits beside the data offset
    checksum_off_by: int = 0

    @property
    def header_size(self) -> int:
        return self.ip.size + 20 + len(self.options)

    def _header(self) -> bytes:
        words = 5 + len(self.options) // 4
        return struct.pack(">HHIIBBHHH", self.source_port, self.destination_port,
                           self.sequence & 0xFFFFFFFF, self.acknowledgement,
                           words << 4 | self.reserved, self.flags, self.window, 0,
                           self.urgent) + self.options

    def packet(self, payload: bytes) -> bytes:
        body = self._header() + payload
        value = checksum(body, self.ip.pseudo_sum(TCP, len(body))) + self.checksum_off_by & 0xFFFF
        return self.ip.packet(TCP, body[:16] + value.to_bytes(2, "big") + body[18:])

    def joined(self, payload: bytes, gso_size: int) -> Frame:
        """Many segments in one, for the card to split."""
        body = self._header() + payload
        partial = self.ip.pseudo_sum(TCP, len(body)).to_bytes(2, "big")
        kind = GSO_TCPV4 if self.ip.version == 4 else GSO_TCPV6
        return Frame(self.ip.packet(TCP, body[:16] + partial + body[18:]), NEEDS_CSUM,
                     kind | (GSO_ECN if self.flags & CWR else 0), self.header_size, gso_size,
                     self.ip.size, 16)


@dataclass(frozen=True)
class Udp:
    ip: Ip
    source_port: int
    destination_port: int = 53
    checksum_off_by: int = 0
    without_checksum: bool = False
    trailer: bytes = b""  # behind the datagram, within the IP packet

    @property
    def header_size(self) -> int:
        return self.ip.size + 8

    def packet(self, payload: bytes) -> bytes:
        length = 8 + len(payload)
        body = struct.pack(">HHHH", self.source_port, self.destination_port, length, 0) + payload
        value = checksum(body, self.ip.pseudo_sum(UDP, length)) or 0xFFFF
        value = 0 if self.without_checksum else value + self.checksum_off_by & 0xFFFF
        return self.ip.packet(UDP, body[:6] + value.to_bytes(2, "big") + payload + self.trailer)

    def joined(self, payload: bytes, gso_size: int) -> Frame:
        """Many datagrams in one, for the card to split."""
        length = 8 + len(payload)
        head = struct.pack(">HHHH", self.source_port, self.destination_port, length,
                           self.ip.pseudo_sum(UDP, length))
        return Frame(self.ip.packet(UDP, head + payload), NEEDS_CSUM, GSO_UDP_L4,
                     self.header_size, gso_size, self.ip.size, 6)
