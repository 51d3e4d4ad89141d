"""A daemon's own clock, which a test sets back or lets sleep (shifted_clock.cpp)."""

import mmap
import os
import struct
import tempfile
from pathlib import Path

from .daemon import program


class Clock:
    """The shifts of one daemon's clocks, in seconds: how far they are ahead of the truth."""

    def __init__(self):
        with tempfile.NamedTemporaryFile(prefix="wring-clock-", delete=False) as file:
            file.write(bytes(16))
            file.flush()
            self._shared = mmap.mmap(file.fileno(), 16)
            self._name = file.name
        self.wall, self.boot = 0.0, 0.0

    def __enter__(self) -> "Clock":
        return self

    def __exit__(self, *_) -> None:
        os.unlink(self._name)

    def environment(self) -> dict[str, str]:
        """What makes a program that is started with it go by this clock."""
        library = Path(program()).parent / "tests/support/shifted_clock.so"
        assert library.exists(), f"{library} is missing: build all, not wring alone"
        return {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": self._name}

    def set_wall(self, seconds: float) -> None:
        """Sets the wall clock (CLOCK_REALTIME), as a date that was wrong would be."""
        self.wall = seconds
        self._write()

    def sleep(self, seconds: float) -> None:
        """A suspend of so many seconds passes at once: CLOCK_BOOTTIME counts it, and the wall clock
        knows of it, too."""
        self.boot += seconds
        self.wall += seconds
        self._write()

    def _write(self) -> None:
        struct.pack_into("<qq", self._shared, 0, int(self.wall * 1e9), int(self.boot * 1e9))
