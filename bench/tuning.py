#!/usr/bin/python3
"""What tuning does to a tunnel of wring: the table of docs/guides/measuring.md. Needs root.

Each knob has a rig of its own beside that of the defaults (bench/compare.py describes it), and
rounds are interleaved. Every figure is the ratio to the defaults within the same round, its median
over all rounds, and in brackets the least and the greatest.

  bench/tuning.py                           five rounds of two seconds, all knobs
  bench/tuning.py --rounds 1 --seconds 1    a quick look
  bench/tuning.py --only no-offload,mtu
"""

import argparse
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Callable

from compare import implementations as known
from compare.figures import Results, median, present, ratios, spread
from compare.front import (FAILURES, exit_status, failure_reason, interrupt, positive, run_rounds,
                           say)
from compare.implementations import Implementation
from compare.measurements import MEASUREMENTS
from compare.report import failures_list, machine, table
from compare.rig import Rig, rig

_SETTLE_S = 0.3
_MEASURED = [one for one in MEASUREMENTS if one.key in ("tcp1", "tcp4", "udp", "ping-loaded")]
# By their keys in bench/compare.py.
_COLUMNS = {"tcp1": "TCP, 1 stream", "tcp4": "TCP, 4 streams", "tcp1-cpu": "CPU for each GB",
            "udp": "UDP of 64 bytes", "ping-loaded": "ping under 1 Gbit/s"}
_DEFAULTS = "defaults"
Adjust = Callable[[Rig], None]


@dataclass(frozen=True)
class Knob:
    """Options of both engines, and what is done to both hosts once the tunnel is there."""

    key: str
    title: str
    options: tuple[str, ...] = ()
    adjust: Adjust = lambda rig: None


def _on_both(*commands: str) -> Adjust:
    def adjust(one: Rig) -> None:
        for host in (one.a, one.b):
            for command in commands:
                host.run(*command.split(" "))
    return adjust


_CORES = len(os.sched_getaffinity(0))
KNOBS = (
    Knob("workers-1", "`--workers 1`", ("--workers", "1")),
    Knob("workers-more", f"`--workers {2 * _CORES}`, twice the cores",
         ("--workers", str(2 * _CORES))),
    Knob("cpus", f"`--cpus 0-{_CORES - 1}`, each thread bound to a core",
         ("--cpus", f"0-{_CORES - 1}")),
    Knob("epoll", "`--io epoll`", ("--io", "epoll")),
    Knob("no-offload", "`--no-offload`", ("--no-offload",)),
    Knob("card", "`ethtool -K eth0 gso off gro off` outside",
         adjust=_on_both("ethtool -K eth0 gso off gro off tx-udp-segmentation off")),
    Knob("queue", "a queue of 500 packets (`txqueuelen`) instead of 4,096",
         adjust=_on_both("ip link set wg0 txqueuelen 500")),
    Knob("tcp-buffers", "TCP buffers of 64 KB at most (`tcp_rmem`, `tcp_wmem`)",
         adjust=_on_both("sysctl -qw net.ipv4.tcp_rmem=4096\t16384\t65536",
                         "sysctl -qw net.ipv4.tcp_wmem=4096\t16384\t65536")),
    Knob("mtu", "a path of MTU 9000, and `MTU = 8920` in the tunnel",
         adjust=_on_both("ip link set eth0 mtu 9000", "ip link set wg0 mtu 8920")),
)


def _knobs(text: str) -> list[Knob]:
    wanted = text.split(",")
    unknown = set(wanted) - {knob.key for knob in KNOBS}
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no knob {', '.join(sorted(unknown))}; there are "
            f"{', '.join(knob.key for knob in KNOBS)}")
    return [knob for knob in KNOBS if knob.key in wanted]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", dest="knobs", type=_knobs, default=list(KNOBS), metavar="LIST",
                        help=f"of {','.join(knob.key for knob in KNOBS)}")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=2, metavar="N",
                        help="length of each measurement")
    return parser.parse_args()


def _measure(results: Results, rigs: dict[str, Rig], seconds: int) -> None:
    for measurement in _MEASURED:
        for name, one in rigs.items():
            try:
                if ended := one.end_of_a_daemon():
                    raise ended
                for key, figure in measurement.run(one, seconds).items():
                    results.put(key, name, figure)
            except FAILURES as error:
                results.fail(name, measurement.key, failure_reason(error))
                say(f"  {measurement.key}, {name}: FAILED, {failure_reason(error)}")
            time.sleep(_SETTLE_S)


def _round(results: Results, ours: Implementation, knobs: list[Knob], seconds: int) -> None:
    results.begin_round([metric.key for one in _MEASURED for metric in one.metrics])
    assert ours.command
    with ExitStack() as stack:
        rigs: dict[str, Rig] = {}
        for knob in [Knob(_DEFAULTS, ""), *knobs]:
            try:
                command = (*ours.command, *knob.options)
                rigs[knob.key] = stack.enter_context(rig(Implementation(knob.key, command)))
                knob.adjust(rigs[knob.key])
            except FAILURES as error:
                rigs.pop(knob.key, None)
                results.fail(knob.key, "set-up", failure_reason(error))
                say(f"  set-up, {knob.key}: FAILED, {failure_reason(error)}")
        _measure(results, rigs, seconds)


def _cell(results: Results, key: str, knob: Knob) -> str:
    each = ratios(results.figures[key][knob.key], results.figures[key][_DEFAULTS])
    middle, ends = median(each), spread(each)
    if middle is None or ends is None:
        return "failed"
    return f"{middle:.2f}" + (f" ({ends[0]:.2f}..{ends[1]:.2f})" if len(present(each)) > 1 else "")


def _defaults_cell(results: Results, key: str) -> str:
    metric = next(each for one in _MEASURED for each in one.metrics if each.key == key)
    middle = median(results.figures[key][_DEFAULTS])
    return "failed" if middle is None else f"{middle:.{metric.digits}f} {metric.unit}"


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("tuning.py: network namespaces need root")
    signal.signal(signal.SIGTERM, interrupt)
    results = Results([_DEFAULTS, *(knob.key for knob in options.knobs)])
    load = os.getloadavg()[0]
    finished = run_rounds(options.rounds, lambda: _round(results, known.parse("wring"),
                                                         options.knobs, options.seconds))
    if results.rounds:
        on = machine()
        print(f"{on['cores']} cores of {on['cpu']}, Linux {on['kernel']}, a load of {load:.1f} at "
              f"the start, {results.rounds} rounds of {options.seconds} s\n")
        print(table([["", *_COLUMNS.values()],
                     ["defaults", *(_defaults_cell(results, key) for key in _COLUMNS)],
                     *([knob.title, *(_cell(results, key, knob) for key in _COLUMNS)]
                       for knob in options.knobs)]))
        if results.failures:
            print(f"\nFailed:\n{failures_list(results)}")
    return exit_status(results, finished)


if __name__ == "__main__":
    raise SystemExit(main())
