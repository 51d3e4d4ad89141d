"""Each source file is built, and each test file is run."""
from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator

from tree import Tree, Violation

NAME = "built"
REASON = "A file that nothing builds or runs falls behind unseen, and its tests prove nothing."
ADVICE = ("Name the file in the CMakeLists.txt of its folder, or remove it. pytest collects files "
          "named test_*.py; one with tests marked slow is named where `-m slow` is run.")

_LISTS = "CMakeLists.txt"
_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r"[\w./-]+")
_SUBFOLDERS = re.compile(r"foreach\((?:part|folder)\s([^)]*)\)|add_subdirectory\(([^)$]+)\)")
# Sources that a loop makes of a list of names.
_LOOP = re.compile(r"foreach\((\w+)\s([^)]*)\)[^#]*?\$\{(\w+)\}\.cpp")
# A whole folder, or the folders that are named: no file, and no arguments from elsewhere.
_PYTEST = re.compile(r"-m pytest((?:(?!\.py|ARGUMENTS|\))[^$]|\$\{(?:marker|ARGN)\})*?)"
                     r"\s+WORKING_DIRECTORY\s+\$\{CMAKE_(CURRENT_)?SOURCE_DIR\}([\w/]*)")
_PYTEST_OPTION = re.compile(r"-[mp] \S+|-\w+|\$\{ARGN\}")
_PYTHON_FILE = re.compile(r"[\w*]+\.py\b")
_TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)
_SLOW = re.compile(r"^(?:@|pytestmark = )pytest\.mark\.slow\b", re.MULTILINE)


def _lists(tree: Tree, path: str) -> str:
    """The CMakeLists.txt of a file: the one of its folder, or else of the closest above."""
    folder = os.path.dirname(path)
    while folder and f"{folder}/{_LISTS}" not in tree.paths:
        folder = os.path.dirname(folder)
    return os.path.join(folder, _LISTS)


def _code(tree: Tree, path: str) -> str:
    return _COMMENT.sub("", tree.text(path)) if path in tree.paths else ""


def _compiled(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".cpp"):
        lists = _lists(tree, path)
        code = _code(tree, lists)
        names = set(_WORD.findall(code))
        for variable, stems, used in _LOOP.findall(code):
            if variable == used:
                names |= {f"{stem}.cpp" for stem in stems.split()}
        if os.path.relpath(path, os.path.dirname(lists) or ".") not in names:
            yield Violation(path, 0, f"is not built: {lists} does not name it")


def _reached(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(f"/{_LISTS}"):
        folder = os.path.dirname(path)
        above = _lists(tree, folder)
        named = " ".join(" ".join(found) for found in _SUBFOLDERS.findall(_code(tree, above)))
        if os.path.relpath(folder, os.path.dirname(above) or ".") not in named.split():
            yield Violation(path, 0, f"is not read: {above} does not add its folder")


def _whole_folders(tree: Tree) -> set[str]:
    """The folders in which pytest runs whatever it finds."""
    folders = set()
    for path in tree.select(_LISTS):
        for arguments, current, below in _PYTEST.findall(_code(tree, path)):
            at = os.path.dirname(path) if current else below.strip("/")
            named = _PYTEST_OPTION.sub("", arguments).split()
            folders |= {f"{at}/{name}" for name in named} or {at}
    return folders


def _run(tree: Tree) -> Iterator[Violation]:
    whole = _whole_folders(tree)
    for path in tree.select(".py"):
        name = os.path.basename(path)
        text = tree.text(path)
        if not name.startswith("test_"):
            if _TEST.search(text):
                yield Violation(path, 0, "has tests, but pytest does not look for them in it")
            continue
        lists = _lists(tree, path)
        code = _code(tree, lists)
        patterns = _PYTHON_FILE.findall(code)
        if os.path.dirname(path) not in whole and not any(
                fnmatch.fnmatch(name, pattern) for pattern in patterns):
            yield Violation(path, 0, f"is not run: {lists} does not name it")
        stem = name.removeprefix("test_").removesuffix(".py")
        slow = " ".join(line for line in code.splitlines() if "slow" in line)
        if _SLOW.search(text) and not {name, stem} & set(_WORD.findall(slow)):
            yield Violation(path, 0, f"has slow tests that are not run: {lists} does not say so")


def check(tree: Tree) -> Iterator[Violation]:
    yield from _compiled(tree)
    yield from _reached(tree)
    yield from _run(tree)
