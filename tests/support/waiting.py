"""Waiting for a condition, always with a bound."""

import time
from typing import Callable, Optional, TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], Optional[T]], what: str, timeout: float = 5.0,
               every: float = 0.02) -> T:
    """Calls `probe` until it returns something true and returns that; fails after `timeout` s."""
    deadline = time.monotonic() + timeout
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(every)
