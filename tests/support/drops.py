"""What a daemon has dropped, as its control socket tells it."""

import socket

from .tunnel import End


def dropped(end: End, reason: str) -> int:
    """How many packets and datagrams the daemon has dropped for that reason."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.connect(end.host.path(f"/var/run/wireguard/{end.interface}.sock"))
        control.sendall(b"get=1\n\n")
        text = b""
        while not text.endswith(b"\n\n"):
            text += control.recv(1 << 16)
    counts = dict(line.split("=", 1) for line in text.decode().split())
    return int(counts.get(f"dropped_{reason}", 0))
