"""The control socket's own reply, and the counters that `wg` does not show."""

import socket

from .netns import Host
from .tunnel import End


def raw_get(host: Host, interface: str) -> str:
    """What the daemon answers to get=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.connect(host.path(f"/var/run/wireguard/{interface}.sock"))
        control.sendall(b"get=1\n\n")
        text = b""
        while not text.endswith(b"\n\n"):
            text += control.recv(1 << 16)
    return text.decode()


def dropped(end: End, reason: str) -> int:
    """How many packets and datagrams the daemon has dropped for that reason."""
    lines = raw_get(end.host, end.interface).strip().splitlines()
    counts = dict(line.split("=", 1) for line in lines)
    return int(counts.get(f"dropped_{reason}", 0))
