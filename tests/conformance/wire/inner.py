"""IP packets for the inside of a tunnel, well-formed or not."""

import ipaddress
import struct

_ICMP, _UDP = 1, 17


def checksum(data: bytes) -> int:
    """RFC 1071."""
    words = struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    total = sum(words)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def _udp(source: str, destination: str, port: int, payload: bytes) -> bytes:
    length = 8 + len(payload)
    pseudo = _packed(source) + _packed(destination) + struct.pack(">IHH", length, 0, _UDP)
    header = struct.pack(">HHHH", port, port, length, 0)
    found = checksum(pseudo + header + payload) or 0xFFFF
    return struct.pack(">HHHH", port, port, length, found) + payload


def _ipv4(source: str, destination: str, protocol: int, inside: bytes, tos: int = 0,
          total_length: int = -1) -> bytes:
    length = 20 + len(inside) if total_length < 0 else total_length

    def header(found: int) -> bytes:
        return struct.pack(">BBHHHBBH4s4s", 0x45, tos, length, 0, 0, 64, protocol, found,
                           _packed(source), _packed(destination))
    return header(checksum(header(0))) + inside


def udp4(source: str, destination: str, payload: bytes, port: int = 7000, tos: int = 0,
         total_length: int = -1) -> bytes:
    """An IPv4 packet with a UDP datagram; `total_length` may lie."""
    inside = _udp(source, destination, port, payload)
    return _ipv4(source, destination, _UDP, inside, tos, total_length)


def udp6(source: str, destination: str, payload: bytes, port: int = 7000, tos: int = 0,
         payload_length: int = -1) -> bytes:
    """An IPv6 packet with a UDP datagram; `payload_length` may lie."""
    inside = _udp(source, destination, port, payload)
    length = len(inside) if payload_length < 0 else payload_length
    return struct.pack(">IHBB16s16s", 6 << 28 | tos << 20, length, _UDP, 64,
                       _packed(source), _packed(destination)) + inside


def echo4(source: str, destination: str, sequence: int, payload: bytes) -> bytes:
    """An ICMP echo request."""
    def message(found: int) -> bytes:
        return struct.pack(">BBHHH", 8, 0, found, 1, sequence) + payload
    return _ipv4(source, destination, _ICMP, message(checksum(message(0))))


def payload_of(packet: bytes) -> bytes:
    """What a UDP packet without IP options carries; what follows the packet is left out."""
    if packet[0] >> 4 == 4:
        length, header = struct.unpack_from(">H", packet, 2)[0], (packet[0] & 15) * 4
    else:
        length, header = struct.unpack_from(">H", packet, 4)[0] + 40, 40
    return packet[header + 8:length]


def padded(packet: bytes) -> bytes:
    """By zeros to a multiple of 16, as [WG] 5.4.6 has it."""
    return packet + bytes(-len(packet) % 16)
