"""Whole files and nothing but whole datagrams come through a network that does its worst.

WRING_CHAOS_SECONDS is how long each weather lasts: 8 s where nothing else is said. A failure names
the seed (WRING_CHAOS_SEED) and what the relay did.
"""

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from relay import Weather
from support.transfer import await_reach, ping
from support.tunnel import PORT, End
from traffic import Datagrams, Files

_SECONDS = float(os.environ.get("WRING_CHAOS_SECONDS", "8"))
_SEED = int(os.environ.get("WRING_CHAOS_SEED", "1"))

_WEATHERS = {
    "rough": Weather(loss=0.05, reordering=0.05, duplication=0.01, corruption=0.01),
    "moving": Weather(loss=0.01, delay_ms=10, jitter_ms=3, truncation=0.01, new_address_s=0.7),
    # TCP itself gives up where one in five is lost.
    "storm": Weather(loss=0.06, reordering=0.15, duplication=0.05, corruption=0.02, truncation=0.02,
                     delay_ms=5, jitter_ms=10, new_address_s=3),
}


class Bridge:
    """The relay between two hosts, and the tunnel that goes through it."""

    def __init__(self, one: End, two: End, relay):
        self.one, self.two, self._relay = one, two, relay

    def clear_up(self) -> None:
        self._relay.send_signal(signal.SIGUSR1)

    def report(self) -> dict:
        self._relay.send_signal(signal.SIGTERM)
        return json.loads(self._relay.communicate(timeout=10)[0])


@contextmanager
def _bridge(net, weather: Weather):
    a, middle, b = net.host("a"), net.host("relay"), net.host("b")
    net.cable(a, "eth0", middle, "toa", 1)
    net.cable(b, "eth0", middle, "tob", 2)
    one, two = End(a, 1), End(b, 2)
    script = Path(__file__).with_name("relay.py")
    given = {**asdict(weather), "seed": _SEED, "near": "10.7.1.2", "far": "10.7.2.2", "port": PORT,
             "target": ["10.7.2.1", PORT]}
    relay = middle.popen("/usr/bin/python3", "-B", str(script), json.dumps(given), stdout=-1)
    assert relay.stdout.readline() == b"ready\n"
    with ExitStack() as stack:
        for end in (one, two):
            stack.enter_context(end.start())
        # The relay changes the address that two sees one at. If one has nothing to send just then,
        # two goes on sending to the old address until a time-out. The keepalive shows the new one
        # within a second.
        one.add_peer(two, "10.7.1.2", "persistent-keepalive", 1)
        two.add_peer(one)  # Learns where the other end is, again and again.
        yield Bridge(one, two, relay)


def _run_all(jobs) -> None:
    threads = [threading.Thread(target=job.run) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("name", _WEATHERS)
def test_what_arrives_is_what_was_sent(net, name):
    with _bridge(net, _WEATHERS[name]) as bridge:
        one, two = bridge.one, bridge.two
        # An initiation that was lost is sent again every five seconds. P6
        await_reach(one.host, two.inner4, 40.0)
        deadline = time.monotonic() + _SECONDS
        ways = ((one.host, two.host, two.inner4), (two.host, one.host, one.inner4))
        files = [Files(*way, _SEED + i, deadline) for i, way in enumerate(ways)]
        datagrams = [Datagrams(*way, _SEED + i, deadline) for i, way in enumerate(ways)]
        _run_all([*files, *datagrams])
        bridge.clear_up()
        # The endpoint is learned from the first authentic message: the next that is sent shows it.
        await_reach(one.host, two.inner4, 16.0)
        assert ping(two.host, one.inner4, count=10).lost == 0
        report = bridge.report()

        print(f"seed {_SEED}, {name}: {report}")
        for each in files:
            print(f"{each.whole} whole files; {each.problems or 'no problem'}")
            assert each.whole >= 1 and not each.problems
        for each in datagrams:
            print(f"{len(each.arrived)} of {each.sent} datagrams, {each.bad} bad ones")
            assert each.bad == 0
            assert max(each.arrived.values()) == 1  # Duplicates end at the replay window. P18
            assert len(each.arrived) > each.sent / 2
        happened = {"lost", "corrupted", "duplicated", "reordered", "truncated", "new addresses"}
        expected = {key for key, share in (
            ("lost", "loss"), ("corrupted", "corruption"), ("duplicated", "duplication"),
            ("reordered", "reordering"), ("truncated", "truncation"),
            ("new addresses", "new_address_s")) if getattr(_WEATHERS[name], share) > 0}
        assert expected == {key for key in happened if report.get(key)}
