"""AllowedIPs that are set again under traffic: nothing is lost, and no sender is told that there is
no way (P20, P39)."""

import socket
import subprocess

import pytest

from support import wg
from support.daemon import socket_path
from support.transfer import parse_ping, ping

_PINGS = 2000
# Long enough that taking a list away and setting it anew leaves a gap of milliseconds.
_OTHERS = [f"172.{16 + i // 250}.{i % 250}.0/24" for i in range(4000)]


def _dropped(host, reason):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(10)
        control.connect(host.path(socket_path("wg0")))
        control.sendall(b"get=1\n\n")
        text = ""
        while not text.endswith("\n\n"):
            text += control.recv(1 << 16).decode()
    return sum(int(line.split("=")[1]) for line in text.splitlines()
               if line.startswith(f"dropped_{reason}="))


def _set(end, other, ips):
    end.configure("peer", other.keys.public, "allowed-ips", ",".join(ips))


def _sync(end, other, ips):
    # The endpoint is left as it is: syncconf keeps what the text does not name.
    text = f"[Interface]\nPrivateKey = {end.keys.private}\nListenPort = 51820\n" \
           f"[Peer]\nPublicKey = {other.keys.public}\nAllowedIPs = {', '.join(ips)}\n"
    wg.apply(end.host, "syncconf", "wg0", text)


@pytest.mark.parametrize("ways", [_set, _sync], ids=["set", "syncconf"])
@pytest.mark.parametrize("at", ["sender", "receiver"])
@pytest.mark.parametrize("others", [_OTHERS, []], ids=["4001", "1"])
def test_a_list_that_is_set_again_loses_nothing(ends, ways, at, others):
    """The prefix of the traffic comes last in the list."""
    one, two = ends
    end, other = (one, two) if at == "sender" else (two, one)
    ips = [*others, f"{other.inner4}/32"]
    ways(end, other, ips)
    assert ping(one.host, two.inner4).lost == 0
    before = _dropped(one.host, "no_peer"), _dropped(two.host, "not_allowed_source")
    pinging = one.host.popen("ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.002", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    times = 0
    while pinging.poll() is None:
        ways(end, other, ips)
        times += 1
    result = parse_ping(pinging.stdout.read())
    assert times >= 5
    assert result.lost == 0 and "unreachable" not in result.text, result.text
    assert (_dropped(one.host, "no_peer"), _dropped(two.host, "not_allowed_source")) == before
    # In the order in which they came.
    shown = one.host.run("wg", "show", "wg0", "allowed-ips") if end is one else \
        two.host.run("wg", "show", "wg0", "allowed-ips")
    assert shown.stdout.split("\t")[1].split() == ips


def test_a_prefix_that_moves_between_peers_always_has_an_owner(ends):
    """It passes to a peer that nobody answers for and back within one request, after the list of
    4,000 that goes with it."""
    one, two = ends
    silent = wg.new_keys()
    ips = ",".join([*_OTHERS, f"{two.inner4}/32"])
    _set(one, two, [*_OTHERS, f"{two.inner4}/32"])
    assert ping(one.host, two.inner4).lost == 0
    before = _dropped(one.host, "no_peer")
    pinging = one.host.popen("ping", "-n", "-q", "-c", "1000", "-i", "0.002", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    while pinging.poll() is None:
        one.configure("peer", two.keys.public, "allowed-ips", "", "peer", silent.public,
                      "allowed-ips", ips)
        one.configure("peer", silent.public, "remove", "peer", two.keys.public,
                      "allowed-ips", ips)
    assert "unreachable" not in pinging.stdout.read()
    assert _dropped(one.host, "no_peer") == before
    assert ping(one.host, two.inner4).lost == 0
