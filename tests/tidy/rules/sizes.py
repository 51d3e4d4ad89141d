"""Files and functions stay short, and folders stay in proportion."""
from __future__ import annotations

import ast
import collections
import statistics
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
# The middle one is shorter than this.
MEDIAN_FILE = 120
MEDIAN_FUNCTION = 10
# Of fewer, the middle one says little.
_ENOUGH = 100


def _files(tree: Tree) -> Iterator[Violation]:
    lengths = _lengths_of_files(tree)
    for path, length in lengths.items():
        if length > FILE_LINES:
            yield Violation(path, 0, f"has {length} lines, at most {FILE_LINES} are allowed")
    yield from _median("files", list(lengths.values()), MEDIAN_FILE)


def _lengths_of_files(tree: Tree) -> dict[str, int]:
    return {path: len(tree.lines(path)) for path in tree.select(".h", ".cpp", ".py", ".sh")}


def _median(what: str, lengths: list[int], limit: int) -> Iterator[Violation]:
    if len(lengths) >= _ENOUGH and statistics.median(lengths) >= limit:
        yield Violation(".", 0, f"the median of {len(lengths)} {what} is "
                                f"{statistics.median(lengths):.0f} lines, less than {limit} are "
                                "allowed")


def _all_functions(tree: Tree) -> list[tuple[str, int, int, str]]:
    """Path, first and last line, and name."""
    found = []
    for tag in cpp.tags(tree.root, tree.select(".h", ".cpp")):
        if tag.kind == "function":
            found.append((tag.path, tag.line, tag.end, tag.name))
    for path in tree.select(".py"):
        for node in ast.walk(ast.parse(tree.text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((path, node.lineno, node.end_lineno or node.lineno, node.name))
    return found


def _functions(tree: Tree) -> Iterator[Violation]:
    found = _all_functions(tree)
    yield from _median("functions", [end - begin + 1 for _, begin, end, _ in found],
                       MEDIAN_FUNCTION)
    for path, begin, end, name in found:
        if end - begin + 1 > FUNCTION_LINES:
            yield Violation(path, begin, f"{name} has {end - begin + 1} lines, at most "
                                         f"{FUNCTION_LINES} are allowed")


def _lines_of_folders(tree: Tree) -> collections.Counter[str]:
    lines: collections.Counter[str] = collections.Counter()
    for path in tree.select(".h", ".cpp", under="src/"):
        lines[path.rsplit("/", 1)[0]] += len(tree.lines(path))
    return lines


def _folders(tree: Tree) -> Iterator[Violation]:
    units = collections.defaultdict(set)
    for path in tree.select(".h", ".cpp", under="src/"):
        units[path.rsplit("/", 1)[0]].add(path.rsplit(".", 1)[0])
    lines = _lines_of_folders(tree)
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


def figures(tree: Tree) -> Iterator[str]:
    """How long files and functions are, and the largest folders."""
    functions = [end - begin + 1 for _, begin, end, _ in _all_functions(tree)]
    for what, lengths in (("files", list(_lengths_of_files(tree).values())),
                          ("functions", functions)):
        yield (f"{len(lengths)} {what}: the median has {statistics.median(lengths):.0f} lines, "
               f"the longest {max(lengths)}")
    folders = _lines_of_folders(tree)
    for folder, count in folders.most_common(5):
        yield f"{folder}: {count} lines, {count / folders.total():.1%} of the code"
