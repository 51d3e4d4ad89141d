"""The Python passes flake8 and mypy."""
from __future__ import annotations

import concurrent.futures
import itertools
import os
import re
import subprocess
from collections.abc import Iterator

from tree import Tree, Violation

NAME = "python"
REASON = "A test with an unused name or a wrong type may check nothing."
ADVICE = "Mend what flake8 or mypy says. Their settings are in setup.cfg."

_REPORT = re.compile(r"^(?:\./)?([^:]+):(\d+):(?:\d+:)? (?:error: )?(.*)$")
# Folders whose files find each other by their bare names, as pytest has it.
_ROOTS = ("tests/chaos", "tests/conformance", "tests/e2e", "tests/interop", "tests/tidy")


def _reports(tree: Tree, command: list[str], **environment: str) -> Iterator[Violation]:
    run = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False,
                         env={**os.environ, **environment})
    found = [match for line in run.stdout.splitlines() if (match := _REPORT.match(line))
             and ": note: " not in line]
    for match in found:
        yield Violation(match.group(1), int(match.group(2)), match.group(3))
    if run.returncode != 0 and not found:
        yield Violation("setup.cfg", 0, f"{command[0]} failed: {(run.stdout + run.stderr)[-300:]}")


def _mypy(tree: Tree, root: str) -> Iterator[Violation]:
    cache = tree.build / "mypy" / root if tree.build else os.devnull
    options = ["--cache-dir", f"{cache}", "--no-error-summary"]
    if root == "tests/support":
        for path in tree.select(".py", under="tests/support/"):
            module = path.removeprefix("tests/").removesuffix(".py").replace("/", ".")
            options += ["-m", module.removesuffix(".__init__")]
    else:
        options += tree.select(".py", under=f"{root}/")
    yield from _reports(tree, ["mypy", *options], MYPYPATH=f"tests:{root}")


def check(tree: Tree) -> Iterator[Violation]:
    yield from _reports(tree, ["flake8", *tree.select(".py")])
    roots = ["tests/support", *_ROOTS]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(lambda root: list(_mypy(tree, root)), roots)
    # Each folder reports what it sees of tests/support, too.
    yield from sorted(set(itertools.chain.from_iterable(found)), key=str)
