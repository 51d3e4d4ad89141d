#!/usr/bin/python3
"""What a scrape of many peers takes, and what it does to the engine meanwhile.

Two daemons on one cable; the first one has many peers beside the second. In each round the round
trip of small packets under one stream of TCP is measured twice: alone, and while a client scrapes
every few seconds. The order changes from round to round. Each stream is fast or slow as a whole
(0.14 or 0.33 ms on two cores), by where the scheduler has put its programs, so many short rounds
say more than a few long ones, and what counts is the mean of all. Needs root, iperf3 and a quiet
machine.

  bench/metrics.py
"""

import argparse
import math
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

from compare.figures import percentile
from compare.front import positive, run_rounds
from compare.parsing import cpu_ticks, ticks_to_seconds
from gateway.gateway import random_public_keys
from support.netns import Net
from support.scraping import PLACE, Metrics
from support.transfer import await_reach, iperf3
from support.tunnel import End, tunnel

_PATIENCE_S = 180
_FIGURES: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.mean, "99 %": lambda trips: percentile(trips, 0.99)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=positive, default=100_000, metavar="N")
    parser.add_argument("--rounds", type=positive, default=20, metavar="N")
    parser.add_argument("--seconds", type=positive, default=6, metavar="N",
                        help="of each measurement of the round trip")
    parser.add_argument("--every", type=positive, default=15, metavar="SECONDS",
                        help="how often is scraped meanwhile; Prometheus does so every 15 to 60")
    return parser.parse_args()


def _add_peers(end: End, count: int) -> None:
    lines = []
    for number, key in enumerate(random_public_keys(count)):
        address = f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        lines.append(f"[Peer]\nPublicKey = {key}\nAllowedIPs = {address}/32\n"
                     f"Endpoint = 192.0.2.{random.randrange(1, 255)}:51820\n")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("\n".join(lines))
        file.flush()
        end.host.run("wg", "addconf", end.interface, file.name, timeout=_PATIENCE_S)


def _cpu_seconds(pid: int) -> float:
    return ticks_to_seconds(cpu_ticks(Path(f"/proc/{pid}/stat").read_text()))


def _scrape(end: End) -> tuple[float, int]:
    """How long it took, and the size of the page."""
    done = end.host.run("curl", "-s", "-o", "/dev/null", "-w", "%{time_total} %{size_download}",
                        f"http://{PLACE}/metrics", timeout=_PATIENCE_S)
    took, size = done.stdout.split()
    return float(took), int(size)


def _round_trips(one: End, two: End, seconds: int, every: int) -> list[float]:
    """In milliseconds, under one stream of TCP. `every` 0: without scrapes."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.is_set():
            begun = time.monotonic()
            _scrape(one)
            ended.wait(max(0.0, every - (time.monotonic() - begun)))

    load = threading.Thread(target=lambda: iperf3(two.host, one.host, two.inner4, "-b", "1G",
                                                  seconds=seconds + 1))
    other = threading.Thread(target=scrape)
    load.start()
    if every:
        other.start()
    time.sleep(0.5)
    text = one.host.run("ping", "-i", "0.01", "-c", str(seconds * 100), two.inner4,
                        check=False, timeout=_PATIENCE_S).stdout
    ended.set()
    load.join()
    if every:
        other.join()
    return [float(found) for found in re.findall(r"time=([\d.]+) ms", text)]


def main() -> int:
    options = _options()
    alone: list[list[float]] = []
    scraped: list[list[float]] = []
    took: list[float] = []
    with Net() as net, tunnel(*net.pair()) as (one, two), ExitStack() as stack:
        await_reach(one.host, two.inner4)
        _add_peers(one, options.peers)
        server = stack.enter_context(Metrics(one.host, "wg0")).process.pid
        ways = [(False, alone), (True, scraped)]

        def one_round() -> None:
            time.sleep(1.1)  # a look is shared for a second
            before = _cpu_seconds(one.daemon.pid), _cpu_seconds(server)
            seconds, size = _scrape(one)
            took.append(seconds)
            print(f"a scrape of {size / 1e6:.0f} MB took {seconds:.2f} s, and CPU time of "
                  f"{_cpu_seconds(one.daemon.pid) - before[0]:.2f} s in the engine, "
                  f"{_cpu_seconds(server) - before[1]:.2f} s in the server", flush=True)
            for scrapes, figures in ways:
                figures.append(_round_trips(one, two, options.seconds,
                                            options.every if scrapes else 0))
            ways.reverse()
            print(f"round trip under load: {statistics.mean(alone[-1]):.3f} ms alone, "
                  f"{statistics.mean(scraped[-1]):.3f} ms beside scrapes (means)", flush=True)

        run_rounds(options.rounds, one_round)
    for name, figure in _FIGURES.items():
        before, beside = ([figure(trips) for trips in rounds] for rounds in (alone, scraped))
        mean, other = statistics.mean(before), statistics.mean(beside)
        # Of the difference of both means, as a part of the first.
        error = math.sqrt(sum(statistics.variance(each) / len(each) for each in (before, beside))
                          ) / mean if options.rounds > 1 else math.nan
        print(f"round trip, {name}: {mean:.3f} ms alone, {other:.3f} ms beside scrapes: "
              f"{other / mean:.2f} times (standard error {error:.2f})")
    print(f"a scrape of {options.peers} peers: {statistics.median(took):.2f} s (median)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
