#!/usr/bin/python3
"""What `wring exec` makes of bulk TCP, beside `wring IF`. Needs root.

Each has a host of its own on a veth cable, and the same `wring` at the other end. Rounds are
interleaved. `exec-tun` and `exec-packet` run as an ordinary user, with a TUN and without the
device.

  bench/exec.py                       five rounds of three seconds
  bench/exec.py --rounds 1 --seconds 1
"""

import argparse
import contextlib
import io
import json
import statistics
from typing import Callable, Sequence

from compare.front import positive, say
from compare.parsing import gigabits_per_second
from support.daemon import Daemon
from support.executing import FAR, place
from support.netns import Net
from support.transfer import iperf3, listening_iperf3
from support.tunnel import End

_MTU = "1420"


def _interface(seconds: int, options: Sequence[str]) -> float:
    with Net() as net:
        a, b = net.pair()
        one, two = End(a, 1), End(b, 2)
        with _started(one), _started(two):
            one.add_peer(two, "10.7.0.2")
            two.add_peer(one, "10.7.0.1")
            return gigabits_per_second(iperf3(b, a, two.inner4, *options, seconds=seconds))


def _started(end: End) -> Daemon:
    daemon = end.start(log_level="error")
    end.host.ip("link", "set", end.interface, "mtu", _MTU)
    return daemon


def _inside(device_mode: str) -> Callable[[int, Sequence[str]], float]:
    def measure(seconds: int, options: Sequence[str]) -> float:
        with Net() as net, contextlib.contextmanager(place)(net.pair(), device_mode) as there:
            with listening_iperf3(there.far, FAR):
                done = there.run(there.write(extra=f"MTU = {_MTU}"), "--", "iperf3", "-J", "-c",
                                 FAR, "-t", str(seconds), *options)
            return gigabits_per_second(json.loads(done.stdout))
    return measure


WAYS = {"wring-IF": _interface, "exec-tun": _inside("666"), "exec-packet": _inside("600")}
DIRECTIONS = {"out": (), "in": ("-R",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=3, metavar="N")
    options = parser.parse_args()
    figures: dict[tuple[str, str], list[float]] = {}
    for number in range(options.rounds):
        for direction, words in DIRECTIONS.items():
            for way, measure in WAYS.items():
                # What a daemon says is shown by a test that fails, and here by nobody.
                with contextlib.redirect_stdout(io.StringIO()):
                    rate = measure(options.seconds, words)
                figures.setdefault((direction, way), []).append(rate)
                say(f"round {number + 1}: {direction:3} {way:11} {rate:.2f} Gbit/s")
    for direction in DIRECTIONS:
        whole = figures[direction, "wring-IF"]
        for way in WAYS:
            rates = figures[direction, way]
            # Of each round by itself, because the machine is not the same in all of them.
            ratio = statistics.median(rate / base for rate, base in zip(rates, whole))
            print(f"{direction:3} {way:11} {statistics.median(rates):6.2f} Gbit/s "
                  f"({min(rates):.2f} to {max(rates):.2f}), {100 * ratio:.0f} % of its round")


if __name__ == "__main__":
    main()
