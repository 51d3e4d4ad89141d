"""Runs the C++ tests that prove the rest of a rule, most of them under a virtual clock."""

import os
import re
import subprocess
from pathlib import Path

from rules import RULES, Elsewhere, Rule

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = {"simulation_test": "tests/sim", "peer_test": "tests/unit/peer",
            "tables_test": "tests/unit/tables", "noise_test": "tests/unit/noise"}


def _build_folder() -> Path:
    return Path(_ROOT, os.environ.get("WRING", "build/release/wring")).parent


def _source_of(each: Elsewhere) -> str:
    """The text of one test case."""
    suite, name = each.test.split(".")
    head = re.compile(rf"^TEST(_F|_P)?\({suite},\s*{name}\)", re.MULTILINE)
    for path in sorted((_ROOT / _FOLDERS[each.program]).glob("*_test.cpp")):
        text = path.read_text()
        if found := head.search(text):
            return text[found.start():text.index("\n}\n", found.start())]
    raise AssertionError(f"there is no test {each.test} in {_FOLDERS[each.program]}")


def _make_test(rule: Rule):
    def test():
        for each in rule.elsewhere:
            source = _source_of(each)
            for number in each.states:
                assert number in source, f"{each.test} does not state {number}"
        for program in sorted({each.program for each in rule.elsewhere}):
            names = [each.test for each in rule.elsewhere if each.program == program]
            path = _build_folder() / _FOLDERS[program] / program
            done = subprocess.run([path, f"--gtest_filter={':'.join(names)}"], timeout=60,
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stdout
            assert f"[  PASSED  ] {len(names)} test" in done.stdout, done.stdout
    return test


for _rule in RULES:
    if _rule.elsewhere:
        _name = f"test_{_rule.id.lower()}_holds_under_a_virtual_clock"
        globals()[_name] = _make_test(_rule)
        globals()[_name].__name__ = _name
