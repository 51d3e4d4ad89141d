"""A host's route to the peer moves from one uplink to the other and back (P29), on both pumps, with
offloads and without, with one worker and with two. support/uplinks.py draws the hosts."""

import pytest

from support.uplinks import MOST_LOST, Pings, check_moves, in_all_ways, running, subnet
from support.waiting import eventually

MARK, FIRST, SECOND = 7, 101, 102  # The fwmark, and tables with a default route each.

both_families = pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])


def _server_knows(site, one, two, uplink):
    expected = f"{subnet(site.family, uplink)}1"
    eventually(lambda: site.server_endpoint_of_client(one, two) == expected,
               f"the server sends to uplink {uplink}")


def _ends_by_the_first(site, one, two):
    _server_knows(site, one, two, 1)


def _default_route(site, options):
    site.default("add", 1)
    with running(site, *options) as (one, two):
        check_moves(one, two, *site.move_there_and_back())
        _ends_by_the_first(site, one, two)


@both_families
def test_the_default_route_moves_while_the_old_address_stays(family):
    in_all_ways(family, _default_route)


def _nothing_passes(site, options):
    site.default("add", 1)
    with running(site, *options) as (one, two):
        for uplink in (2, 1):
            site.default("replace", uplink)
            _server_knows(site, one, two, uplink)


def _moves_on(site, options):
    site.default("add", 1)
    with running(site, *options) as (one, two):
        site.default("replace", 2)
        _server_knows(site, one, two, 2)
        another = f"{subnet(site.family, 2)}9"
        site.client.add_address("up2", f"{another}/{24 if site.family == 4 else 64}")
        site.default("replace", 2, "src", another)
        eventually(lambda: site.server_endpoint_of_client(one, two) == another,
                   f"the server sends to {another}")


@both_families
def test_the_server_learns_where_a_route_moves_on_although_nobody_sends(family):
    """From a way on which nothing was heard to yet another one."""
    in_all_ways(family, _moves_on)


@both_families
def test_the_server_learns_of_it_although_nobody_sends(family):
    in_all_ways(family, _nothing_passes)


def _set_up_again(site):
    site.client.ip("link", "set", "up1", "up")
    if site.family == 6:  # They go with the link.
        site.client.add_address("up1", "fd07:1::1/64")
    site.default("add", 1, "metric", 100)


def _metric(site, options):
    site.default("add", 1, "metric", 100)
    site.default("add", 2, "metric", 200)
    with running(site, *options) as (one, two):
        check_moves(one, two, lambda: site.client.ip("link", "set", "up1", "down"),
                    lambda: _set_up_again(site))
        _ends_by_the_first(site, one, two)


@both_families
def test_a_link_goes_down_under_the_route_with_the_better_metric(family):
    in_all_ways(family, _metric)


def _fwmark(site, options):
    site.default("add", 1)
    site.default("add", 1, "table", FIRST)
    site.default("add", 2, "table", SECOND)
    site.ip(site.client, "rule", "add", "fwmark", MARK, "table", FIRST, "pref", 200)
    with running(site, *options) as (one, two):
        one.configure("fwmark", MARK)
        rule = ("fwmark", MARK, "table", SECOND, "pref", 100)
        check_moves(one, two, lambda: site.ip(site.client, "rule", "add", *rule),
                    lambda: site.ip(site.client, "rule", "del", *rule))
        _ends_by_the_first(site, one, two)


@both_families
def test_a_rule_for_the_fwmark_moves_the_tunnel(family):
    in_all_ways(family, _fwmark)


def _listener(site, options):
    site.default("add", 1, "metric", 100)
    site.default("add", 2, "metric", 200)
    with running(site, *options) as (one, two):
        pings = Pings(two.host, one.inner4, 24)
        pings.await_number(12)
        site.client.ip("link", "set", "up1", "down")
        assert len(pings.lost(13, 24)) <= MOST_LOST, pings.lost(13, 24)
        assert pings.lost(1, 12) == []


@both_families
def test_who_only_listens_tells_the_peer_where_it_is_now(family):
    """The link on which the peer sends is down, and the client has nothing of its own to send."""
    in_all_ways(family, _listener)
