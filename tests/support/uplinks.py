"""A host with two uplinks to a server, and pings that are counted while its routes change.

    client (10.7.1.1) up1 --- (.2) router 1 (10.7.3.1) --- via1 (.2) server, 10.50.0.1 on lo
    client (10.7.2.1) up2 --- (.2) router 2 (10.7.4.1) --- via2 (.2)

The routers pass only what comes from the addresses of their own uplink (BCP 38).
"""

import itertools
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator

from .netns import Host, Net
from .transfer import ping
from .tunnel import End

SERVER = {4: "10.50.0.1", 6: "fd50::1"}
MOST_LOST = 2  # For each change, at five pings a second.
_PREFIX = {4: 24, 6: 64}

# Both pumps, with offloads and without, one worker and two.
WAYS = [tuple(itertools.chain(*way)) for way in itertools.product(
    (("--io", "uring"), ("--io", "epoll")), ((), ("--no-offload",)),
    (("--workers", "1"), ("--workers", "2")))]


def subnet(family: int, number: int) -> str:
    return f"10.7.{number}." if family == 4 else f"fd07:{number}::"


@dataclass
class Site:
    client: Host
    routers: tuple[Host, Host]
    server: Host
    family: int

    def ip(self, host: Host, *argv: object) -> None:
        host.ip(f"-{self.family}", *map(str, argv))

    def default(self, verb: str, uplink: int, *options: object) -> None:
        """Adds, replaces or deletes the client's default route by an uplink."""
        self.ip(self.client, "route", verb, "default", "via", f"{subnet(self.family, uplink)}2",
                *options)

    def move_there_and_back(self) -> list[Callable[[], None]]:
        return [lambda: self.default("replace", 2), lambda: self.default("replace", 1)]

    def server_endpoint_of_client(self, one: End, two: End) -> str:
        return (two.peer(one).endpoint or "").rsplit(":", 1)[0].strip("[]")


def two_uplinks(net: Net, family: int) -> Site:
    client, server = net.host("client"), net.host("server")
    routers = (net.host("router1"), net.host("router2"))
    site = Site(client, routers, server, family)
    server.ip("address", "add", f"{SERVER[family]}/{32 if family == 4 else 128}", "dev", "lo")
    for number, router in enumerate(routers, 1):
        net.cable(client, f"up{number}", router, "inside", number)
        net.cable(router, "outside", server, f"via{number}", number + 2)
        router.sysctl("net.ipv4.ip_forward", 1)
        router.sysctl("net.ipv6.conf.all.forwarding", 1)
        uplink = f"{subnet(family, number)}{'0' if family == 4 else ''}/{_PREFIX[family]}"
        site.ip(router, "route", "add", SERVER[family], "via", f"{subnet(family, number + 2)}2")
        site.ip(server, "route", "add", uplink, "via", f"{subnet(family, number + 2)}1",
                "src", SERVER[family])
        router.run("nft", "-f", "/dev/stdin", input=f"""
            table inet bcp38 {{
              chain forward {{
                type filter hook forward priority 0;
                iifname "inside" {'ip' if family == 4 else 'ip6'} saddr != {uplink} drop
              }}
            }}""")
    return site


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[tuple[End, End]]:
    """A tunnel of the client to the server, which learns where the client is."""
    one, two = End(site.client, 1), End(site.server, 2)
    with ExitStack() as stack:
        stack.enter_context(one.start(*arguments))
        stack.enter_context(two.start(*arguments))
        two.add_peer(one)
        one.add_peer(two, SERVER[site.family])
        assert ping(one.host, two.inner4).lost == 0
        yield one, two


def in_all_ways(family: int, scenario: Callable[[Site, tuple[str, ...]], None]) -> None:
    """Runs the scenario with each of WAYS as the options of both daemons. All run at the same time,
    each at a site of its own, because they mostly wait."""
    def run(options: tuple[str, ...]) -> str:
        with Net() as net:
            try:
                scenario(two_uplinks(net, family), options)
            except AssertionError as error:
                return f"{' '.join(options)}: {error}"
        return ""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        failed = list(filter(None, pool.map(run, WAYS)))
    assert not failed, "\n".join(failed)


class Pings:
    """Five pings a second. Each one is numbered and reported, answered or not."""

    def __init__(self, host: Host, address: str, count: int):
        self._count = count
        self._ping = host.popen("ping", "-n", "-O", "-D", "-i", "0.2", "-c", str(count), "-W", "1",
                                address, stdout=subprocess.PIPE, text=True)
        self._answered: set[int] = set()
        self._reached = 0

    def _read(self) -> bool:
        assert self._ping.stdout is not None
        line = self._ping.stdout.readline()
        if found := re.search(r"icmp_seq=(\d+)", line):
            self._reached = max(self._reached, int(found[1]))
            if "bytes from" in line:
                self._answered.add(int(found[1]))
        return bool(line)

    def await_number(self, number: int) -> None:
        while self._reached < number and self._read():
            pass

    def lost(self, first: int, last: int) -> list[int]:
        """Which ones between the two numbers were not answered. Waits for their end."""
        while self._read():
            pass
        return [each for each in range(first, last + 1) if each not in self._answered]


def check_moves(one: End, two: End, *changes: Callable[[], None]) -> None:
    """Makes each change under pings both ways."""
    each = 8
    count = each * (len(changes) + 1)
    pings = [Pings(one.host, two.inner4, count), Pings(two.host, one.inner4, count)]
    for number, change in enumerate(changes, 1):
        for both in pings:
            both.await_number(each * number)
        change()
    for direction in pings:
        for number in range(len(changes) + 1):
            lost = direction.lost(each * number + 1, each * (number + 1))
            allowed = MOST_LOST if number else 0
            assert len(lost) <= allowed, f"lost {lost} after change {number} of {len(changes)}"
