"""UDP datagrams as they pass a device of a host: for counting, for reading, for replaying."""

import ipaddress
import socket
import struct
from dataclasses import dataclass

from .netns import Host

_ETH_P_ALL = 3
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the socket module lacks it.
_OUTGOING = 4  # PACKET_OUTGOING of linux/if_packet.h.
_UDP = 17

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4


@dataclass(frozen=True)
class Datagram:
    outgoing: bool
    tos: int  # The outer header's DSCP and ECN byte.
    source: tuple
    destination: tuple
    payload: bytes

    @property
    def type(self) -> int:
        """The message's type word; 0 where there is none."""
        return struct.unpack_from("<I", self.payload)[0] if len(self.payload) >= 4 else 0


class Capture:
    """Records from construction on. Fragments are left out: nobody here needs them."""

    def __init__(self, host: Host, device: str = "eth0"):
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 32 << 20)
        self._socket.bind((device, _ETH_P_ALL))
        self._socket.setblocking(False)

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def datagrams(self) -> list[Datagram]:
        """What has passed since the last call."""
        found: list[Datagram] = []
        while True:
            try:
                packet, (_, _, kind, _, _) = self._socket.recvfrom(1 << 16)
            except BlockingIOError:
                return found
            if datagram := _parse(packet, kind == _OUTGOING):
                found.append(datagram)


def _parse(packet: bytes, outgoing: bool):
    version = packet[0] >> 4
    if version == 4 and packet[9] == _UDP and not struct.unpack_from(">H", packet, 6)[0] & 0x3FFF:
        header, tos, addresses = (packet[0] & 15) * 4, packet[1], (packet[12:16], packet[16:20])
    elif version == 6 and packet[6] == _UDP:
        tos = (struct.unpack_from(">H", packet)[0] >> 4) & 0xFF
        header, addresses = 40, (packet[8:24], packet[24:40])
    else:
        return None
    source_port, destination_port, length = struct.unpack_from(">HHH", packet, header)
    source, destination = (str(ipaddress.ip_address(each)) for each in addresses)
    return Datagram(outgoing, tos, (source, source_port), (destination, destination_port),
                    packet[header + 8:header + length])
