"""`wring run --masquerade` and `--clamp-mss`: what others send through the tunnel."""

import socket
import struct
from contextlib import contextmanager

import pytest

from support.daemon import program
from support.run_state import assert_clean, pair_of_files
from support.running import Run

ADDRESSES = {socket.AF_INET: ("10.7.1.1", "10.7.1.2"),
             socket.AF_INET6: ("fd07:1::1", "fd07:1::2")}
_TIMESTAMPS = 12  # Bytes of TCP's option in each segment.


@pytest.fixture
def site(net, tmp_path):
    """a - gateway - server. The server knows no way to the tunnel's addresses."""
    a, gateway, server = net.host("a"), net.host("gateway"), net.host("server")
    net.cable(a, "eth0", gateway, "toa", 0)
    net.cable(gateway, "eth1", server, "eth0", 1)
    gateway.sysctl("net.ipv4.ip_forward", 1)
    gateway.sysctl("net.ipv6.conf.all.forwarding", 1)
    files = pair_of_files(tmp_path, "10.9.0.2/32, fd09::2/128, 10.7.1.0/24, fd07:1::/64",
                          "10.7.0.2:51820")
    return a, gateway, server, files


@contextmanager
def _connection(a, server, family):
    """A TCP connection from a to the server: both ends, and whom the server sees."""
    with server.socket(family, socket.SOCK_STREAM) as listener, \
            a.socket(family, socket.SOCK_STREAM) as client:
        listener.settimeout(10.0)
        listener.bind((ADDRESSES[family][1], 0))
        listener.listen(1)
        client.settimeout(10.0)
        client.connect(listener.getsockname()[:2])
        served, peer = listener.accept()
        with served:
            yield client, served, peer[0]


def _segment_size(end):
    """The largest segment that this end may send."""
    (size,) = struct.unpack_from("I", end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 16)
    return size + _TIMESTAMPS


@pytest.mark.parametrize("family", ADDRESSES, ids=["IPv4", "IPv6"])
def test_addresses_are_translated_and_segments_fit(site, tmp_path, family):
    a, gateway, server, (left, right) = site
    headers = 40 if family == socket.AF_INET else 60
    _set_mtu(right, 1320)
    with Run(a, left), Run(gateway, right, "--masquerade", "eth1") as run:
        assert "passes no packets on" not in run.log()
        with _connection(a, server, family) as (client, served, seen):
            assert seen == ADDRESSES[family][0]
            assert _segment_size(client) == _segment_size(served) == 1320 - headers
        # Others may leave by that interface under their own names.
        tables = gateway.run("nft", "list", "ruleset").stdout
        assert 'iifname "wg0" oifname "eth1" masquerade' in tables
    assert_clean(gateway, "wg0")


def _set_mtu(path, mtu):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("ListenPort", f"MTU = {mtu}\nListenPort"))


def test_segments_are_made_to_fit_without_a_change_of_addresses(site):
    a, gateway, server, (left, right) = site
    server.ip("route", "add", "10.9.0.0/24", "via", "10.7.1.1")
    _set_mtu(right, 1320)
    with Run(a, left):
        with Run(gateway, right):
            with _connection(a, server, socket.AF_INET) as (client, served, seen):
                assert seen == "10.9.0.1"
                assert _segment_size(served) == 1420 - 40  # What the near end can take.
        with Run(gateway, right, "--clamp-mss"):
            with _connection(a, server, socket.AF_INET) as (client, served, seen):
                assert seen == "10.9.0.1"
                assert _segment_size(client) == _segment_size(served) == 1320 - 40
    assert_clean(gateway, "wg0")


def test_a_killed_one_leaves_a_table_that_the_next_one_clears(site):
    _, gateway, _, (_, right) = site
    with Run(gateway, right, "--masquerade", "eth1") as first:
        first.kill()
    assert "inet wg-quick-wg0" in gateway.run("nft", "list", "tables").stdout
    with Run(gateway, right):
        assert gateway.run("nft", "list", "tables").stdout == ""
    assert_clean(gateway, "wg0")


def test_a_reload_writes_a_table_that_others_have_emptied(site):
    _, gateway, _, (_, right) = site
    with Run(gateway, right, "--masquerade", "eth1"):
        tables = gateway.run("nft", "list", "ruleset").stdout
        gateway.run("nft", "flush", "ruleset")
        gateway.run(program(), "reload", "wg0")
        assert gateway.run("nft", "list", "ruleset").stdout == tables != ""
    assert_clean(gateway, "wg0")


def test_what_hinders_a_gateway_is_told(site):
    _, gateway, _, (_, right) = site
    gateway.sysctl("net.ipv4.ip_forward", 0)
    with Run(gateway, right, "--masquerade", "eth1") as run:
        assert "run sysctl -w net.ipv4.ip_forward=1 (" in run.log()
    done = gateway.run(program(), "run", right, "--masquerade", 'eth1" accept', check=False)
    assert done.returncode == 1 and "can be no interface's name" in done.stderr
    assert_clean(gateway, "wg0")
