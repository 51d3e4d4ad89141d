"""What a configured build folder says of how the files of src are compiled."""
from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple


class Build(NamedTuple):
    # Definitions and include paths of all folders of src: headers that have the same share more.
    # That a folder includes only what it links is for another rule, and the build, to see.
    options: list[str]
    folders: set[str]
    # Files that are compiled behind others.
    joined: set[str]


def _sources(path: str) -> list[str]:
    """The file itself, or those that CMake has joined in it."""
    if "/Unity/unity_" not in path:
        return [path]
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return re.findall(r'^#include "(.*)"$', text, re.MULTILINE)


def _options(words: list[str]) -> Iterator[str]:
    """Definitions and include paths of a command, each in one word."""
    for word, following in zip(words, words[1:]):
        if word == "-isystem":
            yield word + following
        elif word.startswith(("-D", "-I")):
            yield word


@functools.cache
def read_build(build: pathlib.Path, root: pathlib.Path) -> Build:
    """The build may be that of another checkout than `root`: its paths are replaced."""
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    home = re.findall(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.MULTILINE)[0]
    options = {"-std=c++20": None}
    folders: set[str] = set()
    joined: set[str] = set()
    with (build / "compile_commands.json").open(encoding="utf-8") as file:
        for entry in json.load(file):
            sources = [os.path.relpath(one, home) for one in _sources(entry["file"])]
            folders.update(os.path.dirname(one) for one in sources)
            joined.update(sources[1:])
            if sources[0].startswith("src/"):
                words = shlex.split(entry["command"].replace(home, str(root)))
                options.update(dict.fromkeys(_options(words)))
    return Build(list(options), folders, joined)
