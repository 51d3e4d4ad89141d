"""The measurements: what each does to a fresh gateway, and the figures that it gives."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

from compare import ROOT
from compare.measurements import Metric, Values
from .gateway import PORT, Gateway, random_public_keys

# wireguard-go refuses more, and has no other way to say so than to fail in the midst of them.
_LIMITS = {"wireguard-go": 65536, "wireguard-go-debian": 65536}
# After 100,000 peers were set, garbage may still be collected.
_SETTLE_S = 3.0


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    peers: int
    idle_s: int
    handshakes: int
    unanswered: int


@dataclass(frozen=True)
class Measurement:
    """`run` takes a fresh gateway, its implementation's name and the sizes. What it raises is the
    implementation's failure."""

    key: str
    metrics: tuple[Metric, ...]
    run: Callable[[Gateway, str, Size], Values]


def _peers(gateway: Gateway, name: str, size: Size) -> Values:
    count = min(size.peers, _LIMITS.get(name, size.peers))
    keys = random_public_keys(count)
    before = gateway.resident_bytes()
    took = gateway.set_peers(keys)
    time.sleep(_SETTLE_S)
    grown = gateway.resident_bytes() - before
    cpu = gateway.cpu_seconds()
    time.sleep(size.idle_s)
    idle = gateway.cpu_seconds() - cpu
    dumping, there = gateway.dump()
    if there != count:
        raise AssertionError(f"of {count} peers it tells of {there}")
    again = gateway.set_peers(keys)
    return {"peers": count, "setconf": took, "setconf-each": took / count * 1e6, "again": again,
            "memory": grown / count / 1000, "dump": dumping, "dump-each": dumping / count * 1e6,
            "idle": 100 * idle / size.idle_s}


def load_program() -> str:
    given = os.environ.get("WRING_HANDSHAKE_LOAD", "build/release/bench/gateway/handshake_load")
    return str((ROOT / given).resolve())


def _handshakes(gateway: Gateway, _name: str, size: Size) -> Values:
    load = gateway.host.popen(load_program(), str(size.handshakes), str(size.unanswered),
                              gateway.keys.public, "127.0.0.1", str(PORT), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with load:
        keys = [load.stdout.readline().strip() for _ in range(size.handshakes)]
        gateway.set_peers(keys)
        before = gateway.cpu_seconds()
        said, _ = load.communicate("go\n", timeout=60)
        spent = gateway.cpu_seconds() - before
    if load.returncode != 0:
        raise AssertionError(f"the load ended with status {load.returncode}")
    told = json.loads(said)
    if told["answered"] == 0:
        raise AssertionError("no initiation was answered")
    return {"handshakes": told["answered"] / told["seconds"],
            "handshake-cpu": spent / told["answered"] * 1e6,
            "unanswered": 100 * (1 - told["answered"] / size.handshakes),
            "cookies": told["cookies"]}


MEASUREMENTS = (
    Measurement("peers", (
        Metric("peers", "Peers", "", 0, is_context=True),
        Metric("setconf", "wg setconf", "s", 2),
        Metric("setconf-each", "wg setconf, each peer", "us", 1),
        Metric("again", "wg setconf once more", "s", 2),
        Metric("memory", "Memory, each peer", "kB", 2),
        Metric("dump", "wg show all dump", "s", 2),
        Metric("dump-each", "wg show all dump, each peer", "us", 1),
        Metric("idle", "CPU when idle", "%", 2)), _peers),
    Measurement("handshakes", (
        Metric("handshakes", "Handshakes answered", "1/s", 0, True),
        Metric("handshake-cpu", "Handshakes, CPU of the daemon", "us each", 0),
        Metric("unanswered", "Handshakes not answered", "%", 2, is_context=True),
        Metric("cookies", "Handshakes, cookies asked for", "", 0, is_context=True)), _handshakes),
)
