#!/usr/bin/python3
"""Compares packet sockets at the far end of a veth pair with a TUN: bulk TCP of one stream.

Two daemons on one cable. The first one's packets come by a TUN or by packet sockets, in turn; the
second one has a TUN. Needs root and iperf3.

  bench/packet_sockets.py --rounds 5 --seconds 2
  bench/packet_sockets.py --workers 2 --options=--io=epoll
"""

import argparse
import statistics
from collections import defaultdict
from pathlib import Path

from compare.front import positive, run_rounds
from compare.parsing import cpu_ticks, gigabits_per_second, received_bytes, ticks_to_seconds
from support.netns import Net
from support.packet_link import start_by_packet_sockets
from support.transfer import await_reach, iperf3
from support.tunnel import End

_DIRECTIONS = {"out": (), "in": ("-R",)}

Figures = dict[tuple[str, str], list[tuple[float, float]]]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=2, metavar="N",
                        help="of each direction in each round")
    parser.add_argument("--workers", type=positive, default=1, metavar="N")
    parser.add_argument("--options", default="", metavar="WORDS", help="more options of wring")
    return parser.parse_args()


def _cpu_seconds(pid: int) -> float:
    return ticks_to_seconds(cpu_ticks(Path(f"/proc/{pid}/stat").read_text()))


def _measure(kind: str, options: argparse.Namespace, figures: Figures) -> None:
    words = ("--workers", str(options.workers), *options.options.split())
    with Net() as net:
        a, b = net.pair()
        one, two = End(a, 1), End(b, 2)
        first = one.start(*words) if kind == "TUN" else \
            start_by_packet_sockets(one, *words, sockets=options.workers)
        with first, two.start(*words):
            one.add_peer(two, "10.7.0.2")
            two.add_peer(one, "10.7.0.1")
            await_reach(a, two.inner4)
            for direction, reverse in _DIRECTIONS.items():
                before = _cpu_seconds(first.pid)
                report = iperf3(b, a, two.inner4, *reverse, seconds=options.seconds)
                spent = _cpu_seconds(first.pid) - before
                figures[kind, direction].append(
                    (gigabits_per_second(report), spent / received_bytes(report) * 1e9))


def main() -> int:
    options = _options()
    figures: Figures = defaultdict(list)
    kinds = ["TUN", "packet sockets"]

    def one_round() -> None:
        for kind in kinds:
            _measure(kind, options, figures)
        kinds.reverse()

    whole = run_rounds(options.rounds, one_round)
    print("medians: Gbit/s, and processor seconds of the first daemon per GB")
    for direction in _DIRECTIONS:
        medians = {}
        for kind in sorted(kinds, reverse=True):
            speeds, costs = zip(*figures[kind, direction])
            medians[kind] = statistics.median(speeds)
            print(f"{direction:4} {kind:15} {medians[kind]:6.2f} {statistics.median(costs):6.2f}   "
                  f"of {' '.join(f'{speed:.1f}' for speed in speeds)}")
        print(f"{direction:4} packet sockets reach "
              f"{100 * medians['packet sockets'] / medians['TUN']:.0f} % of the TUN")
    return 0 if whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
