"""Packets of an interface, with the header that says which of them are many in one.

Read and written by an AF_PACKET socket with PACKET_VNET_HDR: a reader sees what passes between the
kernel and the TUN, as it passes; a writer hands in what the network stack itself would never send.
Where the interface is one of Ethernet, its header is left out and put in.
"""

import socket
from dataclasses import replace

from .netns import Host
from .segments import Frame

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 3, 0x0800, 0x86DD
_SOL_PACKET, _PACKET_VNET_HDR = 263, 15
_OUTGOING = 4  # PACKET_OUTGOING
_ARPHRD_ETHER, _ETHERNET_HEADER = 1, 14
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the socket module lacks it.


def _open(host: Host, device: str, protocol: int) -> socket.socket:
    opened = host.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
    opened.bind((device, protocol))
    opened.setblocking(False)
    return opened


def _moved(frame: Frame, by: int, packet: bytes) -> Frame:
    """The same with another beginning, from which the offsets count."""
    needed = frame.csum_start != 0
    return replace(frame, packet=packet, header_size=frame.header_size + by if needed else 0,
                   csum_start=frame.csum_start + by if needed else 0)


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
            frame = Frame.parse(data)
            if address[3] == _ARPHRD_ETHER:
                frame = _moved(frame, -_ETHERNET_HEADER, frame.packet[_ETHERNET_HEADER:])
            found.append((address[2] == _OUTGOING, frame))


class Injector:
    """Sends packets out of an interface, whatever they are."""

    def __init__(self, host: Host, device: str = "wg0"):
        self._device = device
        self._socket = _open(host, device, 0)
        self._socket.setblocking(True)
        _, _, _, kind, self._address = self._socket.getsockname()
        self._is_ethernet = kind == _ARPHRD_ETHER

    def __enter__(self) -> "Injector":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()

    def send(self, frame: Frame) -> None:
        protocol = _ETH_P_IP if frame.packet[0] >> 4 == 4 else _ETH_P_IPV6
        if self._is_ethernet:
            # To itself, as an interface sends that asks nobody for addresses.
            header = self._address * 2 + protocol.to_bytes(2, "big")
            frame = _moved(frame, _ETHERNET_HEADER, header + frame.packet)
        self._socket.sendto(frame.encode(), (self._device, protocol))
