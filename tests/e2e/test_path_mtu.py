"""`wring doctor` finds what a path carries, where routers say so and where they do not."""

import json
import re

import pytest

from support import wg
from support.daemon import program
from support.tunnel import End

CONFIG = """[Interface]
PrivateKey = {private}
Address = 10.9.0.1/24, fd09::1/64
{extra}
[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = {endpoint}
"""
QUIET = """
table inet quiet {
    chain output {
        type filter hook output priority 0;
        icmp type destination-unreachable drop
        icmpv6 type packet-too-big drop
    }
}"""
V4, V6 = "10.7.2.1:51820", "[fd07:2::1]:51820"


@pytest.fixture
def way(net, tmp_path):
    """Makes a way of this MTU behind a router, and asks the doctor at its near end."""
    a, router, b = net.routed()
    far, keys = End(b, 2), wg.new_keys()

    def ask(mtu, endpoint=V4, swallows=True, extra="", allowed="10.9.0.2/32"):
        router.ip("link", "set", "tob", "mtu", str(mtu))
        if swallows:
            router.run("nft", "-f", "/dev/stdin", input=QUIET)
        path = tmp_path / "wg0.conf"
        path.write_text(CONFIG.format(private=keys.private, public=far.keys.public, extra=extra,
                                      endpoint=endpoint, allowed=allowed))
        path.chmod(0o600)
        done = a.run(program(), "doctor", "--json", str(path), check=False)
        found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
        assert found["handshake"]["grade"] == "good", found
        print(found["path-mtu"])
        return found["path-mtu"]
    with far.start(log_level="error"):
        far.configure("peer", keys.public, "allowed-ips", "10.9.0.1/32,fd09::1/128")
        ask.far = far
        yield ask


def _carried(finding):
    return int(re.search(r"carries packets of (\d+) bytes", finding["found"])[1])


def test_a_path_of_1300_bytes_whose_icmp_is_swallowed(way):
    finding = way(1300)
    assert _carried(finding) == 1300 and finding["grade"] == "warning"
    assert "nobody says so by ICMP" in finding["found"]
    assert "1420 is too large by 180" in finding["means"] and "MTU = 1240" in finding["cure"]


def test_with_ipv6_full_packets_are_lost(way):
    finding = way(1300, endpoint=V6)
    assert _carried(finding) == 1300 and finding["grade"] == "problem"
    assert "1420 is too large by 200" in finding["means"] and "MTU = 1220" in finding["cure"]


def test_the_cure_is_right(way):
    finding = way(1300, extra="MTU = 1240")
    assert (_carried(finding), finding["grade"]) == (1300, "good")
    assert "MTU of 1240 fits" in finding["found"] and finding["cure"] == ""


def test_a_router_that_says_so_is_named(way):
    finding = way(1300, swallows=False)
    assert _carried(finding) == 1300 and "10.7.1.2 says that it takes 1300" in finding["found"]


def test_a_path_that_carries_all_that_the_interface_takes(way):
    finding = way(1500)
    assert (_carried(finding), finding["grade"]) == (1500, "good")


def test_behind_a_default_route_the_gateway_answers_for_itself(way):
    # Nobody has 10.9.0.1's neighbour but the far end, which forwards and takes no echo.
    way.far.host.sysctl("net.ipv4.ip_forward", 1)
    way.far.host.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    assert _carried(way(1400, allowed="10.9.0.2/32, 10.3.0.0/16")) == 1400


def test_without_any_answer_from_inside_it_says_so(way):
    way.far.host.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    finding = way(1300)
    assert finding["grade"] == "note" and "not measured" in finding["found"]
    assert "answer ping" in finding["cure"]


@pytest.fixture
def running(net):
    """A tunnel over a router, whose far cable is narrow. Asks the doctor about it."""
    a, router, b = net.routed()
    near, far = End(a, 1), End(b, 2)

    def ask(mtu, outer, swallows):
        router.ip("link", "set", "tob", "mtu", str(mtu))
        b.ip("link", "set", "eth0", "mtu", str(mtu))
        if swallows:
            router.run("nft", "-f", "/dev/stdin", input=QUIET)
        near.add_peer(far, outer[1])
        far.add_peer(near, outer[0])
        done = a.run(program(), "doctor", "--json", "wg0", check=False)
        found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
        assert found["handshake"]["grade"] == "good", found
        return found["path-mtu"]
    with near.start(log_level="error"), far.start(log_level="error"):
        yield ask


V4_ENDS, V6_ENDS = ("10.7.1.1", "10.7.2.1"), ("fd07:1::1", "fd07:2::1")


def test_a_running_tunnel_over_ipv6_loses_full_packets(running):
    finding = running(1300, V6_ENDS, swallows=True)
    assert finding["grade"] == "problem" and "vanish" in finding["found"]
    # A message is filled up to a multiple of 16 bytes.
    assert "mtu 1216" in finding["cure"] or "mtu 1220" in finding["cure"]


def test_a_running_tunnel_over_ipv4_is_divided_by_a_router_that_says_so(running):
    finding = running(1300, V4_ENDS, swallows=False)
    assert finding["grade"] == "warning" and "MTU = 1240" in finding["cure"]


def test_a_running_tunnel_that_fits(running):
    finding = running(1500, V4_ENDS, swallows=True)
    assert finding["grade"] == "good" and "MTU of 1420" in finding["found"]
