"""A long way between two ends: a relay that holds each datagram back for a while (tests/chaos)."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .netns import Host

_RELAY = Path(__file__).resolve().parents[1] / "chaos" / "relay.py"


@contextmanager
def slow_way(middle: Host, delay_ms: float, near: tuple[str, int], client: tuple[str, int],
             far: tuple[str, int], target: tuple[str, int]) -> Iterator[None]:
    """Runs the relay on `middle`. `client` finds it at `near`, and `target` at `far`; either may
    speak first. Addresses are (address, port)."""
    given = {"delay_ms": delay_ms, "seed": 1, "near": near[0], "port": near[1], "client": client,
             "far": far[0], "far_port": far[1], "target": target}
    relay = middle.popen("/usr/bin/python3", "-B", str(_RELAY), json.dumps(given), stdout=-1)
    try:
        assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"
        yield
    finally:
        relay.terminate()
        relay.communicate(timeout=10)
