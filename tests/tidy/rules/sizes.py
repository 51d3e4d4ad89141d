"""Files and functions stay short, and folders stay in proportion."""
from __future__ import annotations

import ast
import collections
from collections.abc import Iterator

import cpp
from tree import Tree, Violation

NAME = "sizes"
REASON = ("A file that grows past its limit holds two ideas, a function that fills more than a "
          "screen does two things, and a folder with a sixth of the code has a name too wide.")
ADVICE = "Divide it by subject, not by size."

FILE_LINES = 350
FUNCTION_LINES = 60
FOLDER_SHARE = 0.15


def _files(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".h", ".cpp", ".py", ".sh"):
        length = len(tree.lines(path))
        if length > FILE_LINES:
            yield Violation(path, 0, f"has {length} lines, at most {FILE_LINES} are allowed")


def _functions(tree: Tree) -> Iterator[Violation]:
    found = []
    for tag in cpp.tags(tree.root, tree.select(".h", ".cpp")):
        if tag.kind == "function":
            found.append((tag.path, tag.line, tag.end, tag.name))
    for path in tree.select(".py"):
        for node in ast.walk(ast.parse(tree.text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((path, node.lineno, node.end_lineno or node.lineno, node.name))
    for path, begin, end, name in found:
        if end - begin + 1 > FUNCTION_LINES:
            yield Violation(path, begin, f"{name} has {end - begin + 1} lines, at most "
                                         f"{FUNCTION_LINES} are allowed")


def _folders(tree: Tree) -> Iterator[Violation]:
    lines: collections.Counter[str] = collections.Counter()
    units = collections.defaultdict(set)
    for path in tree.select(".h", ".cpp", under="src/"):
        folder = path.rsplit("/", 1)[0]
        lines[folder] += len(tree.lines(path))
        units[folder].add(path.rsplit(".", 1)[0])
    for folder, count in lines.items():
        share = count / lines.total()
        if share > FOLDER_SHARE:
            yield Violation(folder, 0, f"holds {share:.1%} of the code, at most "
                                       f"{FOLDER_SHARE:.0%} are allowed")
        if len(units[folder]) == 1:
            yield Violation(folder, 0, "holds a single file and its header")


def check(tree: Tree) -> Iterator[Violation]:
    yield from _files(tree)
    yield from _functions(tree)
    yield from _folders(tree)
