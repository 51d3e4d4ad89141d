"""Tables of the documents, so that a test can compare them with the program."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows(page: str, first: str) -> list[dict[str, str]]:
    """The rows of all tables of that page whose first column has this title, by titles."""
    found: list[dict[str, str]] = []
    titles: list[str] = []
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            titles = []
        elif not titles:
            titles = cells
        elif titles[0] == first and set(line) - set("|- :"):
            found.append(dict(zip(titles, cells)))
    return found


def names(cell: str) -> list[str]:
    """What stands between `...` in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def drop_reasons() -> list[str]:
    """All of them, as the engine names them."""
    text = (ROOT / "src/base/drop_reason.h").read_text(encoding="utf-8")
    listed = text.split("kNames = {", 1)[1].split("};", 1)[0]
    return re.findall(r'"(\w+)"', listed)
