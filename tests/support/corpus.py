"""Flows of packets in which splitting and joining could go wrong, for a tunnel of a given MTU.

Each flow has a source address of its own, so that what comes out can be told apart; the addresses
are of 10.8.0.0/16 and fd08::/64.
"""

import functools
import itertools
import random
import struct
from dataclasses import replace
from typing import Callable, Iterable, Iterator, Optional, Sequence

from .craft import DESTINATION_OPTIONS, HOP_BY_HOP, ROUTING, UDP, Ip, Tcp, Udp
from .segments import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Frame

NETWORKS = "10.8.0.0/16,fd08::/64"
_DF, _MF = 0x4000, 0x2000
_BYTES = random.Random(4).randbytes(1 << 17)
_SMALL = 400  # Payload bytes where a full packet shows no more than this.

_TIMESTAMPS = b"\x01\x01\x08\x0a" + bytes(range(8))
_SACK = b"\x01\x01\x05\x0a" + bytes(range(8))
# Without their first byte, which names what follows them.
_PAD = b"\x00\x01\x04\0\0\0\0"
_LONG_PAD = b"\x01\x01\x0c" + bytes(12)
_HOME_ADDRESS = b"\x02\x02\x01" + bytes(4) + bytes.fromhex("fd080000000000000000000000ffffff")
_SEGMENTS_DONE = b"\x02\x04\x00" + bytes(20)
_UNKNOWN_ROUTE = b"\x02\x03\x01" + bytes(20)

Flow = tuple[str, list[Frame]]
Change = Callable[[Tcp], Tcp]


def is_part(packet: bytes) -> bool:
    """Whether it comes from an address of these."""
    if packet[0] >> 4 == 4:
        return packet[12:14] == bytes((10, 8))
    return packet[8:16] == bytes.fromhex("fd08000000000000")


