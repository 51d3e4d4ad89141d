"""AllowedIPs that are set again under traffic: nothing is lost, and no sender is told that there is
no way (P20, P39)."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import wg
from support.drops import dropped
from support.transfer import iperf3, parse_ping, ping

_PINGS = 500
_SECONDS = 4
# Long enough that taking a list away and setting it anew leaves a gap of milliseconds.
_OTHERS = [f"172.{16 + i // 250}.{i % 250}.0/24" for i in range(4000)]


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
    before = dropped(one, "no_peer"), dropped(two, "not_allowed_source")
    pinging = one.host.popen("ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.002", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    times = 0
    while pinging.poll() is None:
        ways(end, other, ips)
        times += 1
    result = parse_ping(pinging.stdout.read())
    assert times >= 5
    assert result.lost == 0 and "unreachable" not in result.text, result.text
    assert (dropped(one, "no_peer"), dropped(two, "not_allowed_source")) == before
    # In the order in which they came.
    shown = one.host.run("wg", "show", "wg0", "allowed-ips") if end is one else \
        two.host.run("wg", "show", "wg0", "allowed-ips")
    assert shown.stdout.split("\t")[1].split() == ips


@pytest.mark.parametrize("at", ["sender", "receiver"])
def test_a_list_of_thousands_is_set_again_under_twenty_thousand_datagrams_a_second(ends, at):
    one, two = ends
    end, other = (one, two) if at == "sender" else (two, one)
    ips = [*_OTHERS, f"{other.inner4}/32"]
    _set(end, other, ips)
    with ThreadPoolExecutor(1) as pool:
        # 32 Mbit/s of 200 bytes each.
        traffic = pool.submit(iperf3, two.host, one.host, two.inner4, "-u", "-b", "32M",
                              "-l", "200", seconds=_SECONDS)
        times = 0
        while not traffic.done():
            _set(end, other, ips)
            times += 1
        sums = traffic.result()["end"]["sum"]
    print(f"{times} sets, {sums['packets']} sent, {sums['lost_packets']} lost on the way")
    assert times >= 5
    assert sums["packets"] >= 10_000 * _SECONDS  # Where the machine has other work, too.
    assert dropped(one, "no_peer") == 0
    assert dropped(two, "not_allowed_source") == 0


def test_a_prefix_that_moves_between_peers_always_has_an_owner(ends):
    """It passes to a peer that nobody answers for and back within one request, after the list of
    4,000 that goes with it."""
    one, two = ends
    silent = wg.new_keys()
    ips = ",".join([*_OTHERS, f"{two.inner4}/32"])
    _set(one, two, [*_OTHERS, f"{two.inner4}/32"])
    assert ping(one.host, two.inner4).lost == 0
    before = dropped(one, "no_peer")
    pinging = one.host.popen("ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.002", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    while pinging.poll() is None:
        one.configure("peer", two.keys.public, "allowed-ips", "", "peer", silent.public,
                      "allowed-ips", ips)
        one.configure("peer", silent.public, "remove", "peer", two.keys.public,
                      "allowed-ips", ips)
    assert "unreachable" not in pinging.stdout.read()
    assert dropped(one, "no_peer") == before
    assert ping(one.host, two.inner4).lost == 0
