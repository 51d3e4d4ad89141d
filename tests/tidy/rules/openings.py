"""Each source file begins with a line on what it does."""
from __future__ import annotations

from collections.abc import Iterator

from tree import Tree, Violation

NAME = "openings"
REASON = "A reader who opens a file wants to know in one line whether it is the right one."
ADVICE = "Begin the file with a comment: one sentence that says what it does."


def check(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".cpp", under="src/"):
        if not tree.text(path).startswith(("// ", "/* ")):
            yield Violation(path, 1, "does not begin with a comment")
