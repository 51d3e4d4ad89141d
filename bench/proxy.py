#!/usr/bin/python3
"""`wring proxy` beside wireproxy: bulk, answers, connections and memory. Needs root.

Each has hosts of its own on a veth cable, runs as an ordinary user with one configuration, and has
the same `wring` at the other end. Rounds are interleaved. `packet` has no TUN device, and `lwip`
has lwIP in place of the kernel's TCP. --paths measures bulk over long paths instead, by a relay
that delays, loses and reorders datagrams; it is a Python program, which passes on no more than some
100 Mbit/s.

  bench/proxy.py --wireproxy /path/to/wireproxy
  bench/proxy.py --rounds 1 --seconds 1
  bench/proxy.py --paths --rounds 3 --seconds 10 --wireproxy /path/to/wireproxy
"""

import argparse
import contextlib
import io
import json
import statistics
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

from compare.front import positive, say
from compare.parsing import gigabits_per_second
from support.executing import FAR, Place, as_user, place, processes_of_user, python
from support.netns import Net
from support.proxying import (SOCKS, connected, echo_server, memory_kib, proxy, save_config,
                              socks_connect)
from support.transfer import listening_iperf3

_FORWARD = 5201
_IDLE = 1000
_TRIPS = 500
_RELAY = Path(__file__).resolve().parents[1] / "tests" / "chaos" / "relay.py"
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

# Opens and closes connections for so many seconds, 16 at a time; prints how many there were.
_OPENER = """
import asyncio, socket, sys, time
request = b"\\5\\1\\0\\5\\1\\0\\1" + socket.inet_aton(sys.argv[2]) + b"\\0\\7"
end, count = time.monotonic() + float(sys.argv[3]), 0
async def go_on():
    global count
    while time.monotonic() < end:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
        writer.write(request + b"x")
        reply = await reader.readexactly(13)
        assert reply[3] == 0, reply
        writer.close()
        count += 1
async def main():
    await asyncio.gather(*(go_on() for _ in range(16)))
print("ready", flush=True)
asyncio.run(main())
print(count)
"""


def processor_seconds() -> float:
    """Of all processes of the proxy, so far."""
    total = 0
    for pid in processes_of_user():
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / 100


def bulk(there: Place, seconds: int, options: Sequence[str]) -> dict[str, float]:
    with listening_iperf3(there.far, FAR):
        before = processor_seconds()
        done = there.host.run("iperf3", "-J", "-c", "127.0.0.1", "-p", str(_FORWARD), "-t",
                              str(seconds), *options, timeout=seconds + 30.0)
        used = processor_seconds() - before
    result = json.loads(done.stdout)
    gigabytes = result["end"]["sum_received"]["bytes"] / 1e9
    return {"Gbit/s": gigabits_per_second(result), "s/GB": used / gigabytes}


def answers(there: Place) -> dict[str, float]:
    """A byte there and back, on one connection."""
    times = []
    with connected(there.host, "127.0.0.1", SOCKS) as client:
        assert socks_connect(client, FAR, 7)[1] == 0
        for _ in range(_TRIPS):
            begun = time.perf_counter()
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            times.append(time.perf_counter() - begun)
    return {"ms": 1000 * statistics.median(times)}


def connections(there: Place, seconds: int) -> dict[str, float]:
    before = processor_seconds()
    with python(there.host, _OPENER, str(SOCKS), FAR, str(seconds)) as child:
        count = int(child.stdout.read())
    used = processor_seconds() - before
    return {"1/s": count / seconds, "ms of processor": 1000 * used / count}


def idle(there: Place) -> dict[str, float]:
    with contextlib.ExitStack() as all_of_them:
        for _ in range(_IDLE):
            client = all_of_them.enter_context(connected(there.host, "127.0.0.1", SOCKS))
            assert socks_connect(client, FAR, 7)[1] == 0
        return {"MB": memory_kib() * 1024 / 1e6}


def measurements(there: Place, seconds: int) -> Iterator[tuple[str, dict[str, float]]]:
    yield "up", bulk(there, seconds, ())
    yield "down", bulk(there, seconds, ("-R",))
    with echo_server(there.far, FAR, 7):
        yield "request and reply", answers(there)
        yield "connections", connections(there, seconds)
        yield f"{_IDLE} idle", idle(there)


# From a place, and where the far end's datagrams are to go.
Way = Callable[[Place, str], contextlib.AbstractContextManager]


def wring(stack: str) -> Way:
    return lambda there, endpoint: proxy(there, _SECTIONS, interface="MTU = 1420", stack=stack,
                                         endpoint=endpoint)


def other(program: str) -> Way:
    @contextlib.contextmanager
    def start(there: Place, endpoint: str) -> Iterator[None]:
        file = save_config(there, _SECTIONS, interface="MTU = 1420", endpoint=endpoint)
        child = there.host.popen(*as_user(), program, "-s", "-c", file,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), connected(there.host, "127.0.0.1", SOCKS):
                break
            threading.Event().wait(0.05)
        yield
        child.terminate()
        child.wait(10.0)
    return start


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


def measure(device_mode: str, start: Way, seconds: int) -> Found:
    with Net() as net, contextlib.contextmanager(place)(net.pair(), device_mode) as there, \
            contextlib.redirect_stdout(io.StringIO()), start(there, "10.7.0.2:51820"):
        return list(measurements(there, seconds))


def measure_paths(device_mode: str, start: Way, seconds: int) -> Found:
    found: Found = []
    for name, weather in _PATHS.items():
        with Net() as net, contextlib.contextmanager(place)(net.pair(), device_mode) as there, \
                contextlib.redirect_stdout(io.StringIO()), \
                path_through(there, weather) as endpoint, start(there, endpoint):
            for way, options in (("up", ()), ("down", ("-R",))):
                result = bulk(there, seconds, options)
                found.append((f"{name}, {way}", {"Mbit/s": 1000 * result["Gbit/s"]}))
    return found


def ways_with(wireproxy: Optional[str]) -> dict[str, tuple[str, Way]]:
    ways: dict[str, tuple[str, Way]] = {
        "wring": ("666", wring("kernel")), "packet": ("600", wring("kernel")),
        "lwip": ("600", wring("lwip"))}
    if wireproxy:
        ways["wireproxy"] = ("600", other(wireproxy))
    return ways


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=3, metavar="N")
    parser.add_argument("--paths", action="store_true")
    parser.add_argument("--wireproxy", metavar="PROGRAM")
    options = parser.parse_args()
    figures: dict[tuple[str, str], dict[str, list[float]]] = {}
    for number in range(options.rounds):
        for name, (device_mode, start) in ways_with(options.wireproxy).items():
            if options.paths and name == "packet":
                continue
            run = measure_paths if options.paths else measure
            found = run(device_mode, start, options.seconds)
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
