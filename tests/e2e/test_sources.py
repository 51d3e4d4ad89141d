"""The address that a host with several answers from (P29): in another namespace, where a rule
chooses it, and when it moves away."""

import pytest

from support.transfer import ping
from support.tunnel import PORT, End, tunnel
from support.uplinks import check_moves, running, subnet, two_uplinks
from support.waiting import eventually


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def site(net, request):
    return two_uplinks(net, request.param)


def test_a_tunnel_of_another_namespace_follows_the_routes_of_its_sockets(net, site):
    site.default("add", 1)
    inside = net.host("inside")
    with running(site, "--workers", "2") as (one, two):
        site.client.ip("link", "set", "wg0", "netns", str(inside.pid))
        one.host = inside
        one.add_inner_addresses()
        assert ping(inside, two.inner4).lost == 0
        check_moves(one, two, *site.move_there_and_back())
        inside.ip("link", "set", "wg0", "netns", str(site.client.pid))


def test_a_source_that_a_rule_sends_by_its_own_uplink_stays(site):
    """The default route leads by the first uplink; the server asks the second one, from which a
    rule answers (P29)."""
    site.default("add", 1)
    site.default("add", 2, "table", 102)
    asked = f"{subnet(site.family, 2)}1"
    site.ip(site.client, "rule", "add", "from", asked, "table", 102)
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
