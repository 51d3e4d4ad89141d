"""Handshakes that cross on a long way, with every other implementation: packets pass at once, and
the renewal at 120 s loses none. (docs/decisions/0024-crossing-handshakes.md)"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Iterator

import peers
import pytest
from conftest import missing
from pairing import Pair
from peers import OUTER, give_outer_addresses
from support.drops import dropped
from support.netns import Net
from support.slow_way import slow_way
from support.transfer import PingResult, ping
from support.tunnel import PORT, End

_ONE_WAY_MS = 500  # A guest takes a moment to be told to begin.
_NEAR, _FAR = 51821, 51822  # Where wring finds the relay, and where the foreign end does.
_SECONDS, _INTERVAL = 135, 0.25


class _Crossing:
    """A tunnel through a relay on wring's host, whose ends have begun at the same time."""

    def __init__(self, stack: ExitStack, peer: peers.ForeignPeer):
        pair = Pair(stack.enter_context(Net()), peer)
        give_outer_addresses(pair.wring_host, "wring")
        give_outer_addresses(pair.foreign_host, "foreign")
        wring, foreign = OUTER["wring"][4], OUTER["foreign"][4]
        stack.enter_context(slow_way(pair.wring_host, _ONE_WAY_MS, ("127.0.0.1", _NEAR),
                                     ("127.0.0.1", PORT), (wring, _FAR), (foreign, PORT)))
        self._wring, self._foreign = End(pair.wring_host, 1), End(pair.foreign_host, 2)
        stack.enter_context(self._wring.start())
        peer.start(self._foreign)
        stack.callback(peer.stop, self._foreign)
        self._introduce(self._wring, self._foreign, f"127.0.0.1:{_NEAR}")
        self._introduce(self._foreign, self._wring, f"{wring}:{_FAR}")

    @staticmethod
    def _introduce(end: End, other: End, endpoint: str) -> None:
        end.configure("peer", other.keys.public, "allowed-ips", f"{other.inner4}/32",
                      "endpoint", endpoint)

    def run(self) -> "_Crossing":
        with ThreadPoolExecutor(1) as pool:
            # One packet from the other end: it begins, too.
            begun = pool.submit(ping, self._foreign.host, self._wring.inner4, 1)
            self.pings: PingResult = ping(self._wring.host, self._foreign.inner4,
                                          int(_SECONDS / _INTERVAL), _INTERVAL)
            begun.result()
        self.unknown = dropped(self._wring, "unknown_index")
        self.log = self._wring.daemon.log()
        return self


@pytest.fixture(scope="session")
def crossings(request) -> Iterator[dict]:
    """One for each peer that is there, all made to wait at the same time."""
    wanted = request.config.getoption("peer")
    there = [peer for peer in peers.ALL
             if (not wanted or peer.name in wanted) and not missing(peer)]
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(there) + 1))
        waiting = {peer.name: pool.submit(_Crossing(stack, peer).run) for peer in there}
        yield {name: future.result() for name, future in waiting.items()}


@pytest.mark.slow
def test_handshakes_that_cross_lose_nothing_then_or_at_the_renewal(foreign_peer, crossings):
    crossing = crossings[foreign_peer.name]  # P10, P11
    sent = crossing.log.count("sent a handshake initiation")
    heard = crossing.log.count("received a handshake initiation")
    print(f"initiations: {sent} sent, {heard} received; pings lost: {crossing.pings.lost}, "
          f"unknown index: {crossing.unknown}")
    assert sent >= 1 and heard >= 1  # They crossed.
    assert crossing.unknown == 0
    # Of 540. Where both ends gave up their own handshake, those of the first 5 s are staged.
    assert crossing.pings.lost <= 3
