"""Each header compiles alone."""
from __future__ import annotations

import collections
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import cpp
from compile_database import read_build
from tree import Tree, Violation

NAME = "headers"
REASON = "A header that needs another one before it breaks the first file that includes it alone."
ADVICE = ("Include in the header what it uses. A .cpp includes its own header first, so that "
          "building it compiles the header alone; the other headers, and those of files that are "
          "joined in this build (cmake/UnityBuild.cmake), are compiled by this rule.")

_TIMEOUT_S = 120
_COMPILER = "clang++-14"
# To read these takes most of the time. So they are compiled once for all headers that include the
# same of them, by themselves or by other headers of ours. A header that lacks one does not get it.
_HEAVY = ("<chrono>", "<functional>", "<map>", "<memory>", "<string>", "<tl/expected.hpp>",
          "<vector>")
_WORTH_IT = 3


def _own_header_first(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".cpp", under="src/"):
        header = path.removesuffix(".cpp") + ".h"
        if header not in tree.paths:
            continue
        found = cpp.includes(tree.text(path))
        if not found or found[0][1] != f'"{header.removeprefix("src/")}"':
            line = found[0][0] if found else 1
            yield Violation(path, line, f"does not include {header.removeprefix('src/')} first")


def _closure(tree: Tree, header: str) -> tuple[list[str], frozenset[str]]:
    """The header and every header of ours that it includes, directly or not; and the heavy ones of
    others that these include."""
    seen, heavy = [header], set()
    for path in seen:
        for _, name in cpp.includes(tree.text(path)):
            below = f"src/{name.strip(chr(34))}"
            if name[0] == '"' and below in tree.paths and below not in seen:
                seen.append(below)
            elif name in _HEAVY:
                heavy.add(name)
    return seen, frozenset(heavy)


class _Header(NamedTuple):
    path: str
    heavy: frozenset[str]
    # Exists once it has compiled: it is not compiled again until it, or what it includes, changes.
    stamp: pathlib.Path


def _header(tree: Tree, path: str) -> _Header:
    assert tree.build is not None
    closure, heavy = _closure(tree, path)
    options = read_build(tree.build, tree.root).options
    digest = hashlib.sha256(repr(options).replace(str(tree.root), "").encode())
    for one in closure:
        digest.update(tree.text(one).encode())
    return _Header(path, heavy, tree.build / "tidy-headers" / digest.hexdigest())


def _compile(arguments: list[str]) -> str:
    """Empty, or the compiler's first complaint."""
    run = subprocess.run([_COMPILER, *arguments], capture_output=True, text=True,
                         timeout=_TIMEOUT_S, check=False)
    complaints = [line for line in run.stderr.splitlines() if "error" in line]
    return "" if run.returncode == 0 else (complaints or ["the compiler failed"])[0]


def _compile_group(tree: Tree, headers: list[_Header]) -> list[tuple[str, str]]:
    """What the compiler says of headers that include the same heavy ones."""
    assert tree.build is not None
    options = read_build(tree.build, tree.root).options
    heavy, found = headers[0].heavy, []
    with tempfile.TemporaryDirectory(prefix="wring-headers-") as folder:
        before: list[str] = []
        if heavy and len(headers) >= _WORTH_IT:
            text, compiled = f"{folder}/heavy.h", f"{folder}/heavy.pch"
            includes = "".join(f"#include {name}\n" for name in sorted(heavy))
            pathlib.Path(text).write_text(includes, encoding="utf-8")
            if complaint := _compile([*options, "-x", "c++-header", text, "-o", compiled]):
                return [(one.path, complaint) for one in headers]
            before = ["-include-pch", compiled]
        for one in headers:
            complaint = _compile([*options, "-fsyntax-only", "-x", "c++", *before, "-include",
                                  str(tree.root / one.path), "/dev/null"])
            if complaint:
                found.append((one.path, complaint))
            else:
                one.stamp.parent.mkdir(exist_ok=True)
                one.stamp.touch()
    return found


def check(tree: Tree) -> Iterator[Violation]:
    yield from _own_header_first(tree)
    if tree.build is None:
        return
    build = read_build(tree.build, tree.root)
    alone = [path for path in tree.select(".h", under="src/")
             if (own := path.removesuffix(".h") + ".cpp") not in tree.paths or own in build.joined]
    groups = collections.defaultdict(list)
    for path in alone:
        header = _header(tree, path)
        if os.path.dirname(path) not in build.folders:
            yield Violation(path, 0, "no file of this folder is in compile_commands.json")
        elif not header.stamp.exists():
            groups[header.heavy].append(header)
    largest_first = sorted(groups.values(), key=len, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for found in pool.map(lambda group: _compile_group(tree, group), largest_first):
            for path, complaint in found:
                yield Violation(path, 0, f"does not compile alone: {complaint}")
