"""Processes that may end while somebody looks at them."""

import contextlib
import os
from pathlib import Path
from typing import Iterable


def words_of(pid: int) -> list[bytes]:
    """The words that started it; empty ones if it has ended."""
    return _read(pid, "cmdline").split(b"\0")


def name_of(pid: int) -> str:
    """Empty if it has ended."""
    return _read(pid, "comm").decode().strip()


def send_to_each(pids: Iterable[int], number: int) -> None:
    """Sends a signal; those that have ended meanwhile, maybe because of it, are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
