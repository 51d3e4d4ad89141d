"""A host with two uplinks whose route to the peer moves from one to the other and back (P29).

    client (10.7.1.1) up1 --- (.2) router 1 (10.7.3.1) --- via1 (.2) server, 10.50.0.1 on lo
    client (10.7.2.1) up2 --- (.2) router 2 (10.7.4.1) --- via2 (.2)

The routers pass only what comes from the addresses of their own uplink (BCP 38).
"""

import re
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from support.netns import Host
from support.transfer import ping
from support.tunnel import PORT, End, tunnel
from support.waiting import eventually

SERVER = {4: "10.50.0.1", 6: "fd50::1"}
PREFIX = {4: 24, 6: 64}
MARK, FIRST, SECOND = 7, 101, 102  # The fwmark, and tables with a default route each.
MOST_LOST = 2  # For each change, at five pings a second.


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

    def server_endpoint_of_client(self, one: End, two: End) -> str:
        return (two.peer(one).endpoint or "").rsplit(":", 1)[0].strip("[]")


def two_uplinks(net, family: int) -> Site:
    client, server = net.host("client"), net.host("server")
    routers = (net.host("router1"), net.host("router2"))
    site = Site(client, routers, server, family)
    server.ip("address", "add", f"{SERVER[family]}/{32 if family == 4 else 128}", "dev", "lo")
    for number, router in enumerate(routers, 1):
        net.cable(client, f"up{number}", router, "inside", number)
        net.cable(router, "outside", server, f"via{number}", number + 2)
        router.sysctl("net.ipv4.ip_forward", 1)
        router.sysctl("net.ipv6.conf.all.forwarding", 1)
        uplink = f"{subnet(family, number)}{'0' if family == 4 else ''}/{PREFIX[family]}"
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
def running(site: Site, *arguments: str):
    """A tunnel of the client to the server, which learns where the client is."""
    one, two = End(site.client, 1), End(site.server, 2)
    with ExitStack() as stack:
        stack.enter_context(one.start(*arguments))
        stack.enter_context(two.start(*arguments))
        two.add_peer(one)
        one.add_peer(two, SERVER[site.family])
        assert ping(one.host, two.inner4).lost == 0
        yield one, two


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


def check_moves(one: End, two: End, *changes) -> None:
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
            assert len(lost) <= (MOST_LOST if number else 0), lost


def there_and_back(site: Site) -> list:
    return [lambda: site.default("replace", 2), lambda: site.default("replace", 1)]


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def site(net, request):
    return two_uplinks(net, request.param)


@pytest.mark.parametrize("options", [("--workers", "1"), ("--workers", "2", "--io", "epoll")],
                         ids=["one-worker", "two-on-epoll"])
def test_the_default_route_moves_while_the_old_address_stays(site, options):
    site.default("add", 1)
    with running(site, *options) as (one, two):
        check_moves(one, two, *there_and_back(site))
        assert site.server_endpoint_of_client(one, two) == f"{subnet(site.family, 1)}1"


def set_up_again(site: Site) -> None:
    site.client.ip("link", "set", "up1", "up")
    if site.family == 6:  # They go with the link.
        site.client.add_address("up1", "fd07:1::1/64")
    site.default("add", 1, "metric", 100)


def test_a_link_goes_down_under_the_route_with_the_better_metric(site):
    site.default("add", 1, "metric", 100)
    site.default("add", 2, "metric", 200)
    with running(site) as (one, two):
        check_moves(one, two, lambda: site.client.ip("link", "set", "up1", "down"),
                    lambda: set_up_again(site))
        assert site.server_endpoint_of_client(one, two) == f"{subnet(site.family, 1)}1"


def test_a_rule_for_the_fwmark_moves_the_tunnel(site):
    site.default("add", 1)
    site.default("add", 1, "table", FIRST)
    site.default("add", 2, "table", SECOND)
    site.ip(site.client, "rule", "add", "fwmark", MARK, "table", FIRST, "pref", 200)
    with running(site) as (one, two):
        one.configure("fwmark", MARK)
        rule = ("fwmark", MARK, "table", SECOND, "pref", 100)
        check_moves(one, two, lambda: site.ip(site.client, "rule", "add", *rule),
                    lambda: site.ip(site.client, "rule", "del", *rule))
        assert site.server_endpoint_of_client(one, two) == f"{subnet(site.family, 1)}1"


def test_a_tunnel_of_another_namespace_follows_the_routes_of_its_sockets(net, site):
    site.default("add", 1)
    inside = net.host("inside")
    with running(site, "--workers", "2") as (one, two):
        site.client.ip("link", "set", "wg0", "netns", str(inside.pid))
        one.host = inside
        one.add_inner_addresses()
        assert ping(inside, two.inner4).lost == 0
        check_moves(one, two, *there_and_back(site))
        inside.ip("link", "set", "wg0", "netns", str(site.client.pid))


def test_who_only_listens_tells_the_peer_where_it_is_now(site):
    """The link on which the peer sends is down, and the client has nothing of its own to send."""
    site.default("add", 1, "metric", 100)
    site.default("add", 2, "metric", 200)
    with running(site) as (one, two):
        pings = Pings(two.host, one.inner4, 24)
        pings.await_number(12)
        site.client.ip("link", "set", "up1", "down")
        assert len(pings.lost(13, 24)) <= MOST_LOST
        assert pings.lost(1, 12) == []


def test_a_source_that_a_rule_sends_by_its_own_uplink_stays(site):
    """The default route leads by the first uplink; the server asks the second one, from which a
    rule answers (P29)."""
    site.default("add", 1)
    site.default("add", 2, "table", SECOND)
    asked = f"{subnet(site.family, 2)}1"
    site.ip(site.client, "rule", "add", "from", asked, "table", SECOND)
    one, two = End(site.client, 1), End(site.server, 2)
    with one.start(), two.start():
        one.add_peer(two)
        two.add_peer(one, asked)
        assert ping(two.host, one.inner4, count=5, interval=0.2).lost == 0
        site.ip(site.client, "route", "add", "blackhole", "10.66.0.0/16" if site.family == 4
                else "fd66::/16")  # A change that does not concern us.
        assert ping(two.host, one.inner4, count=5, interval=0.2).lost == 0
        assert ping(one.host, two.inner4, count=5, interval=0.2).lost == 0
        assert site.server_endpoint_of_client(one, two) == asked


@pytest.mark.parametrize("family", [4, 6])
def test_an_address_that_moves_away_is_forgotten_although_it_may_be_bound(pair, family):
    """net.ipv4.ip_nonlocal_bind, as keepalived and HAProxy want it, lets sends from it succeed."""
    a, b = pair
    floating = {4: "10.7.0.22/24", 6: "fd07:0::22/64"}[family]
    b.sysctl(f"net.ipv{family}.ip_nonlocal_bind", 1)
    b.add_address("eth0", floating)
    with tunnel(a, b, None, floating.split("/")[0]) as (one, two):
        assert ping(a, two.inner4).lost == 0
        check_moves(two, one, lambda: b.ip("address", "del", floating, "dev", "eth0"))
        stays = {4: "10.7.0.2", 6: "[fd07::2]"}[family]
        eventually(lambda: one.peer(two).endpoint == f"{stays}:{PORT}", "the address that stays")
