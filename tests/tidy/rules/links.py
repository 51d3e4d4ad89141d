"""Links and names in the documents lead somewhere."""
from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tree import Tree, Violation

NAME = "links"
REASON = "A reader who follows a dead link stops trusting the page."
ADVICE = ("Correct the path or the heading after `#`. In docs/tour.md, `file.cpp: function` must "
          "name a function that the file mentions.")

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^\s*```")
_HEADING = re.compile(r"^#+\s+(.*?)\s*#*$")
# `src/device/device.h`, and `src/device/device.h: handle_handshake`.
_MENTION = re.compile(r"`((?:src|tests|tools|bench|docs|cmake)/[\w./-]+\.\w+)(?::\s*([\w:~]+))?`")
# Decisions and the list of changes speak of files as they were.
_OF_THE_PAST = ("docs/decisions/", "CHANGELOG.md")


def _prose(tree: Tree, path: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(tree.lines(path), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def _anchors(tree: Tree, path: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    found = set()
    for _, line in _prose(tree, path):
        if match := _HEADING.match(line):
            words = re.sub(r"[^\w\- ]", "", match.group(1).lower())
            found.add(words.replace(" ", "-"))
    return found


def _exists(tree: Tree, path: str) -> bool:
    return path in (".", "") or (tree.root / path).exists()


def _link(tree: Tree, path: str, target: str) -> str:
    """Empty, or why the link leads nowhere."""
    if re.match(r"[a-z]+:", target):
        return ""
    name, _, anchor = target.partition("#")
    goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path
    if not _exists(tree, goal):
        return f"links to {target}, but there is no {goal}"
    if anchor and goal.endswith(".md") and anchor not in _anchors(tree, goal):
        return f"links to {target}, but {goal} has no such heading"
    return ""


def _mention(tree: Tree, file: str, function: str) -> str:
    """Empty, or which part of a mention is no more."""
    if not _exists(tree, file):
        return f"names {file}, which does not exist"
    last = function.split("::")[-1]
    if last and not re.search(rf"\b{re.escape(last)}\b", tree.text(file)):
        return f"names {last} in {file}, which is not there"
    return ""


def check(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".md"):
        for number, line in _prose(tree, path):
            complaints = [_link(tree, path, match.group(1)) for match in _LINK.finditer(line)]
            if not path.startswith(_OF_THE_PAST):
                complaints += [_mention(tree, match.group(1), match.group(2) or "")
                               for match in _MENTION.finditer(line)]
            for complaint in filter(None, complaints):
                yield Violation(path, number, complaint)
