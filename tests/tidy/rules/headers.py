"""Each header compiles alone."""
from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
from collections.abc import Iterator

import cpp
from tree import Tree, Violation

NAME = "headers"
REASON = "A header that needs another one before it breaks the first file that includes it alone."
ADVICE = ("Include in the header what it uses. A .cpp includes its own header first, so that "
          "building it compiles the header alone; the other headers, and those of files that are "
          "joined in this build (cmake/UnityBuild.cmake), are compiled by this rule.")

_TIMEOUT_S = 120


def _own_header_first(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".cpp", under="src/"):
        header = path.removesuffix(".cpp") + ".h"
        if header not in tree.paths:
            continue
        found = cpp.includes(tree.text(path))
        if not found or found[0][1] != f'"{header.removeprefix("src/")}"':
            line = found[0][0] if found else 1
            yield Violation(path, line, f"does not include {header.removeprefix('src/')} first")


def _sources(path: str, home: str, root: pathlib.Path) -> list[str]:
    """The file itself, or those that CMake has joined in it."""
    if "/Unity/unity_" not in path:
        return [path]
    text = pathlib.Path(path).read_text(encoding="utf-8").replace(f"{home}/src", f"{root}/src")
    return re.findall(r'^#include "(.*)"$', text, re.MULTILINE)


@functools.cache
def _flags(build: pathlib.Path, root: pathlib.Path) -> tuple[dict[str, list[str]], set[str]]:
    """For each folder the compiler and the flags of one of its files, by the compile database, and
    the files that are compiled behind others.

    The build may be that of another checkout than `root`: its paths are replaced."""
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    home = re.findall(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.MULTILINE)[0]
    chosen: dict[str, list[str]] = {}
    joined: set[str] = set()
    with (build / "compile_commands.json").open(encoding="utf-8") as file:
        for entry in json.loads(file.read().replace(f"{home}/src", f"{root}/src")):
            words = shlex.split(entry["command"])
            if os.path.basename(words[0]) == "ccache":
                words.pop(0)
            # What remains are the compiler, definitions, include paths and warnings.
            end = words.index("-o")
            sources = _sources(entry["file"], home, root)
            joined.update(os.path.relpath(one, root) for one in sources[1:])
            for one in sources:
                chosen.setdefault(os.path.dirname(one), words[:end])
    return chosen, joined


def _closure(tree: Tree, header: str) -> list[str]:
    """The header and every header of ours that it includes, directly or not."""
    seen = [header]
    for path in seen:
        for _, name in cpp.includes(tree.text(path)):
            below = f"src/{name.strip(chr(34))}"
            if name[0] == '"' and below in tree.paths and below not in seen:
                seen.append(below)
    return seen


def _compiles(tree: Tree, header: str) -> str:
    """Empty, or the compiler's first complaint. What compiled once is not compiled again."""
    assert tree.build is not None
    by_folder, _ = _flags(tree.build, tree.root)
    flags = by_folder.get(str(tree.root / os.path.dirname(header)))
    if flags is None:
        return "no file of this folder is in compile_commands.json"
    digest = hashlib.sha256(repr(flags).replace(str(tree.root), "").encode())
    for path in _closure(tree, header):
        digest.update(tree.text(path).encode())
    stamp = tree.build / "tidy-headers" / digest.hexdigest()
    if stamp.exists():
        return ""
    command = [*flags, "-fsyntax-only", "-x", "c++", "-include",
               str(tree.root / header), "/dev/null"]
    run = subprocess.run(command, cwd=tree.build, capture_output=True, text=True,
                         timeout=_TIMEOUT_S, check=False)
    if run.returncode != 0:
        complaints = [line for line in run.stderr.splitlines() if "error" in line]
        return (complaints or ["the compiler failed"])[0]
    stamp.parent.mkdir(exist_ok=True)
    stamp.touch()
    return ""


def check(tree: Tree) -> Iterator[Violation]:
    yield from _own_header_first(tree)
    if tree.build is None:
        return
    _, joined = _flags(tree.build, tree.root)
    alone = [path for path in tree.select(".h", under="src/")
             if (own := path.removesuffix(".h") + ".cpp") not in tree.paths or own in joined]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, complaint in zip(alone, pool.map(lambda one: _compiles(tree, one), alone)):
            if complaint:
                yield Violation(path, 0, f"does not compile alone: {complaint}")
