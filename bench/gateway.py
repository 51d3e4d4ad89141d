#!/usr/bin/python3
"""Compares what WireGuard implementations make of many peers on this machine. Needs root.

Each measurement has a fresh daemon in a network namespace of its own; rounds are interleaved.

  peers        `wg setconf` of 100,000 peers, the memory that each takes, `wg show all dump`, the
               CPU time of the idle daemon
  handshakes   initiations, made beforehand, each from a peer of its own, sent so that a bounded
               number is unanswered; every answer is checked afterwards

  bench/gateway.py                                       wring, wireguard-go, boringtun, gotatun
  bench/gateway.py --only handshakes --with wring --with wring-old=/path/to/wring
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Sequence

from compare import implementations as known
from compare.figures import Results
from compare.front import (FAILURES, choose, exit_status, failure_reason, interrupt, positive,
                           publish, run_rounds, say)
from compare.implementations import Implementation
from gateway.gateway import gateway
from gateway.measurements import MEASUREMENTS, Measurement, Size, load_program


def _measurements(text: str) -> list[Measurement]:
    by_key = {one.key: one for one in MEASUREMENTS}
    unknown = set(text.split(",")) - set(by_key)
    if unknown:
        raise argparse.ArgumentTypeError(f"no measurement {', '.join(sorted(unknown))}; there are "
                                         f"{', '.join(by_key)}")
    return [by_key[key] for key in text.split(",")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="chosen", action="append", metavar="NAME[=COMMAND]",
                        help=f"an implementation; the first is set against the others. Known: "
                             f"{', '.join(known.KNOWN)}")
    parser.add_argument("--only", dest="measurements", type=_measurements,
                        default=list(MEASUREMENTS), metavar="LIST", help="of peers,handshakes")
    parser.add_argument("--rounds", type=positive, default=3, metavar="N")
    parser.add_argument("--peers", type=positive, default=100_000, metavar="N",
                        help="wireguard-go gets 65,536 at most")
    parser.add_argument("--idle", type=positive, default=5, metavar="SECONDS",
                        help="for how long the idle daemon is watched")
    parser.add_argument("--handshakes", type=positive, default=3000, metavar="N")
    parser.add_argument("--unanswered", type=positive, default=32, metavar="N",
                        help="at most so many initiations wait for their answer")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    options = parser.parse_args()
    # Better now than after the last round.
    if options.json and not Path(options.json).absolute().parent.is_dir():
        parser.error(f"there is no folder for {options.json}")
    if any(one.key == "handshakes" for one in options.measurements):
        if not os.access(load_program(), os.X_OK):
            parser.error(f"{load_program()} is not there: "
                         "cmake --build --preset release --target handshake_load")
    return options


def _measure(results: Results, one: Implementation, measurement: Measurement, size: Size) -> None:
    try:
        with gateway(one) as fresh:
            values = measurement.run(fresh, one.name, size)
    except FAILURES as error:
        why = failure_reason(error)
        results.fail(one.name, measurement.key, why)
        say(f"  {measurement.key}, {one.name}: FAILED, {why}")
        return
    for metric in measurement.metrics:
        results.put(metric.key, one.name, values[metric.key])
    shown = [f"{metric.title} {values[metric.key]:.{metric.digits}f} {metric.unit}".strip()
             for metric in measurement.metrics]
    say(f"  {measurement.key}, {one.name}: {'; '.join(shown)}")


def _round(results: Results, chosen: Sequence[Implementation],
           measurements: Sequence[Measurement], size: Size) -> None:
    results.begin_round([metric.key for one in measurements for metric in one.metrics])
    for measurement in measurements:
        for one in chosen:
            _measure(results, one, measurement, size)


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("gateway.py: network namespaces need root")
    chosen = choose("gateway.py", options.chosen or [], ("wring", *known.PEERS))
    if any(one.command is None for one in chosen):
        raise SystemExit(f"gateway.py: {known.NO_TUNNEL} has no peers")
    signal.signal(signal.SIGTERM, interrupt)
    results = Results([one.name for one in chosen])
    size = Size(options.peers, options.idle, options.handshakes, options.unanswered)
    finished = run_rounds(options.rounds, lambda: _round(results, chosen, options.measurements,
                                                         size))
    metrics = [metric for one in options.measurements for metric in one.metrics]
    publish(results, metrics, chosen, options.idle, options.json)
    return exit_status(results, finished)


if __name__ == "__main__":
    sys.exit(main())
