"""Starting and stopping a WireGuard daemon in a host."""

import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from .netns import Host
from .waiting import eventually

_ROOT = Path(__file__).resolve().parents[2]
# A bound for what takes milliseconds: the kernel's removal of an interface waits for others that
# change networks, as tests beside this one do.
_END_S = 20.0
# What a program that is in order never ends by.
_CRASHES = {-number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL,
                                   signal.SIGFPE, signal.SIGSYS)}


def program() -> str:
    """The daemon under test: the environment's WRING, or what the release preset builds."""
    given = os.environ.get("WRING", "build/release/wring")
    return str((_ROOT / given).resolve())


def socket_path(interface: str) -> str:
    return f"/var/run/wireguard/{interface}.sock"


class Daemon:
    """A daemon in the foreground, with an interface of its own.

    The constructor returns when the interface exists and `wg` gets an answer. As a context manager
    it stops the daemon at the end and insists that interface and socket are gone.
    """

    def __init__(self, host: Host, interface: str = "wg0", *arguments: str,
                 command: Optional[Sequence[str]] = None,
                 env: Optional[Mapping[str, str]] = None, log_level: str = "verbose",
                 leaves_clean: bool = True, link_goes_at_once: bool = True,
                 pass_fds: Sequence[int] = ()):
        """`command` replaces `wring -f` and the options of WRING_OPTIONS, for another
        implementation; `arguments` go before the interface's name. `leaves_clean=False`
        is for one that does not tidy up after itself. `link_goes_at_once=False`: the kernel
        removes the interface some time after the daemon's end."""
        self.host, self.interface, self._leaves_clean = host, interface, leaves_clean
        self._link_goes_at_once = link_goes_at_once
        self._log = tempfile.TemporaryFile()
        options = os.environ.get("WRING_OPTIONS", "").split()
        argv = list(command or [program(), "-f", *options]) + [*arguments, interface]
        self.process = host.popen(*argv, stdout=self._log, stderr=subprocess.STDOUT,
                                  env={"LOG_LEVEL": log_level, **(env or {})}, pass_fds=pass_fds)
        try:
            eventually(self._answers, f"{argv[0]} answers on {socket_path(interface)}", 10.0)
        except BaseException:
            self.process.kill()
            self.process.wait()
            print(self.log())
            raise

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
        # `wg` deletes a socket that refuses it, by name. So it must not be asked while a killed
        # daemon's lies there, and not between a starter's bind() and its listen().
        return self._socket_accepts() and \
            self.host.run("wg", "show", self.interface, check=False).returncode == 0

    def _socket_accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.host.path(socket_path(self.interface)))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
        return True

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        """All that it has written so far. (`pread`: the daemon's own file offset must not move.)"""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def has_socket(self) -> bool:
        return os.path.exists(self.host.path(socket_path(self.interface)))

    def resident_kib(self) -> int:
        """The memory it holds now (VmRSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def stop(self, signal_number: int = signal.SIGTERM, timeout: float = _END_S) -> int:
        """Ends it by a signal, returns its exit status, insists that nothing stays behind."""
        if self.running():
            self.process.send_signal(signal_number)
        return self.await_end(timeout)

    def await_end(self, timeout: float = _END_S) -> int:
        """Waits for an end that something else brings about, with the same demands as `stop`."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {timeout:g} s:\n{self.log()}") from None
        if self._leaves_clean:
            if not self._link_goes_at_once:
                eventually(lambda: not self.host.has_link(self.interface), "the interface is gone")
            assert not self.host.has_link(self.interface), f"{self.interface} is still there"
            assert not self.has_socket(), f"{socket_path(self.interface)} is still there"
        return status

    def kill(self) -> None:
        """SIGKILL: the interface goes with it, the socket file cannot."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, kind, *_) -> None:
        # pytest shows what is printed only where a test fails.
        print(f"--- {self.host.name}: {self.interface}\n{self.log()}")
        try:
            assert self.process.poll() not in _CRASHES, f"crashed: {self.process.returncode}"
            if kind is not None:
                self.kill()
            elif self.running():
                self.stop()
        finally:
            self._log.close()