def _data(seed: int, size: int) -> bytes:
    at = seed * 977 % (len(_BYTES) // 2)
    return _BYTES[at:at + size]


def _whole(packets: Iterable[bytes]) -> list[Frame]:
    return [Frame(packet) for packet in packets]


def _toggled(segment: Tcp, flag: int) -> Tcp:
    return replace(segment, flags=segment.flags ^ flag)


def _with_ip(segment: Tcp, **fields: int) -> Tcp:
    return replace(segment, ip=replace(segment.ip, **fields))


class Corpus:
    """The flows of one IP version."""

    def __init__(self, version: int, mtu: int):
        self.version, self.mtu = version, mtu
        self._numbers = itertools.count(1)
        self.flows: list[Flow] = []  # Each with the claim that it puts to the test.
        self._tcp()
        self._udp()
        self._joined()
        self._others()
        self._full_size()

    def _ip(self, **fields) -> Ip:
        number = next(self._numbers)
        if self.version == 4:
            return Ip(f"10.8.{number >> 8}.{number & 255}", "10.8.255.1", id=number * 7, **fields)
        return Ip(f"fd08::{number:x}", "fd08::ffff", **fields)

    def _add(self, name: str, frames: Iterable[Frame]) -> None:
        self.flows.append((f"IPv{self.version}, MTU {self.mtu}: {name}", list(frames)))

    # --- TCP, segment by segment

    def _stream(self, name: str, sizes: Sequence[int], change: Optional[Change] = None,
                at: int = 2, once: bool = False, **fields) -> None:
        """A stream whose segments differ from number `at` on, or that one alone."""
        ip = self._ip(**fields.pop("ip", {}))
        first = Tcp(ip, 40000, sequence=0xFFFFFE00, **fields)
        packets, sent = [], 0
        for i, size in enumerate(sizes):
            segment = replace(first, sequence=first.sequence + sent,
                              ip=replace(ip, id=ip.id + i))
            if change and (i == at if once else i >= at):
                segment = change(segment)
            packets.append(segment.packet(_data(i, size)))
            sent += size
        self._add(f"TCP, {name}", _whole(packets))

    def _tcp(self) -> None:
        five = [_SMALL] * 5
        self._stream("equal segments", five + [99], lambda s: replace(s, flags=ACK | PSH), at=5)
        self._stream("more than are ever joined", [64] * 150)
        self._stream("one byte each", [1] * 9)
        self._stream("odd sizes", [333] * 5 + [1])
        self._stream("with timestamps", [_SMALL + 1] * 6, options=_TIMESTAMPS)
        self._stream("falling", [300, 200, 200, 100, 1, 1])
        self._stream("rising", [1, 100, 100, 101, 300])
        self._stream("acknowledgements without data", [0] * 5)
        self._stream("an empty one amid data", [_SMALL, _SMALL, 0, _SMALL, _SMALL])
        for name, change in self._tcp_changes():
            for where in (0, 2, 4):
                self._stream(f"{name} in number {where}", five, change, where, once=True)
            self._stream(f"{name} from number 2 on", five, change)
        for flags in range(256):
            if flags & ACK and flags.bit_count() > 2 or flags % 37 == 0:
                self._stream(f"flags {flags:#04x} on all", [100] * 3, flags=flags)

    def _tcp_changes(self) -> Iterator[tuple[str, Change]]:
        for name, flag in (("FIN", FIN), ("SYN", SYN), ("RST", RST), ("PSH", PSH), ("URG", URG),
                           ("ECE", ECE), ("CWR", CWR), ("no ACK", ACK)):
            yield name, functools.partial(_toggled, flag=flag)
        yield "an urgent pointer", lambda s: replace(s, flags=ACK | URG, urgent=7)
        yield "a pointer without URG", lambda s: replace(s, urgent=7)
        yield "AccECN's bit", lambda s: replace(s, reserved=1)
        yield "another window", lambda s: replace(s, window=513)
        yield "another acknowledgement", lambda s: replace(
            s, acknowledgement=s.acknowledgement + 1)
        yield "other timestamps", lambda s: replace(s, options=_TIMESTAMPS[:-1] + b"\xff")
        yield "SACK blocks", lambda s: replace(s, options=_SACK)
        yield "a gap", lambda s: replace(s, sequence=s.sequence + 1)
        yield "an overlap", lambda s: replace(s, sequence=s.sequence - 1)
        yield "a wrong checksum", lambda s: replace(s, checksum_off_by=1)
        for name, fields in (("another TTL", {"ttl": 63}), ("another DSCP", {"tos": 0x28}),
                             ("ECT(0)", {"tos": 2}), ("CE", {"tos": 3})):
            yield name, functools.partial(_with_ip, **fields)
        if self.version == 4:
            yield "a jumping id", lambda s: replace(s, ip=replace(s.ip, id=s.ip.id + 100))
            yield "the same id", lambda s: replace(s, ip=replace(s.ip, id=77))
            yield "DF", lambda s: replace(s, ip=replace(s.ip, flags_and_offset=_DF))
            yield "DF and a jumping id", lambda s: replace(
                s, ip=replace(s.ip, flags_and_offset=_DF, id=s.ip.id * 31))
            yield "the reserved flag", lambda s: replace(s, ip=replace(s.ip,
                                                                       flags_and_offset=0x8000))
            yield "NOP options", lambda s: replace(s, ip=replace(s.ip, options=b"\x01" * 4))
        else:
            yield "another flow label", lambda s: replace(s, ip=replace(s.ip, flow_label=5))
            yield "padding", lambda s: replace(
                s, ip=replace(s.ip, extensions=((HOP_BY_HOP, _PAD),)))

    # --- UDP, datagram by datagram

    def _udp(self) -> None:
        def datagrams(name: str, sizes: Sequence[int], at: int = -1, **change) -> None:
            ip = self._ip()
            self._add(f"UDP, {name}", _whole(
                replace(Udp(replace(ip, id=ip.id + i), 5000), **(change if i == at else {}))
                .packet(_data(i, size)) for i, size in enumerate(sizes)))
        datagrams("equal", [333] * 5)
        datagrams("more than are ever joined", [64] * 150)
        datagrams("empty", [0] * 5)
        datagrams("empty amid others", [64, 64, 0, 64, 64])
        datagrams("falling", [300, 299, 200, 200, 100, 1, 0])
        datagrams("rising", [0, 1, 100, 200, 299, 300])
        datagrams("every size", list(range(50)))
        for at in (0, 2, 4):
            datagrams(f"without a checksum in number {at}", [99] * 5, at, without_checksum=True)
            datagrams(f"a wrong checksum in number {at}", [99] * 5, at, checksum_off_by=0x100)
            datagrams(f"a trailer behind number {at}", [99] * 5, at, trailer=b"more")
        if self.version == 4:
            for flags in (0, _DF):
                ip = self._ip(flags_and_offset=flags)
                self._add(f"UDP, ids at random, flags {flags:#x}", _whole(
                    Udp(replace(ip, id=i * 0x5A5A), 5000).packet(_data(i, 99)) for i in range(6)))
        self._add("UDP, checksums that come to zero", _whole(self._zero_sums()))

    def _zero_sums(self) -> Iterator[bytes]:
        """A word is chosen such that the checksum is zero, which is written as 0xffff."""
        ip = self._ip()
        for i in range(4):
            each = Udp(replace(ip, id=ip.id + i), 5000)
            bare = each.packet(_data(i, 98) + b"\0\0")
            yield each.packet(_data(i, 98) + bare[ip.size + 6:ip.size + 8])

    # --- as the kernel hands them in

    def _joined(self) -> None:
        head = 80 if self.version == 4 else 100
        for gso in {100, 101, min(1000, self.mtu - head), self.mtu - head}:
            for rest in (0, 1, gso - 1):
                size = min(gso * 20, 60000) // gso * gso + rest
                if size <= gso or size > 64000:
                    continue
                ip = self._ip()
                self._add(f"TSO, {size} bytes by {gso}",
                          [Tcp(ip, 40000, options=_TIMESTAMPS).joined(_data(gso, size), gso)])
                self._add(f"USO, {size} bytes by {gso}",
                          [Udp(self._ip(), 5000).joined(_data(gso, size), gso)])
        for flags in (FIN, PSH, URG, ECE, CWR, FIN | PSH, CWR | ECE | PSH, SYN, RST):
            one = Tcp(self._ip(tos=1), 40000, flags=ACK | flags, urgent=9 if flags & URG else 0)
            self._add(f"TSO, flags {flags:#04x}", [one.joined(_data(flags, 1111), 200)])
        for tos in range(4):
            self._add(f"TSO, ECN {tos}",
                      [Tcp(self._ip(tos=tos), 40000).joined(_data(tos, 2222), 111)])
        # Payloads that are shorter than the headers.
        long = Tcp(self._ip(), 40000, options=b"\x01" * 40)
        self._add("TSO, tiny segments", [long.joined(_data(3, 1000), 33)])
        self._add("USO, tiny segments", [Udp(self._ip(), 5000).joined(_data(3, 50), 1)])
        if self.version == 4:
            for flags in (0, _DF):
                ip = self._ip(flags_and_offset=flags, options=b"\x94\x04\0\0" + b"\x01" * 4)
                ip = replace(ip, id=0xFFFE)
                self._add(f"TSO, IP options, flags {flags:#x}, ids that wrap",
                          [Tcp(ip, 40000).joined(_data(5, 3000), 300)])
        # One behind the other, as of a stream in full flight.
        ip, gso = self._ip(), min(500, self.mtu - head)
        self._add("TSO, several in a row",
                  [Tcp(replace(ip, id=i * 40), 40000, sequence=i * 40 * gso)
                   .joined(_data(i, 40 * gso), gso) for i in range(3)])

    # --- what is neither, or is hidden

    def _others(self) -> None:
        for protocol in (1, 2, 58, 59, 253):
            ip = self._ip()
            self._add(f"protocol {protocol}", _whole(
                replace(ip, id=i).packet(protocol, _data(protocol, size))
                for i, size in enumerate((200, 200, 0, 1, 7, 199))))
        # The kernel looks into these to tell flows, so that each packet may be one of its own.
        for protocol in (4, 41, 47, 50, 51, 132):
            for size in (200, 0, 1, 7, 199):
                self._add(f"protocol {protocol}, {size} bytes",
                          [Frame(self._ip().packet(protocol, _data(protocol, size)))])
        self._truncated()
        if self.version == 4:
            self._fragments_v4()
        else:
            self._extensions_v6()

    def _truncated(self) -> None:
        """TCP and UDP that are too short to be any, or say so."""
        tcp = Tcp(self._ip(), 40000)
        bare = tcp.packet(b"")[tcp.ip.size:]
        bad = [(6, bare[:size]) for size in (0, 1, 12, 19)]
        bad += [(6, bare[:12] + bytes([words << 4]) + bare[13:]) for words in (0, 4, 6, 15)]
        bad += [(UDP, bytes(size)) for size in (0, 4, 7)]
        bad += [(UDP, struct.pack(">HHHH", 5000, 53, length, 1) + b"abcd")
                for length in (0, 7, 11, 13, 65535)]
        for protocol, body in bad:
            self._add(f"protocol {protocol}, cut short: {body.hex()}",
                      [Frame(self._ip().packet(protocol, body))])

    def _fragments_v4(self) -> None:
        ip = self._ip()
        whole = Udp(ip, 5000).packet(_data(8, 640))[20:]
        packets = []
        for i in range(3):
            packets.append(Udp(replace(ip, id=i), 5000).packet(_data(i, 100)))
            for begin in range(0, 648, 216):
                flags = (_MF if begin < 432 else 0) | begin // 8
                packets.append(replace(ip, id=500 + i, flags_and_offset=flags)
                               .packet(UDP, whole[begin:begin + 216]))
        self._add("fragments amid whole datagrams", _whole(packets))
        # The checksum of an IP header is written as zero or as its twin; and a wrong one.
        for twin in (0xFFFF, 0x1234):
            base = Tcp(self._ip(), 40000)
            packets = []
            for i in range(4):
                ip = replace(base.ip, id=i)
                packet = replace(base, ip=ip, sequence=i * 100).packet(_data(i, 100))
                if i == 2:
                    packet = packet[:10] + twin.to_bytes(2, "big") + packet[12:]
                packets.append(packet)
            self._add(f"an IP checksum of {twin:#x}", _whole(packets))

    def _extensions_v6(self) -> None:
        chains = {
            "hop by hop": ((HOP_BY_HOP, _PAD),),
            "destination options": ((DESTINATION_OPTIONS, _LONG_PAD),),
            "three": ((HOP_BY_HOP, _LONG_PAD), (ROUTING, _SEGMENTS_DONE),
                      (DESTINATION_OPTIONS, _PAD)),
            "an unknown route": ((ROUTING, _UNKNOWN_ROUTE),),
            "eleven": ((DESTINATION_OPTIONS, _PAD),) * 11,
            "authentication": ((51, b"\x01" + bytes(10)),),
        }
        for name, chain in chains.items():
            self._stream(f"extension headers: {name}", [200] * 5, ip={"extensions": chain})
            ip = self._ip(extensions=chain)
            self._add(f"UDP, extension headers: {name}",
                      _whole(Udp(ip, 5000).packet(_data(i, 99)) for i in range(4)))
        route = {"extensions": ((ROUTING, _HOME_ADDRESS),), "final_destination": "fd08::ff:ffff"}
        self._stream("a route with segments left", [200] * 5, ip=route)
        ip, body = self._ip(), _data(9, 300)
        packets = []
        for i in range(3):
            packets.append(Udp(ip, 5000).packet(_data(i, 100)))
            for begin in (0, 104, 208):
                word = begin | (begin < 208)
                fragment = ((44, b"\0" + struct.pack(">HI", word, i)),)
                packets.append(replace(ip, extensions=fragment)
                               .packet(UDP, body[begin:begin + 104]))
        self._add("fragments amid whole datagrams", _whole(packets))
        for chain in (chains["hop by hop"], chains["three"]):
            one = Tcp(self._ip(extensions=chain, flow_label=0xABCDE), 40000)
            self._add("TSO, extension headers", [one.joined(_data(1, 2500), 250)])

    # --- up to the brim

    def _full_size(self) -> None:
        room = self.mtu - (40 if self.version == 4 else 60)
        count = max(2, min(20, 200_000 // self.mtu))
        self._stream("full packets", [room] * count)
        self._stream("full packets and a rest", [room] * count + [room - 1])
        # Padding ends at the MTU, so that the last sizes have less and less of it.
        room = self.mtu - (28 if self.version == 4 else 48)
        few = 18 if self.mtu < 10000 else 6
        for name, sizes in (("every size up to the MTU", range(room - few + 1, room + 1)),
                            ("full datagrams", [room] * count)):
            ip = self._ip()
            self._add(f"UDP, {name}", _whole(
                Udp(replace(ip, id=i), 5000).packet(_data(i, size))
                for i, size in enumerate(sizes)))
