"""A Linux kernel under QEMU that offers what support.netns.Host does: commands run in it.

The guest has one network card, eth0, whose other end is a TAP in a host of the test. Of its two
serial ports the first takes the kernel's messages (kept for the case that it does not boot), the
second takes commands and brings back what they print, see initramfs.py.
"""

import os
import re
import select
import shlex
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple, Optional

import initramfs
from support.netns import Host


class Machine(NamedTuple):
    """What QEMU emulates."""

    emulator: str
    options: tuple[str, ...]
    parameters: str  # of the kernel
    commands: str  # the port of init's commands, as the guest names it
    port: tuple[str, ...]  # and as QEMU makes it
    modules: tuple[str, ...] = ()


MACHINES = {
    # Emulated vector units are slower than none: with `max`, on which the kernel picks its AVX2
    # ciphers, 50 MB take 23 s instead of 6. Without RDRAND it would wait 10 s for entropy before
    # its first handshake.
    "x86_64": Machine("qemu-system-x86_64", ("-cpu", "qemu64,+rdrand"),
                      "console=ttyS0 random.trust_cpu=on", "ttyS1", ("-serial", "stdio")),
    # It has one serial port. The other one is a console of virtio.
    "aarch64": Machine("qemu-system-aarch64", ("-machine", "virt", "-cpu", "cortex-a57"),
                       "console=ttyAMA0", "hvc0",
                       ("-chardev", "stdio,id=commands", "-device", "virtio-serial-pci",
                        "-device", "virtconsole,chardev=commands"), ("virtio_console",)),
}
MACHINE = MACHINES.get(os.uname().machine, MACHINES["x86_64"])
# A boot takes 3 s on an idle machine.
_BOOT_TIMEOUT_S = 90
_STATUS_LINE = re.compile(rb"\n::status (\d+)\n")


class Guest:
    """A running kernel, cabled to `host` by the TAP device `tap`. It ends with the host, too."""

    def __init__(self, name: str, kernel_dir: Path, host: Host, tap: str,
                 machine: Machine = MACHINE, **more):
        """`more` is for initramfs.build()."""
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="wring-guest-")
        self._console = Path(self._folder.name, "console")
        self._received = b""
        # The serial port carries one command at a time, whichever thread it comes from.
        self._lock = threading.Lock()
        initrd = Path(self._folder.name, "initrd")
        initrd.write_bytes(initramfs.build(kernel_dir, machine.commands, machine.modules, **more))
        host.ip("tuntap", "add", "mode", "tap", "name", tap)
        self._process = host.popen(
            machine.emulator, "-accel", "tcg", *machine.options, "-m", "384", "-no-reboot",
            "-nodefaults", "-display", "none", "-monitor", "none",
            "-kernel", str(next((kernel_dir / "boot").glob("vmlinuz-*"))), "-initrd", str(initrd),
            "-append", f"{machine.parameters} quiet panic=-1 mitigations=off",
            # romfile= because the card's boot ROM is in a package that nothing here needs.
            "-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no",
            "-device", "virtio-net-pci,netdev=net,romfile=",
            "-serial", f"file:{self._console}", *machine.port,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self._receive_until(re.compile(rb"ready\n"), _BOOT_TIMEOUT_S, "boot")
        except BaseException:
            self.close()
            raise

    def run(self, *argv: str, check: bool = True, timeout: float = 30.0,
            input: Optional[str] = None) -> subprocess.CompletedProcess:
        """Runs a command to its end. What it says on stderr is in stdout here."""
        command = shlex.join(argv)
        if input:
            command = f"printf %s {shlex.quote(input)} | {command}"
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(command.replace("\n", " ").encode() + b"\n")
            self._process.stdin.flush()
            output, match = self._receive_until(_STATUS_LINE, timeout, command)
        status, text = int(match.group(1)), output.decode(errors="replace")
        if check and status != 0:
            raise AssertionError(f"{self.name}: {command}: status {status}\n{text}")
        return subprocess.CompletedProcess(argv, status, text, "")

    def ip(self, *argv: str, check: bool = True) -> str:
        return self.run("ip", *argv, check=check).stdout

    def add_address(self, device: str, address: str) -> None:
        """Adds an address with its prefix length; an IPv6 one is usable at once."""
        self.ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def has_ipv6(self) -> bool:
        return True  # Debian's kernel has it built in.

    def close(self) -> None:
        """Ends QEMU, waits for it, and removes its files."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _receive_until(self, pattern: re.Pattern, timeout: float, what: str):
        """Reads until `pattern` matches; returns what stood before it, and the match."""
        deadline = time.monotonic() + timeout
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while True:
            match = pattern.search(self._received)
            if match:
                output = self._received[:match.start()]
                self._received = self._received[match.end():]
                return output, match
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise AssertionError(f"{self.name}: not within {timeout:g} s: {what}{self._tail()}")
            chunk = os.read(descriptor, 65536)
            if not chunk:
                raise AssertionError(f"{self.name}: QEMU ended: {what}{self._tail()}")
            self._received += chunk

    def _tail(self) -> str:
        """The end of what the guest and its kernel said, for an error message."""
        console = self._console.read_text(errors="replace") if self._console.exists() else ""
        received = self._received.decode(errors="replace")
        return f"\n--- command port ---\n{received[-2000:]}\n--- console ---\n{console[-3000:]}"
