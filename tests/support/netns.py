"""Network namespaces for tests: hosts, the cables between them, and a router in the middle.

A `Host` is a network namespace together with a mount namespace whose /run is its own, so that two
hosts may both have an interface wg0 with a control socket /var/run/wireguard/wg0.sock.

The namespaces have no name in /run/netns. A holder process keeps each one alive, and it waits for
the end of its standard input: when the test ends in whatever manner, `kill -9` included, the pipe
closes, and the holder kills what still runs in its namespace and goes. With the last process the
kernel removes the namespace, its interfaces, its rules and its mounts.

Tests run wring as ordinary users, too, and a checkout may lie in a home that is closed to them.
Then a host has a folder in its place that is open and holds nothing but the checkout.
"""

import ctypes
import os
import signal
import socket
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# A process counts as living here if its network namespace is the holder's.
_HOLDER = r"""
mount -t tmpfs tmpfs /run && mkdir -p /run/lock || exit 1
# A user namespace may not always mount one.
mount -t sysfs sysfs /sys 2>/dev/null || ! grep -q 4294967295 /proc/self/uid_map || exit 1
ip link set lo up
for family in all default; do
  echo 0 2>/dev/null > /proc/sys/net/ipv6/conf/$family/accept_dad
done
echo ready
read -r _
for pass in 1 2 3; do
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    [ "$pid" = $$ ] || ! [ "$entry/ns/net" -ef /proc/$$/ns/net ] || kill -9 "$pid"
  done 2>/dev/null
done
"""
# Runs a command where a folder holds the checkout and nothing else.
_OPENER = r"""
mount -t tmpfs tmpfs /mnt && mkdir /mnt/checkout && mount --rbind "$0" /mnt/checkout &&
  mount -t tmpfs -o mode=755 tmpfs "$1" && mkdir -p "$0" &&
  mount --move /mnt/checkout "$0" && umount /mnt || exit 1
shift
exec "$@"
"""


