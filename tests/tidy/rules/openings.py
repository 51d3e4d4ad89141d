"""Each source file begins with a line on what it does."""
from __future__ import annotations

from collections.abc import Iterator

from tree import Tree, Violation

NAME = "openings"
REASON = "A reader who opens a file wants to know in one line whether it is the right one."
ADVICE = "Begin the file with a comment: one sentence that says what it does."

# Folders whose files are still to be given their first line. Others may not fall behind.
_LATER = tuple(f"src/{folder}/" for folder in ("daemon", "dataplane", "device", "ip"))


def check(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".cpp", under="src/"):
        if path.startswith(_LATER) and "planted" not in path:
            continue
        if not tree.text(path).startswith(("// ", "/* ")):
            yield Violation(path, 1, "does not begin with a comment")
