"""`wring proxy` with [Gateway]: peers reach addresses that the proxy's host alone reaches."""

import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import program
from support.executing import INNER, as_user, place, processes_of_user, python
from support.netns import Net
from support.proxying import (SOCKS, connected, echo_server, proxy, received, save_config,
                              socks_connect)
from support.waiting import eventually
from test_proxy_reload import change

BEHIND, BEHIND6 = "10.7.1.2", "fd07:1::2"
ALLOWED = "10.7.1.0/24:7-8, [fd07:1::/64]:7"
_UDP_ECHO = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    asked, client = server.recvfrom(65535)
    server.sendto(asked, client)
"""


def section(allowed: str, more: str = "") -> str:
    return (f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n[Gateway]\nAllow = {allowed}\n{more}")


@pytest.fixture(scope="module", params=["666", "600"], ids=["tun", "container"])
def place_(request):
    with Net() as net:
        host, far = net.pair()
        behind = net.host("behind")
        net.cable(host, "out1", behind, "in1", 1)
        host.run("sysctl", "-w", "net.ipv4.ping_group_range=0 2147483647")
        if request.param == "600":
            host.run("mount", "--bind", "/proc/sys", "/proc/sys")
            host.run("mount", "-o", "remount,ro,bind", "/proc/sys")
        for made in place((host, far), request.param):
            made.behind = behind
            far.run("wg", "set", "wg0", "peer", made.keys.public, "allowed-ips",
                    f"{INNER}/32,fd09::2/128,10.7.1.0/24,fd07:1::/64,127.0.0.0/8")
            for network in ("10.7.1.0/24", "fd07:1::/64"):
                far.ip("route", "add", network, "dev", "wg0")
            yield made


@contextmanager
def gateway(place, *words, **options):
    """With a session, so that the far end can begin."""
    with proxy(place, section(*words), **options) as made, echo_server(place.far, "10.9.0.1", 7):
        with connected(place.host, "127.0.0.1", SOCKS) as client:
            assert socks_connect(client, "10.9.0.1", 7)[1] == 0
        yield made


@pytest.mark.parametrize("target", [BEHIND, BEHIND6])
def test_a_peer_opens_a_connection(place_, target):
    with echo_server(place_.behind, target, 7), gateway(place_, ALLOWED) as made:
        with connected(place_.far, target, 7) as client:
            sent = bytes(range(256)) * 4000
            client.sendall(sent[:100])
            assert received(client, 100) == sent[:100]
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert b"".join(iter(lambda: client.recv(65536), b"")) == sent
        assert made.figure("wring_proxy_bytes_total", section="Gateway") >= 2 * len(sent)


@pytest.mark.parametrize("target", [BEHIND, BEHIND6])
@pytest.mark.parametrize("size", [5, 8000])
def test_datagrams(place_, target, size):
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with python(place_.behind, _UDP_ECHO, target, "7"), gateway(place_, ALLOWED), \
            place_.far.socket(family, socket.SOCK_DGRAM) as client, \
            place_.far.socket(family, socket.SOCK_DGRAM) as other:
        for number, each in enumerate((client, other)):
            each.settimeout(20.0)
            each.connect((target, 7))  # Answers from elsewhere would not be heard.
            each.send(bytes([number]) * size)
        assert other.recv(size) == b"\1" * size
        assert client.recv(size) == b"\0" * size


@pytest.mark.parametrize("target", [BEHIND, BEHIND6])
def test_a_peer_pings(place_, target):
    """Only what an entry without ports allows, and only if it answers."""
    def answers(whom: str) -> bool:
        return place_.far.run("ping", "-c", "1", "-W", "3", "-s", "900", whom,
                              check=False).returncode == 0

    with gateway(place_, "10.7.1.0/24, fd07:1::/64"):
        assert answers(target) and answers(INNER)
        assert not answers(target + "9")  # Nobody's.
        assert not answers("fd07:1::1" if ":" in target else "10.7.1.1")  # The proxy's own host.
    with gateway(place_, ALLOWED):
        assert not answers(target)


def test_what_is_not_allowed_is_reset(place_):
    with echo_server(place_.behind, BEHIND, 9), gateway(place_, ALLOWED) as made:
        assert is_reset(place_.far, BEHIND, 9)  # Another port.
        assert is_reset(place_.far, "10.7.1.1", 7)  # The proxy's own host, which no entry names.
        assert is_reset(place_.far, BEHIND, 8)  # Nothing listens there.
        assert made.figure("wring_proxy_refused_total", section="Gateway",
                           reason="not_allowed") == 2
        assert made.figure("wring_proxy_refused_total", section="Gateway", reason="refused") == 1
        with place_.far.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"another port", (BEHIND, 9))
        eventually(lambda: made.figure("wring_proxy_refused_total", section="Gateway",
                                       reason="not_allowed") == 3, "it is counted")


def is_reset(host, address: str, port: int) -> bool:
    with pytest.raises(ConnectionError), connected(host, address, port) as client:
        client.sendall(b"x")
        assert client.recv(1) == b""
        raise AssertionError("no reset")
    return True


def test_the_hosts_own_address_can_be_named(place_):
    with echo_server(place_.host, "10.7.1.1", 7), gateway(place_, "10.7.1.1:7") as made:
        with connected(place_.far, "10.7.1.1", 7) as client:
            client.sendall(b"to the proxy's host")
            assert client.recv(100) == b"to the proxy's host"
        assert made.figure("wring_proxy_connections_total", section="Gateway") == 1


def test_ports_at_our_own_address_are_not_the_gateways(place_):
    with gateway(place_, "0.0.0.0/0") as made:
        with pytest.raises(ConnectionRefusedError):
            connected(place_.far, INNER, 7)
        assert made.figure("wring_proxy_connections_total", section="Gateway") == 0


def test_who_may_pass_and_what_changes_while_it_runs(place_):
    with echo_server(place_.behind, BEHIND, 7), \
            gateway(place_, ALLOWED, "AllowFrom = 192.0.2.1\n") as made:
        assert is_reset(place_.far, BEHIND, 7)
        change(made, "AllowFrom = 192.0.2.1\n", "AllowFrom = 10.9.0.0/24\n")
        with connected(place_.far, BEHIND, 7) as client:
            # The new list judges what the relay has not accepted yet.
            client.sendall(b"begins")
            assert client.recv(100) == b"begins"
            change(made, ALLOWED, "10.7.1.0/24:22")
            client.sendall(b"goes on")
            assert client.recv(100) == b"goes on"
        assert is_reset(place_.far, BEHIND, 7)
        change(made, "[Gateway]\nAllow = 10.7.1.0/24:22\nAllowFrom = 10.9.0.0/24\n", "",
               "[Gateway] comes and goes with a start")


def test_a_kernel_without_tproxy_is_told_of(place_):
    """It knows no such expression, because it is asked for under a name that no kernel has."""
    library = Path(program()).parent / "tests/support/refusing_kernel.so"
    file = save_config(place_, section(ALLOWED))
    done = place_.host.run(*as_user(), "env", f"LD_PRELOAD={library}", "REFUSED_OUTPUT=tproxy",
                           program(), "proxy", "-c", file, check=False)
    assert done.returncode == 1
    assert "[Gateway]: cannot change the tables of nftables: " in done.stderr
    assert "No such file or directory (it needs nft_tproxy and nft_fib" in done.stderr
    assert "run modprobe nft_tproxy, or remove the section" in done.stderr


def test_the_relay_keeps_two_capabilities(place_):
    """Those of sockets with addresses and low ports of others (CAP_NET_RAW, CAP_NET_BIND_SERVICE),
    in the thread inside."""
    binding = f"{1 << 13 | 1 << 10:016x}"
    with gateway(place_, ALLOWED):
        kept = []
        for pid in processes_of_user():
            for task in place_.host.run("ls", f"/proc/{pid}/task").stdout.split():
                with open(f"/proc/{pid}/task/{task}/status") as file:
                    lines = [line for line in file if line.startswith("CapEff:")]
                    kept.append(lines[0].split()[1])
        assert sorted(set(kept)) == ["0" * 16, binding] and kept.count(binding) == 1
