"""The control socket, spoken to without `wg`."""

import socket

from support.daemon import socket_path
from support.netns import Host


def _without_wring(reply: str) -> str:
    return "\n".join(line for line in reply.splitlines() if not line.startswith("wring_"))


class Control:
    """The control socket of one interface."""

    def __init__(self, host: Host, interface: str = "wg0"):
        self._path = host.path(socket_path(interface))

    def ask(self, request: str, replies: int = 1) -> list[str]:
        """Sends it all at once and returns that many replies, each without its blank line, and
        without what the engine says about itself, which is no part of the protocol."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(self._path)
            connection.sendall(request.encode())
            text = ""
            while text.count("\n\n") < replies:
                part = connection.recv(1 << 16)
                assert part, f"closed after {text!r}"
                text += part.decode()
        assert text.endswith("\n\n")
        return [_without_wring(reply) for reply in text.split("\n\n")[:-1]]

    def set(self, *lines: str) -> int:
        """The errno that the reply bears."""
        (reply,) = self.ask("set=1\n" + "".join(line + "\n" for line in lines) + "\n")
        assert reply.startswith("errno=")
        return int(reply[6:])

    def must_set(self, *lines: str) -> None:
        assert self.set(*lines) == 0, lines

    def get(self) -> tuple[dict, dict]:
        """The device's keys, and each peer's by its public key; of allowed_ip a list."""
        (reply,) = self.ask("get=1\n\n")
        device: dict = {}
        peers: dict = {}
        section = device
        for line in reply.splitlines():
            key, value = line.split("=", 1)
            if key == "public_key":
                section = peers[value] = {"allowed_ip": []}
            elif key == "allowed_ip":
                section[key].append(value)
            else:
                (device if key == "errno" else section)[key] = value
        assert device.pop("errno") == "0"
        return device, peers

    def dropped(self) -> "Drops":
        """What was dropped so far, by reason."""
        device, _ = self.get()
        return Drops({key[8:]: int(value) for key, value in device.items()
                      if key.startswith("dropped_")})


class Drops(dict):
    """Counts by reason; what never happened is zero."""

    def __missing__(self, _: str) -> int:
        return 0
