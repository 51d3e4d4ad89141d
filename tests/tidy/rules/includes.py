"""A folder includes only what its target links."""
from __future__ import annotations

import re
from collections.abc import Iterator

import cpp
from tree import Tree, Violation

NAME = "includes"
REASON = "The link lines draw the picture of the layers. An include beside them makes it wrong."
ADVICE = ("Include a header of a folder that the target links, or add the folder to LINK in its "
          "CMakeLists.txt if it lies below. Code that two tests share belongs into tests/support.")

_TARGET = re.compile(r"\bwring(?:::|_)([a-z]+)\b")
# Of targets that are not named for their folder.
_FOLDERS = {"program": "cli"}
_COMMENT = re.compile(r"#[^\n]*")


def _linked(tree: Tree, folder: str) -> set[str]:
    path = f"src/{folder}/CMakeLists.txt"
    if path not in tree.paths:
        return set()
    found = _TARGET.findall(_COMMENT.sub("", tree.text(path)))
    names = {_FOLDERS.get(name, name) for name in found}
    return {name for name in names - {folder} if f"src/{name}/CMakeLists.txt" in tree.paths}


def links(tree: Tree) -> dict[str, set[str]]:
    """For each folder of src/ the folders it links, directly or through another."""
    folders = {path.split("/")[1] for path in tree.select(".h", ".cpp", under="src/")}
    direct = {folder: _linked(tree, folder) for folder in folders}
    closed = {}
    for folder in folders:
        seen: set[str] = set()
        ahead = [folder]
        while ahead:
            for other in direct.get(ahead.pop(), set()) - seen:
                seen.add(other)
                ahead.append(other)
        closed[folder] = seen
    return closed


def _in_sources(tree: Tree) -> Iterator[Violation]:
    linked = links(tree)
    for path in tree.select(".h", ".cpp", under="src/"):
        folder = path.split("/")[1]
        for line, header in cpp.includes(tree.text(path)):
            if header[0] == "<":
                continue
            target = header.strip('"').split("/")[0]
            if target == folder or target in linked[folder]:
                continue
            why = ("has no such folder" if target not in linked
                   else f"is not linked by {folder}")
            yield Violation(path, line, f"includes {header}, but src/{target} {why}")


def _in_tests(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".h", ".cpp"):
        if path.startswith("src/"):
            continue
        own = path.rsplit("/", 1)[0]
        for line, header in cpp.includes(tree.text(path)):
            name = header.strip('"')
            if header[0] == "<" or "/" not in name:
                continue
            if name.startswith("tests/unit/") and name.rsplit("/", 1)[0] != own:
                yield Violation(path, line, f"includes {header} from another unit test's folder")
            elif not (f"src/{name}" in tree.paths or name in tree.paths
                      or f"{own}/{name}" in tree.paths):
                yield Violation(path, line, f"includes {header}, which is in no folder")


def _circles(tree: Tree) -> Iterator[Violation]:
    for folder, linked in sorted(links(tree).items()):
        if folder in linked:
            yield Violation(f"src/{folder}/CMakeLists.txt", 0, "links itself by way of another")


def check(tree: Tree) -> Iterator[Violation]:
    yield from _in_sources(tree)
    yield from _in_tests(tree)
    yield from _circles(tree)
