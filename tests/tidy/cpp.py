"""C++ read as text: without comments and strings, by its includes, and by what ctags finds."""
from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import re
import subprocess

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])')


def _blank(match: re.Match[str]) -> str:
    token = match.group()
    if token.startswith(('"', "R")):
        return '""' + "\n" * token.count("\n")
    return "\n" * token.count("\n") if token[0] == "/" else "' '"


@functools.cache
def without_comments_and_strings(text: str) -> str:
    """The same lines with nothing in them but code. Includes keep their names."""
    kept = []
    for line in text.splitlines():
        kept.append(line.replace('"', "\1") if _INCLUDE.match(line) else line)
    return _TOKENS.sub(_blank, "\n".join(kept)).replace("\1", '"')


def includes(text: str) -> list[tuple[int, str]]:
    """Line number and `<name>` or `"name"` of each include."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _INCLUDE.match(line):
            found.append((number, match.group(1)))
    return found


@dataclasses.dataclass(frozen=True)
class Tag:
    """A definition or declaration as ctags sees it."""

    path: str
    line: int
    end: int
    name: str
    kind: str


def tags(root: pathlib.Path, paths: list[str]) -> list[Tag]:
    """Functions, prototypes, variables, enumerators and macros in `paths`."""
    command = ["ctags", "--languages=C++", "--langmap=C++:.h.cpp", "--kinds-C++=fpvegdm",
               "--fields=+neK", "--output-format=json", "-L", "-", "-f", "-"]
    run = subprocess.run(command, cwd=root, input="\n".join(paths), text=True, check=True,
                         capture_output=True)
    found = []
    for line in run.stdout.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and not tag["name"].startswith("__anon"):
            found.append(Tag(tag["path"], tag["line"], tag.get("end", tag["line"]), tag["name"],
                             tag["kind"]))
    return found
