#!/usr/bin/python3
"""`wring proxy` beside wireproxy and onetun: bulk, answers, connections and memory. Needs root.

Each has hosts of its own on a veth cable, runs as an ordinary user with one configuration, and has
the same `wring` at the other end. Rounds are interleaved. `packet` has no TUN device, and `lwip`
has lwIP in place of the kernel's TCP. onetun knows no SOCKS, so it has a forward in its place. What
does not work with one is left out. --paths measures bulk over long paths instead, by a relay that
delays, loses and reorders datagrams; it is a Python program, which passes on no more than some 100
Mbit/s. --gateway measures bulk from the far end to a host behind the proxy, by [Gateway].
--connections measures them alone. Both ends of those are programs of this folder:

  cmake --build --preset release --target connection_opener connection_echo
  bench/proxy.py --wireproxy /path/to/wireproxy --onetun /path/to/onetun
  bench/proxy.py --rounds 1 --seconds 1
  bench/proxy.py --paths --rounds 3 --seconds 10 --wireproxy /path/to/wireproxy
  bench/proxy.py --gateway
"""

import argparse
import contextlib
import io
import json
import os
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Sequence

from compare import ROOT
from compare.front import FAILURES, failure_reason, positive, say
from compare.parsing import gigabits_per_second
from support.executing import FAR, INNER, Place, as_user, place, processes_of_user
from support.netns import Host, Net
from support.proxying import SOCKS, connected, memory_kib, proxy, save_config, socks_connect
from support.transfer import listening_iperf3

_FORWARD = 5201
_IDLE = 1000
_TRIPS = 500
_AT_ONCE = 16  # connections that are opened and closed
_BEHIND = "10.7.1.2"
_RELAY = ROOT / "tests" / "chaos" / "relay.py"
# Each way; a round trip is twice the delay.
_PATHS = {
    "66 ms, 0.03 % reordered": {"delay_ms": 33.0, "reordering": 0.0003},
    "20 ms, 0.1 % lost": {"delay_ms": 10.0, "loss": 0.001},
    "100 ms, 1 % lost": {"delay_ms": 50.0, "loss": 0.01},
}
_SECTIONS = f"""
[Socks5]
BindAddress = 127.0.0.1:{SOCKS}

[TCPClientTunnel]
BindAddress = 127.0.0.1:{_FORWARD}
Target = {FAR}:{_FORWARD}
"""


def own_program(name: str) -> str:
    """One end of the connections that are counted; see connections/CMakeLists.txt."""
    return str(ROOT / "build" / "release" / "bench" / "connections" / f"connection_{name}")


