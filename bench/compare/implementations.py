"""What is compared: the implementations known by name, and those given by their command."""

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from . import ROOT
from support.daemon import program

_PEERS_BIN = Path(os.environ.get("WRING_PEERS", ROOT / "build/peers")) / "bin"
NO_TUNNEL = "none"
# What there is to beat.
PEERS = ("wireguard-go", "boringtun", "gotatun")
# And two limits: the program without its cipher, and no tunnel at all.
DEFAULT = ("wring", *PEERS, "null-cipher", NO_TUNNEL)
_BUILD_SECONDS = 900


class NotInstalled(Exception):
    """The program of an implementation is not there; says how to get it."""


@dataclass(frozen=True)
class Implementation:
    name: str
    # The daemon in the foreground; the interface's name comes last. None is no tunnel at all.
    command: Optional[tuple[str, ...]]

    def version(self) -> str:
        """What the program says about itself, in one line; empty where it says nothing."""
        if self.command is None:
            return ""
        # `--version` alone: after other arguments wireguard-go takes it for an interface's name.
        try:
            done = subprocess.run([self.command[0], "--version"], text=True, timeout=5,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return next(iter(done.stdout.splitlines()), "").strip()


def _in_foreground(command: list[str]) -> tuple[str, ...]:
    # Every implementation known today takes -f, and the rig must be the daemon's parent.
    return tuple(command if "-f" in command else [*command, "-f"])


def _find(name: str, path: str, remedy: str) -> str:
    found = shutil.which(name, path=path)
    if not found:
        raise NotInstalled(f"{name} is not there: {remedy}")
    # A namespace of its own changes the daemon's working directory.
    return os.path.abspath(found)


def _wring() -> list[str]:
    return [_find(program(), "", "cmake --preset release && cmake --build --preset release")]


def _null_cipher() -> list[str]:
    """The same build as wring but for its cipher; made, or made anew, out of wring's own folder."""
    ours = Path(_wring()[0])
    without = ours.with_name("wring-null-cipher")
    folder = ours.parent
    if (folder / "CMakeCache.txt").exists() and (
            not without.exists() or without.stat().st_mtime < ours.stat().st_mtime):
        done = subprocess.run(["cmake", "--build", str(folder), "--target", without.name],
                              text=True, timeout=_BUILD_SECONDS, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise NotInstalled(f"{without.name} does not build:\n{done.stdout[-2000:]}")
        # Up to date although wring is newer: both were linked from the same objects.
        os.utime(without)
    return [_find(str(without), "", f"cmake --build DIR --target {without.name}"), "--null-cipher"]


def _peer(name: str, *arguments: str, remedy: str = "tools/install-peers.sh"
          ) -> Callable[[], list[str]]:
    # The cache first, then what the machine has: without a Go compiler, tools/install-peers.sh
    # takes Debian's wireguard-go.
    path = f"{_PEERS_BIN}:{os.environ.get('PATH', '')}"
    return lambda: [_find(name, path, remedy), *arguments]


KNOWN: dict[str, Callable[[], list[str]]] = {
    "wring": _wring,
    "null-cipher": _null_cipher,
    "wireguard-go": _peer("wireguard-go"),
    "wireguard-go-debian": lambda: [_find("wireguard-go", "/usr/bin", "apt install wireguard-go")],
    "boringtun": _peer("boringtun-cli", "--disable-drop-privileges"),
    "gotatun": _peer("gotatun", "--disable-drop-privileges", "--verbosity", "error",
                     remedy="tools/install-peers.sh --bench"),
}


def parse(text: str) -> Implementation:
    """NAME or NAME=COMMAND. Raises ValueError for a name that nobody knows, NotInstalled for a
    program that is not there."""
    name, given, command = text.partition("=")
    if given:
        words = shlex.split(command)
        if not name or not words:
            raise ValueError(f"{text!r} is not NAME=COMMAND")
        path = os.environ.get("PATH", "")
        return Implementation(name, _in_foreground([_find(words[0], path, "no such program"),
                                                    *words[1:]]))
    if name == NO_TUNNEL:
        return Implementation(name, None)
    if name not in KNOWN:
        raise ValueError(f"{name!r} is none of {', '.join(KNOWN)}, {NO_TUNNEL}; give NAME=COMMAND")
    return Implementation(name, _in_foreground(KNOWN[name]()))
