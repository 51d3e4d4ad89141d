"""The rig: two hosts on a veth cable of MTU 1500 and, in each, a daemon with a tunnel of 1420."""

import contextlib
import io
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from .implementations import Implementation
from .parsing import cpu_ticks, peak_kib, ticks_to_seconds
from support.daemon import Daemon
from support.netns import Host, Net
from support.transfer import ping
from support.tunnel import End

_TUNNEL_MTU = 1420
_WITHOUT_TUNNEL = "10.7.0.2"


class Rig:
    """Traffic goes from host `a` to host `b`, at `address`."""

    def __init__(self, a: Host, b: Host, address: str, daemons: list[Daemon]):
        self.a, self.b, self.address = a, b, address
        self._daemons = daemons

    def end_of_a_daemon(self) -> Optional[AssertionError]:
        """An error with the last words of a daemon that has ended; None while all of them run."""
        for daemon in self._daemons:
            if not daemon.running():
                words = daemon.log().strip().splitlines()[-3:]
                return AssertionError(" / ".join(
                    [f"the daemon ended with status {daemon.process.returncode}", *words]))
        return None

    def has_daemons(self) -> bool:
        return bool(self._daemons)

    def cpu_seconds(self) -> float:
        """The CPU time that both daemons have taken so far, user and system."""
        return ticks_to_seconds(sum(cpu_ticks(self._proc(daemon, "stat"))
                                    for daemon in self._daemons))

    def peak_memory_mb(self) -> Optional[float]:
        """The most that one daemon ever held, in 10^6 bytes; None without daemons."""
        peaks = [peak_kib(self._proc(daemon, "status")) for daemon in self._daemons]
        return max(peaks) * 1024 / 1e6 if peaks else None

    @staticmethod
    def _proc(daemon: Daemon, file: str) -> str:
        return Path(f"/proc/{daemon.pid}/{file}").read_text()


def _start(end: End, command: tuple[str, ...]) -> Daemon:
    # A daemon that does not start puts its log both on stdout and into the error; once is enough.
    with contextlib.redirect_stdout(io.StringIO()):
        daemon = end.start(command=command, log_level="error", leaves_clean=False)
    end.host.ip("link", "set", end.interface, "mtu", str(_TUNNEL_MTU))
    return daemon


@contextmanager
def rig(implementation: Implementation) -> Iterator[Rig]:
    """A rig that has carried its first packets. Leaving it kills the daemons and removes all."""
    with Net() as net:
        a, b = net.pair()
        if implementation.command is None:
            yield Rig(a, b, _WITHOUT_TUNNEL, [])
            return
        one, two = End(a, 1), End(b, 2)
        daemons = [_start(end, implementation.command) for end in (one, two)]
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one, "10.7.0.1")
        answer = ping(a, two.inner4, 5, 0.2)
        if answer.received == 0:
            raise AssertionError("the tunnel does not come up: no ping is answered")
        yield Rig(a, b, two.inner4, daemons)