@contextlib.contextmanager
def echo(there: Place) -> Iterator[None]:
    """The far end's port 7 sends back what comes."""
    child = there.far.popen(own_program("echo"), FAR, "7", stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        yield
    finally:
        child.kill()


def processor_seconds() -> float:
    """Of all processes of the proxy, so far."""
    total = 0
    for pid in processes_of_user():
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / 100


def bulk(server: Host, client: Host, bound: str, called: str, seconds: int,
         options: Sequence[str]) -> dict[str, float]:
    with listening_iperf3(server, bound):
        before = processor_seconds()
        done = client.run("iperf3", "-J", "-c", called, "-p", str(_FORWARD), "-t", str(seconds),
                          *options, timeout=seconds + 30.0)
        used = processor_seconds() - before
    result = json.loads(done.stdout)
    gigabytes = result["end"]["sum_received"]["bytes"] / 1e9
    return {"Gbit/s": gigabits_per_second(result), "s/GB": used / gigabytes}


def bulk_by_forward(there: Place, seconds: int, options: Sequence[str]) -> dict[str, float]:
    return bulk(there.far, there.host, FAR, "127.0.0.1", seconds, options)


def opened(there: Place, socks: bool) -> socket.socket:
    """A connection to the far end's port 7."""
    client = connected(there.host, "127.0.0.1", SOCKS)
    assert not socks or socks_connect(client, FAR, 7)[1] == 0
    return client


def answers(there: Place, socks: bool) -> dict[str, float]:
    """A byte there and back, on one connection."""
    times = []
    with opened(there, socks) as client:
        for _ in range(_TRIPS):
            begun = time.perf_counter()
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            times.append(time.perf_counter() - begun)
    return {"ms": 1000 * statistics.median(times)}


def connections(there: Place, socks: bool, seconds: int) -> dict[str, float]:
    before = processor_seconds()
    count = int(there.host.run(own_program("opener"), str(SOCKS), FAR if socks else "-",
                               str(seconds), str(_AT_ONCE), timeout=seconds + 30.0).stdout)
    used = processor_seconds() - before
    return {"1/s": count / seconds, "ms of processor": 1000 * used / count}


def idle(there: Place, socks: bool) -> dict[str, float]:
    """Each has carried a byte."""
    with contextlib.ExitStack() as all_of_them:
        for _ in range(_IDLE):
            client = all_of_them.enter_context(opened(there, socks))
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        return {"MB": memory_kib() * 1024 / 1e6}


# From a place, and where the far end's datagrams are to go.
Start = Callable[[Place, str], contextlib.AbstractContextManager]


class Way(NamedTuple):
    device_mode: str
    start: Start
    socks: bool = True  # else a forward to port 7 is in its place


def wring(device_mode: str, stack: str) -> Way:
    return Way(device_mode, lambda there, endpoint: proxy(
        there, _SECTIONS, interface="MTU = 1420", stack=stack, endpoint=endpoint))


@contextlib.contextmanager
def running(there: Place, *words: str) -> Iterator[None]:
    """Another's program as the ordinary user, once it takes connections."""
    child = there.host.popen(*as_user(), *words, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    for _ in range(200):
        with contextlib.suppress(OSError), connected(there.host, "127.0.0.1", SOCKS):
            break
        threading.Event().wait(0.05)
    yield
    child.terminate()
    child.wait(10.0)


def wireproxy(program: str) -> Way:
    return Way("600", lambda there, endpoint: running(
        there, program, "-s", "-c",
        save_config(there, _SECTIONS, interface="MTU = 1420", endpoint=endpoint)))


def onetun(program: str) -> Way:
    return Way("600", lambda there, endpoint: running(
        there, program, f"127.0.0.1:{_FORWARD}:{FAR}:{_FORWARD}", f"127.0.0.1:{SOCKS}:{FAR}:7",
        "--private-key-file", there.save("key", there.keys.private), "--source-peer-ip", INNER,
        "--endpoint-public-key", there.far_keys.public, "--endpoint-addr", endpoint,
        "--max-transmission-unit", "1420", "--log", "off"), socks=False)


@contextlib.contextmanager
def path_through(there: Place, weather: dict[str, float]) -> Iterator[str]:
    """A long path to the far end's port, on the far end's host; yields where it begins."""
    given = {**weather, "seed": 1, "near": "10.7.0.2", "port": 51821, "far": "10.7.0.2",
             "target": ("10.7.0.2", 51820)}
    relay = there.far.popen("/usr/bin/python3", "-B", str(_RELAY), json.dumps(given), stdout=-1)
    try:
        assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"
        yield "10.7.0.2:51821"
    finally:
        relay.terminate()
        relay.communicate(timeout=10)


Found = list[tuple[str, dict[str, float]]]


def try_all(measurements: dict[str, Callable[[], dict[str, float]]]) -> Found:
    found: Found = []
    for what, measurement in measurements.items():
        try:
            found.append((what, measurement()))
        except FAILURES as error:
            say(f"{what}: {failure_reason(error)}")
    return found


@contextlib.contextmanager
def quietly(device_mode: str) -> Iterator[Place]:
    with Net() as net, contextlib.contextmanager(place)(net.pair(), device_mode) as there, \
            contextlib.redirect_stdout(io.StringIO()):
        yield there


def measure(way: Way, seconds: int) -> Found:
    with quietly(way.device_mode) as there, way.start(there, "10.7.0.2:51820"), echo(there):
        return try_all({
            "up": lambda: bulk_by_forward(there, seconds, ()),
            "down": lambda: bulk_by_forward(there, seconds, ("-R",)),
            "request and reply": lambda: answers(there, way.socks),
            "connections": lambda: connections(there, way.socks, seconds),
            f"{_IDLE} idle": lambda: idle(there, way.socks)})


def measure_connections(way: Way, seconds: int) -> Found:
    with quietly(way.device_mode) as there, way.start(there, "10.7.0.2:51820"), echo(there):
        opened(there, way.socks).close()  # The handshake is not counted.
        return try_all({"connections": lambda: connections(there, way.socks, seconds)})


def measure_paths(way: Way, seconds: int) -> Found:
    found: Found = []
    for name, weather in _PATHS.items():
        with quietly(way.device_mode) as there, path_through(there, weather) as endpoint, \
                way.start(there, endpoint):
            for direction, options in (("up", ()), ("down", ("-R",))):
                result = bulk_by_forward(there, seconds, options)
                found.append((f"{name}, {direction}", {"Mbit/s": 1000 * result["Gbit/s"]}))
    return found


def measure_gateway(way: Way, seconds: int) -> Found:
    """From the far end, through the proxy, to a host that only the proxy's reaches."""
    sections = _SECTIONS + f"[Gateway]\nAllow = {_BEHIND}:{_FORWARD}\n"
    with quietly(way.device_mode) as there, Net() as net:
        behind = net.host("behind")
        net.cable(there.host, "out1", behind, "in1", 1)
        there.far.run("wg", "set", "wg0", "peer", there.keys.public, "allowed-ips",
                      f"{INNER}/32,{_BEHIND}/32")
        there.far.ip("route", "add", _BEHIND, "dev", "wg0")
        with proxy(there, sections, interface="MTU = 1420"), echo(there):
            opened(there, True).close()  # The far end cannot begin.
            return try_all({
                "in": lambda: bulk(behind, there.far, _BEHIND, _BEHIND, seconds, ()),
                "out": lambda: bulk(behind, there.far, _BEHIND, _BEHIND, seconds, ("-R",))})


def ways_of(options: argparse.Namespace) -> dict[str, Way]:
    ways = {"wring": wring("666", "kernel"), "packet": wring("600", "kernel")}
    if options.gateway:
        return ways
    ways["lwip"] = wring("600", "lwip")
    if options.wireproxy:
        ways["wireproxy"] = wireproxy(options.wireproxy)
    if options.onetun:
        ways["onetun"] = onetun(options.onetun)
    if options.paths:
        del ways["packet"]
    return ways


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=3, metavar="N")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--paths", action="store_true")
    instead.add_argument("--gateway", action="store_true")
    instead.add_argument("--connections", action="store_true")
    parser.add_argument("--wireproxy", metavar="PROGRAM")
    parser.add_argument("--onetun", metavar="PROGRAM")
    options = parser.parse_args()
    if not options.paths and not os.access(own_program("opener"), os.X_OK):
        parser.error("first: cmake --build --preset release --target connection_opener "
                     "connection_echo")
    run = (measure_paths if options.paths else measure_gateway if options.gateway else
           measure_connections if options.connections else measure)
    figures: dict[tuple[str, str], dict[str, list[float]]] = {}
    for number in range(options.rounds):
        for name, way in ways_of(options).items():
            found = run(way, options.seconds)
            for what, values in found:
                for unit, value in values.items():
                    figures.setdefault((what, unit), {}).setdefault(name, []).append(value)
            say(f"round {number + 1}: {name}: " + "; ".join(
                f"{what} " + ", ".join(f"{value:.3g} {unit}" for unit, value in values.items())
                for what, values in found))
    for (what, unit), by_name in figures.items():
        print(f"{what:30} " + "   ".join(
            f"{name} {statistics.median(values):.3g} {unit} ({min(values):.3g} to "
            f"{max(values):.3g})" for name, values in by_name.items()))


if __name__ == "__main__":
    main()
