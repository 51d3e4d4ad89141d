"""Makes Markdown of a manual page in scdoc's form."""

import re

# Between two marks: no mark, or one within a word.
_BOLD = re.compile(r"(?<!\w)\*((?:[^*]|(?<=\w)\*(?=\w))+)\*")
_UNDERLINED = re.compile(r"(?<!\w)_((?:[^_]|(?<=\w)_(?=\w))+)_(?!\w)")
_REFERENCE = re.compile(r"<strong>([\w-]+)</strong>\((\d)\)")


def _inline(text: str, pages: set[str]) -> str:
    """Words of a page with their marks. References to a page of ours become links."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    text = _BOLD.sub(r"<strong>\1</strong>", text)
    text = _UNDERLINED.sub(r"<em>\1</em>", text)
    for sign in "*_[]`$":
        text = text.replace(f"\\{sign}", sign).replace(sign, f"&#{ord(sign)};")

    def link(match: re.Match[str]) -> str:
        name = f"{match.group(1)}.{match.group(2)}"
        return f"[{match.group(0)}]({name}.md)" if name in pages else match.group(0)
    return _REFERENCE.sub(link, text)


class _Page:
    def __init__(self, pages: set[str]):
        self.pages = pages
        self.out: list[str] = []
        self.before = ""
        self.in_code = False

    def add(self, line: str) -> None:
        self.out.append(line)

    def take(self, line: str) -> None:
        if line.startswith("```"):
            self.in_code = not self.in_code
            self.add(line)
        elif self.in_code:
            self.add(line)
        else:
            self._take_prose(line)
        self.before = line

    def _take_prose(self, line: str) -> None:
        inline = _inline(re.sub(r"\+\+$", "", line.strip()), self.pages)
        if line.endswith("++"):
            inline += "<br>"
        if line.startswith("# "):
            self.add(f"## {line[2:]}")
        elif cell := re.match(r"([|:])[\[ ]\s*(.*)", line):
            self.add(("- " if cell.group(1) == "|" else "  ")
                     + _inline(cell.group(2), self.pages) + ("" if cell.group(1) == ":" else ":"))
        elif line.startswith("\t- "):
            if not self.before.startswith("\t- "):
                self.add("")
            self.add("    " + inline)
        elif line.startswith("\t") and not self.before:
            self.add("    " + re.sub(r"\+\+$", "", line.strip()))  # an example
        elif line.startswith("\t"):
            begins = not self.before.startswith("\t") and not self.before.endswith("++")
            self.add((":   " if begins else "    ") + inline)
        else:
            if line and self.before.startswith("\t"):
                self.add("")
            self.add(inline)


def to_markdown(text: str, pages: set[str]) -> str:
    """The page, which links to those of these names, as `wring.1`."""
    first, *rest = text.splitlines()
    page = _Page(pages)
    page.add(f"# {first}")
    for line in rest:
        page.take(line)
    return "\n".join(page.out) + "\n"
