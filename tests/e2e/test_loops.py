"""Routes and endpoints that lead a tunnel's own messages back into a tunnel (issue: one packet then
costs a core for ever). The kernel's selftest asks for less than 70,000 bytes; so does this."""

import os
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support import wg
from support.drops import dropped
from support.transfer import await_reach, ping
from support.tunnel import PORT, End
from support.waiting import eventually

_MOST_BYTES = 70_000
_WATCHED_S = 1.0
_MOST_CPU_S = 0.5  # In a loop it is the whole second or more.


def _cpu_s(end):
    fields = Path(f"/proc/{end.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _sent(end):
    return sum(each.tx_bytes for each in wg.show(end.host, end.interface).peers.values())


@contextmanager
def _stays_quiet(*ends):
    """What the block starts ends within a second: few bytes are sent, little time is spent."""
    before = [(_sent(end), _cpu_s(end)) for end in ends]
    yield
    time.sleep(_WATCHED_S)
    for end, (bytes_before, cpu_before) in zip(ends, before):
        assert _sent(end) - bytes_before < _MOST_BYTES
        assert _cpu_s(end) - cpu_before < _MOST_CPU_S


def _start(stack, end, port, *arguments):
    end.port = port
    stack.enter_context(end.start(*arguments))


def _add_peer(end, other, allowed, endpoint, *settings):
    end.configure("peer", other.keys.public, "allowed-ips", allowed, "endpoint", endpoint,
                  *settings)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("keepalive", ["off", 1], ids=["ping", "keepalive"])
def test_an_endpoint_that_is_routed_into_its_own_tunnel(net, workers, outer, keepalive):
    a, _, b = net.routed()
    version, via, address = {4: ("-4", "10.7.1.2", f"10.7.2.1:{PORT}"),
                             6: ("-6", "fd07:1::2", f"[fd07:2::1]:{PORT}")}[outer]
    one, two = End(a, 1), End(b, 2)
    with one.start("--workers", str(workers)), two.start():
        two.add_peer(one)
        _add_peer(one, two, "0.0.0.0/0,::/0", address, "persistent-keepalive", keepalive)
        await_reach(a, two.inner4)

        a.ip(version, "route", "replace", "default", "dev", "wg0")
        with _stays_quiet(one):
            ping(a, two.inner4, count=10, wait=0.2)
            # The sealed packet leaves in two fragments.
            ping(a, two.inner4, count=10, wait=0.2, size=1392)
            eventually(lambda: dropped(one, "routing_loop") > 0, "the loop is counted")
        assert one.peer(two).endpoint == address
        line = f"the route to the endpoint {address} of peer"
        assert one.daemon.log().count(line) == 1

        a.ip(version, "route", "replace", "default", "via", via)
        await_reach(a, two.inner4)
        assert ping(a, two.inner4).lost == 0


def test_a_peer_cannot_move_into_its_own_tunnel(ends):
    """It begins a handshake through the tunnel, from its inner address."""
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    within = End(two.host, 9, "wg1")
    within.keys = two.keys
    with ExitStack() as stack:
        _start(stack, within, PORT + 1)
        _add_peer(within, one, "10.99.0.0/24", f"{one.inner4}:{PORT}", "persistent-keepalive", 1)
        eventually(lambda: dropped(one, "from_inside") > 0, "it is dropped")
        with _stays_quiet(one):
            assert ping(one.host, two.inner4).lost == 0
        assert one.peer(two).endpoint == f"10.7.0.2:{PORT}"
        assert within.peer(one).latest_handshake == 0


def test_a_peer_inside_the_tunnel_of_another_one(ends):
    """As the kernel's selftest has it: onion routing works, and ends when it loops."""
    one, two = ends
    inner = End(two.host, 3, "wg1")
    with ExitStack() as stack:
        _start(stack, inner, PORT + 5)
        two.host.ip("address", "flush", "dev", "wg1")
        two.host.add_address("wg1", "10.8.0.3/24")
        one.host.add_address("wg0", "10.8.0.1/24")
        inner.configure("peer", one.keys.public, "allowed-ips", "10.8.0.1/32")
        _add_peer(one, inner, "10.8.0.3/32", f"{two.inner4}:{PORT + 5}")
        await_reach(one.host, "10.8.0.3")
        assert ping(one.host, "10.8.0.3").lost == 0
        assert one.peer(inner).endpoint == f"{two.inner4}:{PORT + 5}"

        one.configure("peer", inner.keys.public, "endpoint", f"10.8.0.3:{PORT + 5}")
        with _stays_quiet(one):
            ping(one.host, "10.8.0.3", count=10, wait=0.2)
            eventually(lambda: dropped(one, "routing_loop") > 0, "the loop is counted")
        assert ping(one.host, two.inner4).lost == 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("outer", [4, 6])
def test_two_tunnels_whose_endpoints_are_routed_into_each_other(pair, workers, outer):
    a, b = pair
    remotes = {4: ["10.7.0.2", "10.7.0.3"], 6: ["fd07::2", "fd07::3"]}[outer]
    b.add_address("eth0", "10.7.0.3/24" if outer == 4 else "fd07::3/64")
    near = [End(a, 1, "wg0"), End(a, 11, "wg1")]
    far = [End(b, 2, "wg0"), End(b, 12, "wg1")]
    with ExitStack() as stack:
        for number, (one, two) in enumerate(zip(near, far)):
            _start(stack, one, PORT + number, "--workers", str(workers))
            _start(stack, two, PORT + number)
            for end in (one, two):
                end.host.ip("address", "flush", "dev", end.interface, "scope", "global")
                own = f"10.{20 + number}.0.{1 if end is one else 2}"
                end.host.add_address(end.interface, f"{own}/24")
            remote = remotes[number] if outer == 4 else f"[{remotes[number]}]"
            _add_peer(one, two, "0.0.0.0/0,::/0", f"{remote}:{PORT + number}")
            two.configure("peer", one.keys.public, "allowed-ips", "0.0.0.0/0,::/0")
            await_reach(a, f"10.{20 + number}.0.2")
        for number, remote in enumerate(remotes):
            a.ip("route", "add", f"{remote}/{32 if outer == 4 else 128}",
                 "dev", near[1 - number].interface)
        with _stays_quiet(*near):
            ping(a, "10.20.0.2", count=10, wait=0.2)
            eventually(lambda: sum(dropped(end, "routing_loop") for end in near) > 0,
                       "the loop is counted")
        for remote in remotes:
            a.ip("route", "del", f"{remote}/{32 if outer == 4 else 128}")
        for number in (0, 1):
            await_reach(a, f"10.{20 + number}.0.2")
