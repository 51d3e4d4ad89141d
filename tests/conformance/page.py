"""docs/conformance.md: the rules, their tests, and how they came out.

Written by `pytest --write-page` in this folder, from a run of everything. As a program it checks
that the page which is committed lists the rules and tests that there are:

    /usr/bin/python3 page.py
"""

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

from rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"

_HEAD = """# Conformance

What wring keeps of the protocol, rule by rule, and the tests that prove it. The suite in
`tests/conformance` writes this page from a run of its own: `pytest --write-page` there, as root,
with `WRING` naming the program.

The suite is a WireGuard peer of its own, written after the paper on hashlib and OpenSSL, without a
line of wring's. It completes handshakes in both roles, sends whatever a test wants sent, and drives
a real `wring -f` in a namespace over real sockets and the real control socket. Timers of 5, 10 and
15 s and of 20 ms are waited for on the wire. Those of 90 to 540 s, and what cannot be seen from
outside, are proven under a virtual clock by the programs named behind the test (`simulation_test`,
`peer_test`, ...), which the suite runs too. Where the paper is silent, the Linux kernel's
behaviour is the rule.

| Rule | In short | Tests | Result |
|---|---|---|---|
"""


def rule_of(test: str) -> str:
    """The id that a test bears in its name: P12 for test_p12_..."""
    found = re.match(r"test_p(\d+)_", test)
    return f"P{found.group(1)}" if found else ""


def tests_by_rule(items) -> dict[str, list[str]]:
    """Names of collected tests by rule, in order, each once."""
    found: dict[str, dict] = {rule.id: {} for rule in RULES}
    for item in items:
        name = getattr(item, "originalname", None) or item.name
        if rule := rule_of(name):
            found[rule].setdefault(name)
    return {rule: list(names) for rule, names in found.items()}


def render(tests: dict[str, list[str]], failed: frozenset = frozenset()) -> str:
    """The whole page; `failed` names the rules of which a test did not pass."""
    text = _HEAD
    for rule in RULES:
        shown = [f"`{name}`" for name in tests[rule.id] if not is_elsewhere(name)]
        shown += [f"`{each.test}` ({each.program})" for each in rule.elsewhere]
        result = "fails" if rule.id in failed else "holds"
        text += f"| {rule.id} | {rule.text} | {'<br>'.join(shown)} | {result} |\n"
    return text


def is_elsewhere(name: str) -> bool:
    """Whether a test only runs what a rule names in `elsewhere`."""
    return name.endswith("_holds_under_a_virtual_clock")


class _Collector:
    def __init__(self):
        self.items = []

    def pytest_collection_modifyitems(self, items):
        self.items = list(items)


def main() -> int:
    collector = _Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        status = pytest.main(["--collect-only", "-q", str(Path(__file__).parent)],
                             plugins=[collector])
    if status != 0:
        print("the suite cannot be collected: run pytest --collect-only here", file=sys.stderr)
        return 1
    tests = tests_by_rule(collector.items)
    if missing := [rule for rule, names in tests.items() if not names]:
        print(f"no test for {', '.join(missing)}", file=sys.stderr)
        return 1
    if PAGE.read_text() != render(tests):
        print(f"{PAGE} is not what the suite would write: run `pytest --write-page` here, as root",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
