"""The files that the rules look at, and the form in which a rule reports a violation."""
from __future__ import annotations

import dataclasses
import functools
import pathlib
import subprocess

# Folders that a checkout without git may hold beside the sources.
_NOT_OURS = {"build", ".git", ".cache", ".mypy_cache", ".pytest_cache", "__pycache__"}
# Written by programs, or kept byte for byte.
_DATA = ("tests/fuzz/corpus/", "tests/vectors/")


@dataclasses.dataclass(frozen=True)
class Violation:
    """One place that breaks a rule. A line of 0 means the file as a whole."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"


class Tree:
    """A checkout: its files by name, each read once."""

    def __init__(self, root: pathlib.Path, build: pathlib.Path | None = None) -> None:
        self.root = root
        self.build = build
        self.paths = sorted(path for path in self._names() if (root / path).is_file())

    def _names(self) -> list[str]:
        if (self.root / ".git").exists():
            # Under sudo the checkout belongs to another user, which git refuses without this.
            command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others",
                       "--exclude-standard", "-z"]
            listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True)
            return [name for name in listed.stdout.decode().split("\0") if name]
        found = (path.relative_to(self.root) for path in self.root.rglob("*"))
        return [str(path) for path in found if not _NOT_OURS.intersection(path.parts)]

    def select(self, *suffixes: str, under: str = "") -> list[str]:
        """The files below `under` whose names end in one of `suffixes`, without data."""
        return [path for path in self.paths
                if path.startswith(under) and path.endswith(suffixes)
                and not path.startswith(_DATA)]

    @functools.cache  # noqa: B019 (one tree lives as long as the process)
    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path: str) -> list[str]:
        return self.text(path).splitlines()
