"""Comments and documents use plain words."""
from __future__ import annotations

import re
from collections.abc import Iterator

from tree import Tree, Violation

NAME = "wording"
REASON = "A reader should understand a sentence at once, also one who learned English late."
ADVICE = "Say it in plain words: the subject first, then the verb; 'because' for a reason."

BANNED = {
    r"\bwhoever\b": "say who: 'the caller', 'a worker', 'a process that ...'",
    r"\bwhosoever\b": "say who",
    r"\bbefalls?\b": "say 'happens to'",
    r"\bbefell\b": "say 'happened to'",
    r"\bbears (?:a|an|the|no|its|one|them)\b": "say 'has' or 'carries'",
    r"\bfor want of\b": "say 'because there is no ...'",
    r"\bnot to be had\b": "say 'not available'",
    r"\bto be had\b": "say 'available'",
    r"\blost sight of\b": "say what the program no longer notices",
    r"\btells of\b": "say 'reports' or 'says'",
    r"\bwherefore\b": "say 'so'",
    r"\bthereof\b": "say 'of it'",
    r"\bhath\b": "say 'has'",
    r"\bstands for (?:is|are)\b": "say 'is'",
    r"(?:^|[.:] )What (?:is|was|are) [a-z]+ (?:is|are|has|goes|comes|must|may)\b":
        "name the thing instead of 'What is ...'",
}

_BANNED = [(re.compile(pattern, re.IGNORECASE if pattern.startswith(r"\b") else 0), advice)
           for pattern, advice in BANNED.items()]
_CPP_COMMENT = re.compile(r"//+\s?(.*)")
_HASH_COMMENT = re.compile(r"(?:^|\s)#+ (.*)")


def _prose(tree: Tree, path: str) -> Iterator[tuple[int, str]]:
    pattern = {"md": None, "h": _CPP_COMMENT, "cpp": _CPP_COMMENT}.get(
        path.rsplit(".", 1)[-1], _HASH_COMMENT)
    for number, line in enumerate(tree.lines(path), 1):
        if pattern is None:
            yield number, line
        elif match := pattern.search(line):
            yield number, match.group(1)


def check(tree: Tree) -> Iterator[Violation]:
    for path in tree.select(".md", ".h", ".cpp", ".py", ".sh", ".cmake", "CMakeLists.txt"):
        if path.startswith("tests/tidy/") or path == "CHANGELOG.md":
            continue
        for number, text in _prose(tree, path):
            for pattern, advice in _BANNED:
                if match := pattern.search(text):
                    yield Violation(path, number, f"has '{match.group().strip(' .:')}': {advice}")
