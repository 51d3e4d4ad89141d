"""What the front doors share: choosing implementations, and telling of progress and failure."""

import json
import re
import subprocess
import sys
from typing import Callable, NoReturn, Sequence

from . import implementations as known
from . import report
from .figures import Results
from .implementations import Implementation
from .measurements import Metric

# How an implementation, or what drives it, may fail; anything else is a fault of the program.
FAILURES = (AssertionError, OSError, RuntimeError, ValueError, LookupError,
            subprocess.SubprocessError)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def failure_reason(error: BaseException) -> str:
    """The failure in one line."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{' '.join(error.cmd[-4:])}: no end after {error.timeout:g} s"
    said = re.search(r'"error":\s*"([^"]*)"', str(error))  # At the end of iperf3's report.
    text = f"iperf3: {said[1]}" if said else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]


def positive(text: str) -> int:
    """For argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def choose(program: str, chosen: Sequence[str], usual: Sequence[str] = known.DEFAULT
           ) -> list[Implementation]:
    """What was asked for, or all of the usual ones that are installed."""
    def refuse(why: object) -> NoReturn:
        raise SystemExit(f"{program}: {why}") from None

    found: list[Implementation] = []
    for text in chosen or usual:
        try:
            found.append(known.parse(text))
        except known.NotInstalled as error:
            if chosen:
                refuse(error)
            say(f"left out: {error}")
        except ValueError as error:
            refuse(error)
    names = [one.name for one in found]
    if not names or len(set(names)) < len(names):
        refuse(f"names must be given, and be different: {', '.join(names)}")
    return found


def interrupt(*_: object) -> None:
    """For SIGTERM: a polite end takes the same way out as Ctrl-C."""
    raise KeyboardInterrupt


def run_rounds(count: int, one_round: Callable[[], None]) -> bool:
    """Runs it so many times; False if Ctrl-C came in between."""
    try:
        for number in range(1, count + 1):
            say(f"round {number} of {count}")
            one_round()
    except KeyboardInterrupt:
        say("interrupted; this is what there is so far")
        return False
    return True


def publish(results: Results, metrics: Sequence[Metric], chosen: Sequence[Implementation],
            seconds: float, json_path: str | None) -> None:
    """Prints the tables, and writes every figure to the file if there is a path."""
    if results.rounds:
        print(report.as_text(results, metrics))
    if json_path:
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump(report.as_json(results, metrics, chosen, seconds), file, indent=1)
            file.write("\n")


def exit_status(results: Results, finished: bool) -> int:
    return 130 if not finished else 1 if results.failures else 0
