"""Everything at once: traffic on several workers, handshakes, and changes of every kind.

This is what runs under ThreadSanitizer, too (CMakeLists.txt), so it has each thread do all that it
can do beside all that the others can.
"""

import os
import random
import signal
import subprocess
import threading
import time


from support import wg
from support.netns import Host
from support.stream import Stream
from support.transfer import await_reach, ping, send_tcp
from support.tunnel import PORT, End, tunnel

_SECONDS = 8.0
_BREATH_S = 0.05  # In which packets flow as things are.
_STRANGERS = [wg.new_keys().public for _ in range(16)]
_NO_PSK = "A" * 43 + "="
_ADDRESSES = {1: ("10.7.0.1", "10.7.0.61"), 2: ("10.7.0.2", "10.7.0.62")}


class _Changes:
    """What is done to one end, again and again, each thing in its turn or out of it."""

    def __init__(self, end: End, other: End, seed: int):
        self._end, self._other, self._rng = end, other, random.Random(seed)
        self._host, self._number = end.host, int(end.inner4[-1])
        self.rounds = 0

    def run(self, deadline: float) -> None:
        every = (self._port, self._mark, self._endpoint, self._keepalive, self._psk, self._mtu,
                 self._prefix, self._strangers, self._session, self._peer, self._questions,
                 self._link, self._address)
        while time.monotonic() < deadline:
            for change in self._rng.sample(every, len(every)):
                change()
                time.sleep(_BREATH_S)
            self.rounds += 1

    def _set_other(self, *settings: object) -> None:
        self._end.configure("peer", self._other.keys.public, *settings)

    def _port(self) -> None:
        self._end.configure("listen-port", PORT + 1000)
        self._end.configure("listen-port", PORT)

    def _mark(self) -> None:
        for mark in (0x99, 0):
            self._end.configure("fwmark", mark)

    def _endpoint(self) -> None:
        other = 3 - self._number
        self._set_other("endpoint", f"[fd07::{other}]:{PORT}")
        self._set_other("endpoint", f"10.7.0.{other}:{PORT}")

    def _keepalive(self) -> None:
        for interval in (1, 0):
            self._set_other("persistent-keepalive", interval)

    def _psk(self) -> None:
        """Handshakes in between fail, as the other end has none. P15"""
        for psk in (wg.new_psk(), _NO_PSK):
            self._end.configure("peer", self._other.keys.public, "preshared-key", "/dev/stdin",
                                secret=psk)

    def _prefix(self) -> None:
        """The other end's addresses go to a stranger and come back."""
        addresses = f"{self._other.inner4}/32,{self._other.inner6}/128"
        self._end.configure("peer", _STRANGERS[0], "allowed-ips", addresses)
        self._set_other("allowed-ips", addresses)

    def _mtu(self) -> None:
        for mtu in (1280, 1420):
            self._host.ip("link", "set", "wg0", "mtu", str(mtu))

    def _strangers(self) -> None:
        """Peers that are never there: handshakes without an answer, timers, and their end."""
        self._end.configure(*(word for number, key in enumerate(_STRANGERS) for word in (
            "peer", key, "allowed-ips", f"10.8.{number}.0/24", "endpoint", "10.7.0.99:9",
            "persistent-keepalive", "1")))
        self._end.configure(*(word for key in _STRANGERS for word in ("peer", key, "remove")))

    def _session(self) -> None:
        """A private key that is set anew ends all sessions, P16; the old one begins the next."""
        for private in (wg.new_keys().private, self._end.keys.private):
            self._end.configure("private-key", "/dev/stdin", secret=private)

    def _peer(self) -> None:
        self._set_other("remove")
        self._end.add_peer(self._other, f"10.7.0.{3 - self._number}")

    def _questions(self) -> None:
        wg.show(self._host, "wg0")
        os.kill(self._end.daemon.pid, signal.SIGUSR1)

    def _link(self) -> None:
        self._host.ip("link", "set", "wg0", "down")
        self._host.ip("link", "set", "wg0", "up")
        # Going down took it along.
        self._host.ip("address", "replace", f"{self._end.inner6}/64", "dev", "wg0", "nodad")

    def _address(self) -> None:
        """It roams, and what it was reached on is gone."""
        usual, new = _ADDRESSES[self._number]
        for gone, come in ((usual, new), (new, usual)):
            self._host.ip("address", "del", f"{gone}/24", "dev", "eth0")
            self._host.add_address("eth0", f"{come}/24")


def _flood(source: Host, address: str, size: int) -> subprocess.Popen:
    """As many echo requests as find their way, each answered, whatever comes in between."""
    script = "while :; do ping -q -n -f -s $1 -w 2 $0; done"
    return source.popen("sh", "-c", script, address, str(size), stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)


def _in_threads(jobs) -> None:
    problems = []

    def guarded(job):
        try:
            job()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def test_a_tunnel_bears_all_changes_at_once_and_works_after_them(pair):
    with tunnel(*pair, arguments=("--workers", "3")) as (one, two):
        await_reach(one.host, two.inner4)
        floods = [_flood(one.host, two.inner4, 1372), _flood(two.host, one.inner6, 200),
                  _flood(one.host, two.inner6, 56), _flood(two.host, one.inner4, 600)]
        streams = [Stream(one.host, two.host, two.inner4, 3, 60_000),
                   Stream(two.host, one.host, one.inner4, 4, 60_000)]
        changes = [_Changes(one, two, 1), _Changes(two, one, 2)]
        deadline = time.monotonic() + _SECONDS
        _in_threads([lambda each=each: each.run(deadline) for each in changes])
        for flood in floods:
            flood.kill()
            flood.wait()
        print("rounds:", [each.rounds for each in changes])
        assert all(each.rounds >= 1 for each in changes)
        for end, other in ((one, two), (two, one)):
            end.add_peer(other, f"10.7.0.{other.inner4[-1]}")
        await_reach(one.host, two.inner4, 15.0)
        for stream in streams:
            stream.finish()
        print("MB:", [stream.received / 1e6 for stream in streams])
        send_tcp(two.host, one.host, one.inner6, 2_000_000)
        assert ping(two.host, one.inner4).lost == 0
