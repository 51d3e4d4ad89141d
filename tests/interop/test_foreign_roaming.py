"""Either end may change its address or its port: the other follows its authenticated packets."""

import pytest

from pairing import all_answered, tunnel
from peers import LINK, PREFIX_LENGTH
from support.transfer import await_reach

# Addresses that nobody has when a test begins, by IP version.
_NEW_ADDRESS = {4: "10.7.0.77", 6: "fd07:0::77"}
_NEW_PORT = 51999

each_roamer = pytest.mark.parametrize("roamer", ["wring", "foreign"])


def _url(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _canonical(endpoint: str) -> str:
    return endpoint.replace("fd07:0:", "fd07:")  # As `wg` shortens it.


def _roam(opened, end):
    """Lets the end send until it is answered. Then the other end must know where it has gone,
    without having been told, and reach it there."""
    other = opened.other(end)
    await_reach(end.host, other.inner4)
    await_reach(other.host, end.inner4)
    assert all_answered(end.host, other.inner6)
    assert all_answered(other.host, end.inner6)
    return other.peer(end).endpoint


@pytest.mark.parametrize("ip_version", [4, 6], ids=["outer4", "outer6"])
@each_roamer
def test_an_end_that_changes_its_address_is_followed(pair, roamer, ip_version):
    with tunnel(pair, "wring", ip_version) as opened:  # P28, P29
        opened.await_open()
        end = opened.wring if roamer == "wring" else opened.foreign
        if roamer == "foreign" and not pair.peer.survives_a_new_address(ip_version):
            pytest.skip(f"{pair.peer.name} {pair.peer.version()} stops when its address is gone")
        length, new = PREFIX_LENGTH[ip_version], _NEW_ADDRESS[ip_version]
        # In this order: with its first IPv4 address, a card loses all others of the subnet.
        end.host.ip("address", "delete", f"{opened.outer(end)}/{length}", "dev", LINK)
        end.host.add_address(LINK, f"{new}/{length}")
        assert _roam(opened, end) == _canonical(_url(new, 51820))


@each_roamer
def test_an_end_that_changes_its_port_is_followed(pair, roamer):
    with tunnel(pair, "foreign") as opened:  # P28, P30
        opened.await_open()
        end = opened.wring if roamer == "wring" else opened.foreign
        end.configure("listen-port", _NEW_PORT)
        assert _roam(opened, end) == _url(opened.outer(end), _NEW_PORT)


def test_an_endpoint_may_change_from_ipv4_to_ipv6(pair):
    if not pair.peer.can_change_ip_version:
        pytest.skip(f"{pair.peer.name} does not answer by IPv6 after it has by IPv4")
    with tunnel(pair, "wring", 4) as opened:
        opened.await_open()
        opened.ip_version = 6
        opened.wring.configure("peer", opened.foreign.keys.public, "endpoint",
                               _url(opened.outer(opened.foreign), 51820))
        _roam(opened, opened.wring)
        new = _canonical(_url(opened.outer(opened.wring), 51820))
        assert opened.foreign.peer(opened.wring).endpoint == new
