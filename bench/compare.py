#!/usr/bin/python3
"""Compares WireGuard implementations side by side on this machine. Needs root.

For each implementation there is a rig: two network namespaces on a veth cable of MTU 1500, and a
daemon in each that makes a tunnel of MTU 1420. Rounds are interleaved: each measurement is made
with every implementation in turn before the next one begins, and each round has fresh daemons.

  bench/compare.py                                       wring, its peers, and two limits
  bench/compare.py --only tcp1,udp --with wring --with wring-old=/path/to/wring
  bench/compare.py --with wring --with "wring-plain=build/release/wring --no-offload" --with none
"""

import argparse
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence

from compare import implementations as known
from compare.figures import Results
from compare.front import (FAILURES, choose, exit_status, failure_reason, interrupt, positive,
                           publish, run_rounds, say)
from compare.implementations import Implementation
from compare.measurements import MEASUREMENTS, Measurement
from compare.rig import Rig, rig

# What a full queue still holds must not run into the next measurement.
_SETTLE_S = 0.3


def _measurements(text: str) -> list[Measurement]:
    wanted = text.split(",")
    unknown = set(wanted) - {one.key for one in MEASUREMENTS}
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no measurement {', '.join(sorted(unknown))}; there are "
            f"{', '.join(one.key for one in MEASUREMENTS)}")
    return [one for one in MEASUREMENTS if one.key in wanted]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="chosen", action="append", metavar="NAME[=COMMAND]",
                        help=f"an implementation; the first is set against the others. Known: "
                             f"{', '.join(known.KNOWN)}, {known.NO_TUNNEL} (no tunnel at all)")
    parser.add_argument("--only", dest="measurements", type=_measurements,
                        default=list(MEASUREMENTS), metavar="LIST",
                        help=f"of {','.join(one.key for one in MEASUREMENTS)}")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=positive, default=5, metavar="N",
                        help="length of each measurement")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    options = parser.parse_args()
    # Better now than after the last round.
    if options.json and not Path(options.json).absolute().parent.is_dir():
        parser.error(f"there is no folder for {options.json}")
    return options


def _measure(results: Results, name: str, one_rig: Rig, measurement: Measurement, seconds: int
             ) -> None:
    try:
        if ended := one_rig.end_of_a_daemon():
            raise ended
        values = measurement.run(one_rig, seconds)
    except FAILURES as error:
        reason = failure_reason(one_rig.end_of_a_daemon() or error)
        results.fail(name, measurement.key, reason)
        say(f"  {measurement.key}, {name}: FAILED, {reason}")
        return
    shown = []
    for metric in measurement.metrics:
        figure = values[metric.key]
        results.put(metric.key, name, figure)
        if figure is not None:
            shown.append(f"{figure:.{metric.digits}f} {metric.unit}")
    say(f"  {measurement.key}, {name}: {', '.join(shown) or '-'}")


def _round(results: Results, chosen: Sequence[Implementation],
           measurements: Sequence[Measurement], seconds: int) -> None:
    """All of `chosen`, one after the other in that order."""
    results.begin_round([metric.key for one in measurements for metric in one.metrics])
    with ExitStack() as stack:
        rigs: dict[str, Rig] = {}
        for one in chosen:
            try:
                rigs[one.name] = stack.enter_context(rig(one))
            except FAILURES as error:
                results.fail(one.name, "set-up", failure_reason(error))
                say(f"  set-up, {one.name}: FAILED, {failure_reason(error)}")
        for measurement in measurements:
            for name, one_rig in rigs.items():
                _measure(results, name, one_rig, measurement, seconds)
                time.sleep(_SETTLE_S)


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("compare.py: network namespaces need root")
    chosen = choose("compare.py", options.chosen or [])
    signal.signal(signal.SIGTERM, interrupt)
    results = Results([one.name for one in chosen])
    if os.getloadavg()[0] > 0.5:
        say(f"note: the machine is busy, its load is {os.getloadavg()[0]:.1f}")
    in_turn = list(chosen)

    def one_round() -> None:
        _round(results, in_turn, options.measurements, options.seconds)
        in_turn.reverse()  # so that none gains from its place

    finished = run_rounds(options.rounds, one_round)
    metrics = [metric for one in options.measurements for metric in one.metrics]
    publish(results, metrics, chosen, options.seconds, options.json)
    return exit_status(results, finished)


if __name__ == "__main__":
    sys.exit(main())
