"""The foreign WireGuard implementations, each a class with the same few methods."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Optional

from guest import MACHINE, Guest
from support.daemon import Daemon
from support.netns import Host, Net
from support.tunnel import End
from support.waiting import eventually

_ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("WRING_PEERS", _ROOT / "build/peers"))

LINK = "eth0"
# Where the two hosts find each other, by IP version and end; as Net.cable gives them out.
OUTER = {"wring": {4: "10.7.0.1", 6: "fd07:0::1"}, "foreign": {4: "10.7.0.2", 6: "fd07:0::2"}}
PREFIX_LENGTH = {4: 24, 6: 64}


def give_outer_addresses(host, end: str) -> None:
    """Makes the addresses of OUTER the only ones of the host's card, whatever a test did to it."""
    host.ip("address", "flush", "dev", LINK, "scope", "global")
    for version, address in OUTER[end].items():
        host.add_address(LINK, f"{address}/{PREFIX_LENGTH[version]}")
    host.ip("link", "set", LINK, "up")


class ForeignPeer:
    """What the tests know of an implementation. A `host` is where it runs, a namespace or a guest.
    """

    name = ""
    # Whether its byte counters count what the kernel counts: every authenticated message, whole.
    counts_whole_messages = True
    # Whether it reaches a peer by IPv6 that it has reached by IPv4 before.
    can_change_ip_version = True

    def survives_a_new_address(self, ip_version: int) -> bool:
        """Whether it goes on answering after the address that it sent from is gone."""
        return True

    def version(self) -> str:
        """The version as the program says it; empty if it says none."""
        return ""

    def missing(self) -> Optional[str]:
        """What has to be installed before this peer can be tested, or None."""
        raise NotImplementedError

    def place(self, net: Net, wring_host: Host):
        """Makes this peer's host, on a cable with `wring_host`, and returns it."""
        raise NotImplementedError

    def start(self, end: End) -> Optional[Daemon]:
        """Makes the end's interface, with its key, port and addresses."""
        raise NotImplementedError

    def stop(self, end: End) -> None:
        """Takes the interface away."""
        raise NotImplementedError


class _DaemonPeer(ForeignPeer):
    """An implementation in userspace, in a namespace of its own."""

    program = ""
    arguments: tuple = ()

    def _path(self) -> Optional[str]:
        return shutil.which(self.program, path=f"{PEERS / 'bin'}:{os.environ.get('PATH', '')}")

    def missing(self) -> Optional[str]:
        return None if self._path() else self.program

    def place(self, net: Net, wring_host: Host) -> Host:
        host = net.host("foreign")
        net.cable(wring_host, LINK, host, LINK)
        return host

    def start(self, end: End) -> Daemon:
        command = [self._path() or self.program, *self.arguments]
        return end.start(command=command, leaves_clean=False)

    def stop(self, end: End) -> None:
        # Killed, for how it ends is not ours to test. Its TUN interface goes a little after it.
        end.daemon.kill()
        eventually(lambda: not end.host.has_link(end.interface), f"{end.interface} is gone")
        end.host.run("rm", "-f", f"/run/wireguard/{end.interface}.sock")


class WireguardGo(_DaemonPeer):
    name = "wireguard-go"
    program = "wireguard-go"
    arguments = ("-f",)
    can_change_ip_version = False

    def version(self) -> str:
        words = subprocess.run([self._path() or self.program, "--version"], capture_output=True,
                               text=True, check=True).stdout.split()
        return words[1]

    def survives_a_new_address(self, ip_version: int) -> bool:
        # Debian 12 has the version of March 2022. It keeps the source address of an IPv4 endpoint
        # and sends nothing more once that address is gone. The version of May 2025 goes on.
        return ip_version == 6 or self.version() > "v0.0.20220316"


class Boringtun(_DaemonPeer):
    name = "boringtun"
    program = "boringtun-cli"
    # Its sockets are connected to each peer by default, and a peer that roams is not heard then.
    arguments = ("-f", "--disable-drop-privileges", "--disable-connected-udp")
    counts_whole_messages = False

    def start(self, end: End) -> Daemon:
        try:
            daemon = super().start(end)
        except AssertionError:
            # On a busy machine it was seen to end with status 0 before it made its interface.
            daemon = super().start(end)
        end.host.ip("link", "set", end.interface, "mtu", "1420")
        return daemon


class Kernel(ForeignPeer):
    """The Linux kernel, in a guest that boots when it is placed and serves many tests."""

    name = "kernel"

    def missing(self) -> Optional[str]:
        for program in (MACHINE.emulator, "busybox"):
            if not shutil.which(program):
                return program
        return None if list(PEERS.glob("kernel/boot/vmlinuz-*")) else "Debian's kernel for clouds"

    def place(self, net: Net, wring_host: Host) -> Guest:
        guest = Guest("kernel", PEERS / "kernel", wring_host, LINK)
        give_outer_addresses(wring_host, "wring")
        give_outer_addresses(guest, "foreign")
        return guest

    def start(self, end: End) -> Optional[Daemon]:
        end.host.ip("link", "add", end.interface, "type", "wireguard")
        end.configure("listen-port", 51820, "private-key", "/dev/stdin", secret=end.keys.private)
        end.add_inner_addresses()
        return None

    def stop(self, end: End) -> None:
        end.host.ip("link", "delete", end.interface, check=False)


ALL = (WireguardGo(), Boringtun(), Kernel())


def main() -> None:
    """Prints which peers the tests find on this machine, and which version of each."""
    for peer in ALL:
        lacking = peer.missing()
        print(f"{peer.name}: left out, {lacking} is not installed" if lacking
              else f"{peer.name} {peer.version()}".rstrip() + ": tested")


if __name__ == "__main__":
    main()
