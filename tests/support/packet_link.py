"""What a daemon needs that gets its packets by packet sockets: a veth pair whose far end is in a
namespace of its own, which the sockets alone keep alive."""

import os
import socket
import subprocess
from typing import Mapping, Optional

from .daemon import Daemon
from .netns import Host, Net
from .tunnel import End

_ETH_P_ALL = 3
_FAR = "far"


class PacketLink:
    """The interface `name` of `host`, and open sockets at its other end. The interface goes with
    the sockets."""

    def __init__(self, host: Host, name: str = "wg0", workers: int = 1):
        self.name = name
        with Net() as net:
            apart = net.host(f"{host.name}-far", type(host))
            # By the test, which may do it even if both hosts are in user namespaces of their own.
            _ip("link", "add", _FAR, "netns", str(apart.pid), "mtu", "65535", "type", "veth",
                "peer", "name", name, "netns", str(host.pid))
            apart.ip("link", "set", _FAR, "addrgenmode", "none", "up")
            self._packets = [apart.socket(socket.AF_PACKET, socket.SOCK_RAW)
                             for _ in range(workers)]
            for each in self._packets:
                each.bind((_FAR, _ETH_P_ALL))
            self._netlink = host.socket(socket.AF_NETLINK, socket.SOCK_RAW)
            host.ip("link", "set", name, "arp", "off", "addrgenmode", "none", "mtu", "1420")

    def descriptors(self) -> tuple[int, ...]:
        """What the daemon is to inherit."""
        return tuple(each.fileno() for each in (*self._packets, self._netlink))

    def environment(self) -> dict[str, str]:
        numbers = ",".join(str(each.fileno()) for each in self._packets)
        return {"WG_PACKET_FD": numbers, "WG_NETLINK_FD": str(self._netlink.fileno())}

    def close(self) -> None:
        """Lets go of it, so that only the daemon holds it. Without a daemon it is gone then."""
        for each in (*self._packets, self._netlink):
            each.close()

    def __enter__(self) -> "PacketLink":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def start_by_packet_sockets(end: End, *arguments: str, sockets: int = 1,
                            env: Optional[Mapping[str, str]] = None) -> Daemon:
    """As `End.start`, with packet sockets in place of a TUN."""
    with PacketLink(end.host, end.interface, sockets) as link:
        # The kernel takes a namespace apart in the background.
        return end.start(*arguments, env={**link.environment(), **(env or {})},
                         pass_fds=link.descriptors(), link_goes_at_once=False)


class EndApart(End):
    """An end whose interface is in the host `inside`, in a user namespace, and whose daemon is
    outside: a process of the ordinary user who owns that namespace, without any capability."""

    USER = "54321"  # support/environments.py

    def __init__(self, host: Host, inside: Host, number: int):
        super().__init__(host, number)
        self.inside = inside
        host.run("install", "-d", "-o", self.USER, "/run/wireguard")

    def add_inner_addresses(self) -> None:
        self.inside.add_address(self.interface, f"{self.inner4}/24")
        self.inside.add_address(self.interface, f"{self.inner6}/64")
        self.inside.ip("link", "set", self.interface, "up")

    def start_with(self, program: str, environment: Mapping[str, str],
                   descriptors: tuple[int, ...], *arguments: str) -> Daemon:
        user = ["setpriv", f"--reuid={self.USER}", f"--regid={self.USER}", "--clear-groups",
                "--inh-caps=-all", "--bounding-set=-all", "--"]
        for each in descriptors:
            os.set_inheritable(each, True)
        return self.start(*arguments, command=[*user, program, "-f"], env=environment,
                          pass_fds=descriptors)
