"""What the front doors share: choosing implementations, and telling of progress and failure."""

import re
import subprocess
import sys
from typing import NoReturn, Sequence

from . import implementations as known
from .implementations import Implementation

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
