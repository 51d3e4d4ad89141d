"""Gathers the pages of the site: pages.py FOLDER. Used by tools/site.sh.

The documents keep links that lead through the repository. Here they become links between pages of
the site, or plain words where they lead to a source. mkdocs finds those that are dead.
"""

import json
import os
import posixpath
import re
import shutil
import sys
from pathlib import Path

from manual import to_markdown

ROOT = Path(__file__).resolve().parents[2]
# Title, and the pages by their paths in the repository. What is not named comes at the end.
SECTIONS = [
    ("Use", ["docs/config-file.md", "docs/proxy-config.md", "docs/packages.md",
             "docs/migration.md", "docs/faq.md"]),
    ("Guides", ["docs/guides/*.md"]),
    ("Operate", ["docs/troubleshooting.md", "docs/metrics.md", "docs/events.md", "docs/json.md",
                 "contrib/README.md", "SECURITY.md"]),
    ("Manual", ["docs/man/*.scd"]),
    ("Inside", ["docs/architecture.md", "docs/tour.md", "docs/glossary.md", "docs/conformance.md",
                "bench/README.md"]),
    ("Work on it", ["CONTRIBUTING.md", "docs/howto.md", "docs/testing.md", "docs/debugging.md",
                    "CHANGELOG.md"]),
    ("Decisions", ["docs/decisions/README.md", "docs/decisions/*.md"]),
    ("More", ["docs/**/*.md"]),
]
_CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"```")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.) ")


def place_of(path: str) -> str:
    """Where the site has a document of the repository."""
    if path == "README.md":
        return "index.md"
    return re.sub(r"\.scd$", ".md", path.removeprefix("docs/"))


def sections() -> list[tuple[str, list[str]]]:
    seen = {"README.md"}
    found = []
    for title, patterns in SECTIONS:
        paths = []
        for pattern in patterns:
            for path in sorted(str(each.relative_to(ROOT)) for each in ROOT.glob(pattern)):
                if path not in seen:
                    seen.add(path)
                    paths.append(path)
        if paths:
            found.append((title, paths))
    return found


def _spaced(text: str) -> str:
    """Has an empty line before each list, which Python's Markdown asks for."""
    out: list[str] = []
    for line in text.split("\n"):
        after_prose = bool(out and out[-1]) and not _ITEM.match(out[-1]) and out[-1][0] != " "
        if _ITEM.match(line) and after_prose:
            out.append("")
        out.append(line)
    return "\n".join(out)


class Document:
    """One of Markdown, on its way from the repository to the site."""

    def __init__(self, path: str, known: set[str]):
        self.path, self.known = path, known

    def _link(self, match: "re.Match[str]") -> str:
        words, target = match.groups()
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return match.group(0)
        name, _, anchor = target.partition("#")
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), name))
        if goal not in self.known and (ROOT / goal).exists():
            return words
        here = posixpath.dirname(place_of(self.path))
        there = posixpath.relpath(place_of(goal), here or ".")
        return f"[{words}]({there}{'#' if anchor else ''}{anchor})"

    def text(self) -> str:
        """With its links as the site has them, outside of code. They may go over two lines."""
        parts = _CODE.split((ROOT / self.path).read_text(encoding="utf-8"))
        return "".join(part if _FENCE.match(part) else _LINK.sub(self._link, _spaced(part))
                       for part in parts)

    def pictures(self) -> list[str]:
        """Those that lie in the repository, by their paths in it."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        folder = posixpath.dirname(self.path)
        return [posixpath.normpath(posixpath.join(folder, name))
                for name in _PICTURE.findall(text) if not re.match(r"[a-z]+:", name)]


def settings(listed: list[tuple[str, list[str]]]) -> dict[str, object]:
    """Those of mkdocs. Every kind of dead link is a warning, and so an error."""
    return {
        "site_name": "wring",
        "docs_dir": "pages",
        "site_dir": "html",
        "use_directory_urls": False,
        "theme": {"name": "readthedocs", "highlightjs": False, "navigation_depth": 2},
        "plugins": ["search"],
        "markdown_extensions": [
            "tables", "fenced_code", "def_list", "sane_lists", {"toc": {"permalink": False}}],
        "validation": {
            "nav": {"omitted_files": "warn", "not_found": "warn", "absolute_links": "warn"},
            "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn",
                      "unrecognized_links": "warn"}},
        "nav": ["index.md", *({title: [place_of(path) for path in paths]}
                              for title, paths in listed)],
    }


def main(folder: str) -> None:
    listed = sections()
    paths = ["README.md", *(path for _, each in listed for path in each)]
    manual = {Path(path).stem for path in paths if path.endswith(".scd")}
    for path in paths:
        goal = Path(folder, "pages", place_of(path))
        os.makedirs(goal.parent, exist_ok=True)
        if path.endswith(".scd"):
            goal.write_text(to_markdown((ROOT / path).read_text(encoding="utf-8"), manual),
                            encoding="utf-8")
        else:
            document = Document(path, set(paths))
            goal.write_text(document.text(), encoding="utf-8")
            for picture in document.pictures():
                if (ROOT / picture).exists():
                    shutil.copy(ROOT / picture, Path(folder, "pages", place_of(picture)))
    # mkdocs reads YAML, of which JSON is a part.
    Path(folder, "mkdocs.yml").write_text(json.dumps(settings(listed), indent=1),
                                          encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
