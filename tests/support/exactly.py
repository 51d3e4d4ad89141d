"""Whether packets are byte for byte, and in order, what they were on the other side of a tunnel."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Iterable

from .corpus import Flow
from .segments import Frame, checksum

_DF = 0x4000
_TCP, _UDP = 6, 17


@dataclass(frozen=True)
class Segment:
    packet: bytes
    joined: bool  # It came as one of many in one.

    @property
    def version(self) -> int:
        return self.packet[0] >> 4

    def flow(self) -> tuple:
        """Within it order holds. A source of the corpus has one flow, of which whoever spreads
        flows over the workers sees no ports in fragments and behind extension headers; and another
        flow label of IPv6 makes another flow."""
        packet = self.packet
        if self.version == 4:
            fragment = int.from_bytes(packet[6:8], "big") & 0x3FFF != 0
            return packet[12:20], fragment
        return packet[8:40], packet[6], packet[1:4]

    def connection(self) -> tuple:
        """Addresses and ports, where neither options nor extension headers are in between."""
        packet = self.packet
        return (packet[12:20], packet[20:24]) if self.version == 4 else \
            (packet[8:40], packet[40:44])

    def is_of_socket(self) -> bool:
        return self.packet[9 if self.version == 4 else 6] in (_TCP, _UDP)

    def without_id(self) -> bytes:
        """With an id of 0, if it is an IPv4 packet that must not be fragmented."""
        packet = self.packet
        if self.version == 6 or not int.from_bytes(packet[6:8], "big") & _DF:
            return packet
        size = (packet[0] & 15) * 4
        header = packet[:4] + b"\0\0" + packet[6:10] + b"\0\0" + packet[12:size]
        return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + packet[size:]

    def is_what_went_in(self, sent: bytes) -> bool:
        if self.packet == sent:
            return True
        return self.joined and self.without_id() == Segment(sent, False).without_id()


def _segments(frames: Iterable[Frame]) -> list[Segment]:
    return [Segment(packet, frame.joined) for frame in frames for packet in frame.segments()]


def _head(packet: bytes) -> str:
    return f"{len(packet)} bytes, {packet[:72].hex(' ', 4)}"


def compare_flows(flows: list[Flow], arrived: list[Frame]) -> None:
    """Insists that all packets of all flows arrived, and no others."""
    got = defaultdict(list)
    for segment in _segments(arrived):
        got[segment.flow()].append(segment)
    wrong = []
    for name, frames in flows:
        sent = defaultdict(list)
        for segment in _segments(frames):
            sent[segment.flow()].append(segment.packet)
        for flow, packets in sent.items():
            came = got.pop(flow, [])
            if len(came) != len(packets):
                wrong.append(f"{name}: {len(came)} of {len(packets)} packets")
                continue
            wrong.extend(f"{name}: number {i}:\n  {_head(packet)}\n  became\n  "
                         f"{_head(segment.packet)}"
                         for i, (packet, segment) in enumerate(zip(packets, came))
                         if not segment.is_what_went_in(packet))
    wrong.extend(f"never sent: {_head(each.packet)}" for rest in got.values() for each in rest)
    assert not wrong, f"{len(wrong)} differ; the first:\n" + "\n".join(wrong[:8])


def streams(frames: list[tuple[bool, Frame]], outgoing: bool) -> dict[tuple, list[bytes]]:
    """What passed of TCP and UDP in one direction, by connection."""
    found = defaultdict(list)
    for segment in _segments(frame for direction, frame in frames if direction == outgoing):
        if segment.is_of_socket():
            found[segment.connection()].append(segment.without_id())
    return found


def compare_streams(sent: dict, received: dict, in_order: bool) -> None:
    """TCP makes good what is lost, and nobody promises that nothing is. But all that arrived was
    sent, and in that order."""
    for connection, packets in received.items():
        if in_order:
            remaining = iter(sent.get(connection, []))
            strange = [packet for packet in packets
                       if not any(packet == each for each in remaining)]
        else:
            strange = list((Counter(packets) - Counter(sent.get(connection, []))).elements())
        assert not strange, f"{len(strange)} of {len(packets)} were not sent, or not in this " \
                            f"order: {_head(strange[0])}"
