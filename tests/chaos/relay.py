"""A network that misbehaves: a UDP relay between two hosts, seeded, in a process of its own.

Usage: relay.py JSON, with the keys of `Weather` and `seed`, `near`, `far`, `port`, `target`. It
takes datagrams on `near`:`port` and passes them on from `far`:(any port) to `target`, and the
answers back to the last sender. With `far_port` and `client` ([address, port]) the target can
speak first, to `far`:`far_port`. With SIGUSR1 the weather clears for good. On SIGTERM it prints
what it did as JSON and ends.
"""

import heapq
import json
import random
import select
import signal
import socket
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Optional

_MAX_DATAGRAM = 65535
_MAX_WAITING = 20_000  # Datagrams held back at a time; more are lost, as in a full queue.


@dataclass(frozen=True)
class Weather:
    """What happens to datagrams: shares of them between 0 and 1, times in milliseconds."""
    loss: float = 0.0
    reordering: float = 0.0  # Held back while those behind pass.
    duplication: float = 0.0
    corruption: float = 0.0  # One bit turned.
    truncation: float = 0.0  # Cut anywhere, down to nothing.
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reordering_ms: float = 8.0
    # How often the sender towards the target changes its port; 0: never.
    new_address_s: float = 0.0


class Relay:
    def __init__(self, weather: Weather, seed: int, near: str, far: str, port: int,
                 target: tuple[str, int], far_port: int = 0,
                 client: Optional[tuple[str, int]] = None):
        self._weather, self._rng = weather, random.Random(seed)
        self._far_address, self._target = far, target
        self._near = self._open(near, port)
        self._far = self._open(far, far_port)
        self._client = client
        self._waiting: list[tuple[float, int, bool, bytes]] = []
        self._order = 0
        self._moves_at = time.monotonic() + (weather.new_address_s or float("inf"))
        self.counts: Counter[str] = Counter()
        self.ended = False

    @staticmethod
    def _open(address: str, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        made.bind((address, port))
        made.setblocking(False)
        return made

    def clear_up(self) -> None:
        self._weather, self._moves_at = Weather(), float("inf")

    def run(self) -> None:
        while not self.ended:
            now = time.monotonic()
            self._pass_on(now)
            if now >= self._moves_at:
                self._move(now)
            until = min(self._waiting[0][0] if self._waiting else now + 0.05, self._moves_at)
            readable, _, _ = select.select([self._near, self._far], [], [],
                                           min(max(until - now, 0), 0.05))
            for one in readable:
                self._take(one)

    def _move(self, now: float) -> None:
        self._far.close()
        self._far = self._open(self._far_address, 0)
        self._moves_at = now + self._weather.new_address_s
        self.counts["new addresses"] += 1

    def _take(self, one: socket.socket) -> None:
        for _ in range(64):
            try:
                datagram, sender = one.recvfrom(_MAX_DATAGRAM)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if one is self._near:
                self._client = sender
            self._meet(datagram, one is self._near)

    def _meet(self, datagram: bytes, outward: bool) -> None:
        self.counts["taken"] += 1
        chance, weather = self._rng.random, self._weather
        if chance() < weather.loss or len(self._waiting) >= _MAX_WAITING:
            self.counts["lost"] += 1
            return
        if chance() < weather.corruption and datagram:
            place = self._rng.randrange(8 * len(datagram))
            changed = bytearray(datagram)
            changed[place // 8] ^= 1 << place % 8
            datagram = bytes(changed)
            self.counts["corrupted"] += 1
        if chance() < weather.truncation:
            datagram = datagram[:self._rng.randrange(len(datagram) + 1)]
            self.counts["truncated"] += 1
        copies = 1
        if chance() < weather.duplication:
            copies = 2
            self.counts["duplicated"] += 1
        for _ in range(copies):
            wait = weather.delay_ms + chance() * weather.jitter_ms
            if chance() < weather.reordering:
                wait += weather.reordering_ms
                self.counts["reordered"] += 1
            self._order += 1
            heapq.heappush(self._waiting,
                           (time.monotonic() + wait / 1000, self._order, outward, datagram))

    def _pass_on(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, _, outward, datagram = heapq.heappop(self._waiting)
            try:
                if outward:
                    self._far.sendto(datagram, self._target)
                elif self._client is not None:
                    self._near.sendto(datagram, self._client)
                self.counts["passed on"] += 1
            except OSError:
                self.counts["refused"] += 1  # The interface is down: a loss like any other.


def main() -> None:
    given = json.loads(sys.argv[1])
    names = {field.name for field in fields(Weather)}
    weather = Weather(**{key: value for key, value in given.items() if key in names})
    rest = {key: value for key, value in given.items() if key not in names}
    addresses = {key: tuple(rest[key]) for key in ("target", "client") if key in rest}
    relay = Relay(weather, **{**rest, **addresses})

    def end(*_) -> None:
        relay.ended = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGUSR1, lambda *_: relay.clear_up())
    print("ready", flush=True)
    relay.run()
    print(json.dumps({"weather": asdict(weather), **relay.counts}), flush=True)


if __name__ == "__main__":
    main()