def _opened() -> list[str]:
    """Runs what follows where others than root can reach the checkout, by `exec`."""
    checkout = Path(__file__).resolve().parents[2]
    for folder in reversed(checkout.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return ["unshare", "--mount", "sh", "-c", _OPENER, str(checkout), str(folder)]
    return []


class Host:
    """One namespace. Commands, processes and sockets can be placed in it."""

    def __init__(self, name: str):
        self.name = name
        label = f"wring-test-{os.getpid()}-{name}"
        # In a session of its own: Ctrl-C is for the test, which then takes the host down in order.
        self._holder = subprocess.Popen(
            [*_opened(), *self._unshare(), "sh", "-c", _HOLDER, label],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, text=True)
        self._children: list[subprocess.Popen] = []
        output, errors = self._holder.stdout, self._holder.stderr
        assert output is not None and errors is not None
        if output.readline() != "ready\n":
            raise RuntimeError(f"no namespace for {name}: {errors.read()}")
        self.pid = self._holder.pid
        self._netns = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def _unshare(self) -> list[str]:
        """Makes the namespaces and runs what follows in them, by `exec`."""
        return ["unshare", "--net", "--mount"]

    def _enter_command(self) -> list[str]:
        """Runs what follows in the namespaces, by `exec`."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--"]

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` here. It execs, so its pid is the program's own, and it
        dies with the thread that started it."""
        dying = ["setpriv", "--pdeathsig", "KILL", "--"]
        return [*self._enter_command(), *dying, *map(str, argv)]

    def run(self, *argv: str, check: bool = True, timeout: float = 30.0,
            input: Optional[str] = None, env: Optional[Mapping[str, str]] = None
            ) -> subprocess.CompletedProcess:
        """Runs a command to its end; its output is text. With `check`, failure is an error that
        shows what the command said."""
        done = subprocess.run(self.command(argv), input=input or "", text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, **(env or {})})
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(map(str, argv))}: status "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def popen(self, *argv: str, env: Optional[Mapping[str, str]] = None, **options
              ) -> subprocess.Popen:
        """Starts a command in the background; it is killed at the latest with the host."""
        options.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(self.command(argv), start_new_session=True,
                                 env={**os.environ, **(env or {})}, **options)
        self._children.append(child)
        return child

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Puts the calling thread into this host's network namespace for a `with` block: sockets
        and TUN devices opened there belong to the host, and any thread may use them later."""
        with open("/proc/thread-self/ns/net", "rb") as home:
            self._enter(self._netns)
            try:
                yield
            finally:
                self._enter(home.fileno())

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket that belongs to this host, for use by the test itself."""
        with self.inside():
            return socket.socket(family, kind, protocol)

    @staticmethod
    def _enter(namespace: int) -> None:
        if _libc.setns(namespace, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def ip(self, *argv: str, check: bool = True) -> str:
        """`ip ARGV` here; returns what it printed."""
        return self.run("ip", *argv, check=check).stdout

    def add_address(self, device: str, address: str) -> None:
        """Adds an address with its prefix length; an IPv6 one is usable at once."""
        self.ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def sysctl(self, key: str, value: object) -> None:
        self.run("sysctl", "-qw", f"{key}={value}")

    def has_link(self, device: str) -> bool:
        return self.run("ip", "link", "show", "dev", device, check=False).returncode == 0

    def has_ipv6(self) -> bool:
        key = "/proc/sys/net/ipv6/conf/all/disable_ipv6"
        return self.run("cat", key, check=False).stdout.strip() == "0"

    def path(self, inside: str) -> str:
        """Where the test itself finds a file of this host. Links are resolved on the way out, as an
        absolute one (/var/run) would lead back to the test's own file system."""
        return f"/proc/{self.pid}/root{os.path.realpath(os.path.dirname(inside))}" \
               f"/{os.path.basename(inside)}"

    def pids(self) -> list[int]:
        """Every process in this namespace, the holder excepted."""
        here = os.stat(f"/proc/{self.pid}/ns/net").st_ino
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{entry}/ns/net").st_ino == here and int(entry) != self.pid:
                    found.append(int(entry))
            except OSError:
                pass  # It ended while we looked.
        return found

    def close(self) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream:
                    stream.close()
        os.close(self._netns)
        self._holder.communicate()


class Net:
    """All hosts of one test. Use it as a context manager; leaving it removes everything."""

    def __init__(self):
        self.hosts: list[Host] = []

    def __enter__(self) -> "Net":
        return self

    def __exit__(self, *_) -> None:
        # A second Ctrl-C must not interrupt the clean-up.
        try:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        except ValueError:
            before = None  # Not the main thread: no Ctrl-C arrives here.
        try:
            for host in reversed(self.hosts):
                host.close()
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def host(self, name: str, kind: type[Host] = Host) -> Host:
        host = kind(name)
        self.hosts.append(host)
        return host

    def cable(self, one: Host, one_device: str, other: Host, other_device: str,
              subnet: int = 0) -> None:
        """Joins two hosts by a veth pair. They become 10.7.SUBNET.1 and .2 (/24), and
        fd07:SUBNET::1 and ::2 (/64)."""
        one.ip("link", "add", one_device, "type", "veth",
               "peer", "name", other_device, "netns", str(other.pid))
        for host, device, last in ((one, one_device, 1), (other, other_device, 2)):
            host.add_address(device, f"10.7.{subnet}.{last}/24")
            if host.has_ipv6():
                host.add_address(device, f"fd07:{subnet}::{last}/64")
            host.ip("link", "set", device, "up")

    def pair(self) -> tuple[Host, Host]:
        """Hosts a and b on one cable: device eth0, 10.7.0.1 and .2, fd07:0::1 and ::2."""
        a, b = self.host("a"), self.host("b")
        self.cable(a, "eth0", b, "eth0")
        return a, b

    def routed(self) -> tuple[Host, Host, Host]:
        """Hosts a, router, b: a (10.7.1.1, fd07:1::1) - (.2) router (10.7.2.2) - b (10.7.2.1).
        The router's devices are `toa` and `tob`; each end has a default route to it."""
        a, router, b = self.host("a"), self.host("router"), self.host("b")
        router.sysctl("net.ipv4.ip_forward", 1)
        router.sysctl("net.ipv6.conf.all.forwarding", 1)
        for end, device, subnet in ((a, "toa", 1), (b, "tob", 2)):
            self.cable(end, "eth0", router, device, subnet)
            end.ip("route", "add", "default", "via", f"10.7.{subnet}.2")
            end.ip("-6", "route", "add", "default", "via", f"fd07:{subnet}::2")
        return a, router, b


def masquerade(router: Host, outside: str) -> None:
    """Makes the router hide what it forwards out of device `outside` behind its own address."""
    router.run("nft", "-f", "/dev/stdin", input=f"""
        table inet nat {{
          chain postrouting {{
            type nat hook postrouting priority 100;
            oifname "{outside}" masquerade random
          }}
        }}""")


def softnet_drops() -> int:
    """How many packets the kernel has dropped because a processor's backlog was full, in all
    namespaces."""
    lines = Path("/proc/net/softnet_stat").read_text().splitlines()
    return sum(int(line.split()[1], 16) for line in lines)
