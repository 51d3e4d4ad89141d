"""Kernels that refuse joined packets or datagrams: the refused ones pass one by one, and joining of
that kind stops, on both pumps. The refusals are a preloaded library's (refusing_kernel.cpp)."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import program
from support.drops import dropped
from support.packet_link import start_by_packet_sockets
from support.transfer import await_reach, iperf3, ping, send_tcp
from support.tunnel import PORT, End, tunnel
from support.waiting import eventually

# Where nothing is joined, nothing is refused.
_ONCE = 0 if "--no-offload" in os.environ.get("WRING_OPTIONS", "") else 1


@pytest.fixture(params=["uring", "epoll"])
def pump(request):
    return request.param


@contextmanager
def _refusing(pair, pump, what, start=End.start):
    """A tunnel between two hosts, in which the first one's kernel refuses these things."""
    library = Path(program()).parent / "tests/support/refusing_kernel.so"
    assert library.exists(), f"{library} is missing: build all, not wring alone"
    with tunnel(*pair) as (one, two):
        one.daemon.stop()
        with start(one, "--io", pump, env={"LD_PRELOAD": str(library), "REFUSED_OUTPUT": what}):
            one.add_peer(two, "10.7.0.2")
            await_reach(one.host, two.inner4)
            yield one, two


def test_refused_joined_tcp_packets_pass_one_by_one(pair, pump):
    with _refusing(pair, pump, "tun_tcp,tun_udp") as (one, two):
        send_tcp(two.host, one.host, one.inner4, 20_000_000)
        send_tcp(two.host, one.host, one.inner6, 20_000_000)
        assert dropped(one, "tun_write_error") == 0
        assert one.daemon.log().count("refuses joined TCP packets (Invalid argument)") == _ONCE
        assert ping(one.host, two.inner4).lost == 0


def test_refused_joined_packets_of_a_packet_socket_pass_one_by_one(pair, pump):
    with _refusing(pair, pump, "tun_tcp,tun_udp", start_by_packet_sockets) as (one, two):
        send_tcp(two.host, one.host, one.inner4, 20_000_000)
        send_tcp(two.host, one.host, one.inner6, 20_000_000)
        iperf3(one.host, two.host, one.inner4, "-u", "-b", "200M", "-l", "1000", seconds=1)
        assert dropped(one, "tun_write_error") == 0
        assert one.daemon.log().count("refuses joined TCP packets (Invalid argument)") == _ONCE
        assert one.daemon.log().count("refuses joined UDP packets (Invalid argument)") == _ONCE
        assert ping(one.host, two.inner4).lost == 0


def test_refused_joined_udp_packets_stop_no_tcp(pair, pump):
    with _refusing(pair, pump, "tun_udp") as (one, two):
        iperf3(one.host, two.host, one.inner4, "-u", "-b", "200M", "-l", "1000", seconds=1)
        assert dropped(one, "tun_write_error") == 0
        assert one.daemon.log().count("refuses joined UDP packets") == _ONCE
        send_tcp(two.host, one.host, one.inner4, 20_000_000)
        assert "refuses joined TCP" not in one.daemon.log()


@pytest.mark.parametrize("why", ["library", "narrow-path"])
@pytest.mark.parametrize("outer", [4, 6])
def test_a_row_that_is_refused_keeps_its_source(pair, pump, outer, why):  # P29
    """On a path where a datagram needs fragments every kernel refuses rows (EMSGSIZE; EINVAL before
    Linux 6.14). The peer knows an address of ours that the kernel would not choose by itself, and
    its firewall takes what belongs to that conversation alone."""
    first, second = (f"10.7.0.{n}" if outer == 4 else f"fd07::{n}" for n in (1, 77))
    with _refusing(pair, pump, "segments" if why == "library" else "") as (one, two):
        if why == "narrow-path":
            one.host.ip("link", "set", "eth0", "mtu", "1300")
        one.host.ip("address", "add", second + ("/24" if outer == 4 else "/64"), "dev", "eth0",
                    *([] if outer == 4 else ["nodad", "preferred_lft", "0"]))
        two.host.run("nft", "-f", "/dev/stdin", input=f"""
            table inet strict {{ chain input {{ type filter hook input priority 0
              iifname "eth0" udp dport {PORT} {"ip" if outer == 4 else "ip6"} saddr {first} drop
            }}
            }}""")
        at = f"[{second}]:{PORT}" if outer == 6 else f"{second}:{PORT}"
        two.configure("peer", one.keys.public, "endpoint", at)
        await_reach(two.host, one.inner4)
        eventually(lambda: two.peer(one).endpoint == at, "two hears from the second address")
        send_tcp(one.host, two.host, two.inner4, 20_000_000)
        assert two.peer(one).endpoint == at
        assert dropped(one, "send_error") == 0
        assert one.daemon.log().count("does not segment datagrams") == _ONCE
