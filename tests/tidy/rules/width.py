"""Lines fit beside each other on a screen."""
from __future__ import annotations

import re
from collections.abc import Iterator

from tree import Tree, Violation

NAME = "width"
REASON = "Long lines are cut off in reviews and side-by-side views."
ADVICE = "Break the line. In Markdown, tables and lines that are one link may be longer."

CODE = 100
MARKDOWN = 120
_CODE_SUFFIXES = (".h", ".cpp", ".py", ".sh", ".cmake", "CMakeLists.txt", "CMakePresets.json")
_UNBREAKABLE = re.compile(r"\s*[-*>]?\s*\[?\S*https?://\S+\s*|\s*\|.*")


def check(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(*_CODE_SUFFIXES):
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > CODE:
                yield Violation(path, number,
                                f"has {len(line)} columns, at most {CODE} are allowed")
    for path in tree.select(".md"):
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > MARKDOWN and not _UNBREAKABLE.fullmatch(line):
                yield Violation(path, number,
                                f"has {len(line)} columns, at most {MARKDOWN} are allowed")
