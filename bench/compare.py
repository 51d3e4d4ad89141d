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
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence

from compare import implementations as known
from compare import report
from compare.figures import Results
from compare.implementations import Implementation
from compare.measurements import MEASUREMENTS, Measurement
from compare.rig import Rig, rig

# What a full queue still holds must not run into the next measurement.
_SETTLE_S = 0.3
# How an implementation, or what drives it, may fail; anything else is a fault of this program.
_FAILURES = (AssertionError, OSError, RuntimeError, ValueError, LookupError,
             subprocess.SubprocessError)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _reason(error: BaseException) -> str:
    """The failure in one line."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{' '.join(error.cmd[-4:])}: no end after {error.timeout:g} s"
    said = re.search(r'"error":\s*"([^"]*)"', str(error))  # At the end of iperf3's report.
    text = f"iperf3: {said[1]}" if said else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


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
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N")
    parser.add_argument("--seconds", type=_positive, default=5, metavar="N",
                        help="length of each measurement")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    options = parser.parse_args()
    # Better now than after the last round.
    if options.json and not Path(options.json).absolute().parent.is_dir():
        parser.error(f"there is no folder for {options.json}")
    return options


def _choose(chosen: Sequence[str]) -> list[Implementation]:
    """What was asked for, or all of the usual ones that are installed."""
    found: list[Implementation] = []
    for text in chosen or known.DEFAULT:
        try:
            found.append(known.parse(text))
        except known.NotInstalled as error:
            if chosen:
                raise SystemExit(f"compare.py: {error}") from None
            _say(f"left out: {error}")
        except ValueError as error:
            raise SystemExit(f"compare.py: {error}") from None
    names = [one.name for one in found]
    if not names or len(set(names)) < len(names):
        raise SystemExit(f"compare.py: names must be given, and be different: {', '.join(names)}")
    return found


def _measure(results: Results, name: str, one_rig: Rig, measurement: Measurement, seconds: int
             ) -> None:
    try:
        if ended := one_rig.end_of_a_daemon():
            raise ended
        values = measurement.run(one_rig, seconds)
    except _FAILURES as error:
        reason = _reason(one_rig.end_of_a_daemon() or error)
        results.fail(name, measurement.key, reason)
        _say(f"  {measurement.key}, {name}: FAILED, {reason}")
        return
    shown = []
    for metric in measurement.metrics:
        figure = values[metric.key]
        results.put(metric.key, name, figure)
        if figure is not None:
            shown.append(f"{figure:.{metric.digits}f} {metric.unit}")
    _say(f"  {measurement.key}, {name}: {', '.join(shown) or '-'}")


def _round(results: Results, chosen: Sequence[Implementation],
           measurements: Sequence[Measurement], seconds: int) -> None:
    results.begin_round([metric.key for one in measurements for metric in one.metrics])
    with ExitStack() as stack:
        rigs: dict[str, Rig] = {}
        for one in chosen:
            try:
                rigs[one.name] = stack.enter_context(rig(one))
            except _FAILURES as error:
                results.fail(one.name, "set-up", _reason(error))
                _say(f"  set-up, {one.name}: FAILED, {_reason(error)}")
        for measurement in measurements:
            for name, one_rig in rigs.items():
                _measure(results, name, one_rig, measurement, seconds)
                time.sleep(_SETTLE_S)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("compare.py: network namespaces need root")
    chosen = _choose(options.chosen or [])
    # A polite end by SIGTERM takes the same way out as Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    results = Results([one.name for one in chosen])
    if os.getloadavg()[0] > 0.5:
        _say(f"note: the machine is busy, its load is {os.getloadavg()[0]:.1f}")
    interrupted = False
    try:
        for number in range(1, options.rounds + 1):
            _say(f"round {number} of {options.rounds}")
            _round(results, chosen, options.measurements, options.seconds)
    except KeyboardInterrupt:
        interrupted = True
        _say("interrupted; this is what there is so far")
    metrics = [metric for one in options.measurements for metric in one.metrics]
    if results.rounds:
        print(report.as_text(results, metrics))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report.as_json(results, metrics, chosen, options.seconds), file, indent=1)
            file.write("\n")
    return 130 if interrupted else 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
