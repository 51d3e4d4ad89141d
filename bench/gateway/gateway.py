"""One daemon in a namespace of its own, and what it costs."""

import base64
import contextlib
import io
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

from compare.implementations import Implementation
from compare.parsing import cpu_ticks, ticks_to_seconds
from support.daemon import Daemon
from support.netns import Net
from support.wg import new_keys

# Below the ports that the kernel gives to sockets of its choice, such as those of the load.
PORT = 5182
# wg itself takes a second for 100,000 peers, the slowest daemon of today fifteen.
_PATIENCE_S = 180


class Gateway:
    """A daemon whose interface is up; it knows no peer yet."""

    def __init__(self, daemon: Daemon):
        self.daemon = daemon
        self.host = daemon.host
        self.keys = new_keys()

    def cpu_seconds(self) -> float:
        """The CPU time that the daemon has taken so far, user and system, of all its threads."""
        stat = Path(f"/proc/{self.daemon.pid}/stat").read_text()
        return ticks_to_seconds(cpu_ticks(stat))

    def resident_bytes(self) -> int:
        return self.daemon.resident_kib() * 1024

    def set_peers(self, public_keys: Sequence[str]) -> float:
        """`wg setconf` with these peers, each with an IPv4 address of its own; returns how long it
        took."""
        lines = [f"[Interface]\nPrivateKey = {self.keys.private}\nListenPort = {PORT}\n"]
        for number, key in enumerate(public_keys):
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            lines.append(f"[Peer]\nPublicKey = {key}\nAllowedIPs = {address}/32\n")
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("\n".join(lines))
            file.flush()
            # The tool may run in the mount namespace of the daemon only: both share /tmp.
            return self._timed("wg", "setconf", self.daemon.interface, file.name)[0]

    def dump(self) -> tuple[float, int]:
        """`wg show all dump`: how long it took, and how many peers it told of."""
        took, text = self._timed("wg", "show", "all", "dump")
        return took, text.count("\n") - 1

    def _timed(self, *argv: str) -> tuple[float, str]:
        before = time.monotonic()
        done = self.host.run(*argv, timeout=_PATIENCE_S)
        return time.monotonic() - before, done.stdout


def random_public_keys(count: int) -> list[str]:
    """Any 32 bytes are a point of the curve or of its twist, and nobody is to answer for these."""
    return [base64.b64encode(os.urandom(32)).decode() for _ in range(count)]


@contextmanager
def gateway(implementation: Implementation) -> Iterator[Gateway]:
    """Leaving it kills the daemon and removes all."""
    with Net() as net:
        host = net.host("gateway")
        # A daemon that does not start puts its log both on stdout and into the error.
        with contextlib.redirect_stdout(io.StringIO()):
            daemon = Daemon(host, command=implementation.command, log_level="error",
                            leaves_clean=False)
        host.ip("link", "set", daemon.interface, "up")
        yield Gateway(daemon)
