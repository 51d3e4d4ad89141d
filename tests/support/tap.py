"""Packets of an interface, with the header that says which of them are many in one.

Read and written by an AF_PACKET socket with PACKET_VNET_HDR: a reader sees what passes between the
kernel and the TUN, as it passes; a writer hands in what the network stack itself would never send.
"""

import socket

from .netns import Host
from .segments import Frame

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 3, 0x0800, 0x86DD
_SOL_PACKET, _PACKET_VNET_HDR = 263, 15
_OUTGOING = 4  # PACKET_OUTGOING
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the socket module lacks it.


def _open(host: Host, device: str, protocol: int) -> socket.socket:
    opened = host.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
    opened.bind((device, protocol))
    opened.setblocking(False)
    return opened


class Tap:
    """Records from construction on."""

    def __init__(self, host: Host, device: str = "wg0"):
        self._socket = _open(host, device, _ETH_P_ALL)

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def frames(self) -> list[tuple[bool, Frame]]:
        """What has passed since the last call; True beside those that left by the interface."""
        found: list[tuple[bool, Frame]] = []
        while True:
            try:
                data, address = self._socket.recvfrom(1 << 17)
            except BlockingIOError:
                return found
            found.append((address[2] == _OUTGOING, Frame.parse(data)))


class Injector:
    """Sends packets out of an interface, whatever they are."""

    def __init__(self, host: Host, device: str = "wg0"):
        self._device = device
        self._socket = _open(host, device, 0)
        self._socket.setblocking(True)

    def __enter__(self) -> "Injector":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def send(self, frame: Frame) -> None:
        protocol = _ETH_P_IP if frame.packet[0] >> 4 == 4 else _ETH_P_IPV6
        self._socket.sendto(frame.encode(), (self._device, protocol))
