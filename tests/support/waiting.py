"""Waiting for a condition, always with a bound."""

import time
from typing import Callable, Optional, TypeVar, Union

T = TypeVar("T")


def eventually(probe: Callable[[], Optional[T]], what: Union[str, Callable[[], str]],
               timeout: float = 5.0, every: float = 0.02) -> T:
    """Calls `probe` until it returns something true and returns that; fails after `timeout` s.
    `what` was waited for; a function is asked then, so that it can say how things stand."""
    deadline = time.monotonic() + timeout
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() >= deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {timeout:g} s: {said}")
        time.sleep(every)
