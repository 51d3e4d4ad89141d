#!/usr/bin/python3
"""Counts the instructions that wring itself spends on each packet, and compares them with the file.

Valgrind's callgrind counts, so that the figures are the same in every run and on a busy machine.
What libraries spend is left out, since they choose their code by the processor; how often they are
called is counted. More than 5 % above the file fails.

  bench/micro/instructions.py build/release/bench/wring_instructions [--update]
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_FILE = Path(__file__).with_suffix(".json")
_TOLERANCE = 0.05
_SKIPPED = 77  # What ctest is told to show as skipped.
_KINDS = ("instructions", "library calls")


def _skip(reason: str) -> None:
    print(f"skipped: {reason}")
    raise SystemExit(_SKIPPED)


def _own_cost(dump: str, program: str) -> tuple[int, int]:
    """The instructions of the program's own code in a dump of callgrind, and its calls to others.

    A line of numbers is a cost of the function named above it; after a `calls=` line it is what
    the callee cost, which is counted where the callee stands itself."""
    instructions = calls = 0
    ours = callee_is_ours = after_call = False
    for line in dump.splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            ours = callee_is_ours = value == program
        elif key == "cob":
            callee_is_ours = value == program
        elif key == "calls":
            calls += int(value.split()[0]) if ours and not callee_is_ours else 0
            # A callee's object is named only where it is another than the caller's.
            after_call, callee_is_ours = True, ours
        elif line[:1].isdigit():
            instructions += int(line.split()[1]) if ours and not after_call else 0
            after_call = False
    return instructions, calls


def measure(program: str) -> dict:
    """What a run of the program gives, in the form of the file."""
    with tempfile.TemporaryDirectory(prefix="wring-instructions-") as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/dump",
             "--toggle-collect=measured", "--dump-after=measured",
             "--compress-strings=no", "--compress-pos=no", program],
            text=True, timeout=100, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit(f"{program} under valgrind: status {done.returncode}\n{done.stderr}")
        compiler, vectors, *steps = done.stdout.splitlines()
        counted = {}
        for number, step in enumerate(steps, 1):
            packets, name = step.split(" ", 1)
            costs = _own_cost(Path(f"{folder}/dump.{number}").read_text(), program)
            counted[name] = {kind: round(cost / int(packets), 2)
                             for kind, cost in zip(_KINDS, costs)}
    return {"made by": {"machine": platform.machine(), "compiler": compiler.split(" ", 1)[1],
                        "vectors": vectors.split(" ", 1)[1]},
            "for each packet": counted}


def compare(now: dict, then: dict) -> tuple[str, bool, bool]:
    """The table, whether anything has become worse, and whether the file is to be made anew."""
    worse, stale = False, now.keys() != then.keys()
    head = "".join(f"{kind:>16}{'was':>10}{'change':>9}" for kind in _KINDS)
    lines = [f"{'for each packet':40}{head}"]
    for name, counts in now.items():
        line = f"{name:40}"
        for kind in _KINDS:
            count, before = counts[kind], then.get(name, {}).get(kind)
            if before is None:
                change, before_text = "new", "-"
            else:
                ratio = count / before if before else 1.0 if count == 0 else float("inf")
                worse |= ratio > 1 + _TOLERANCE
                stale |= ratio < 1 - _TOLERANCE
                change, before_text = f"{100 * (ratio - 1):+.1f} %", f"{before:.2f}"
            line += f"{count:16.2f}{before_text:>10}{change:>9}"
        lines.append(line)
    lines += [f"{name:40} is gone" for name in then if name not in now]
    return "\n".join(lines), worse, stale


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="wring_instructions, of a release build")
    parser.add_argument("--update", action="store_true", help=f"write {_FILE.name}")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        _skip("valgrind is not there: apt install valgrind (or run tools/install-deps.sh)")
    now = measure(os.path.realpath(options.program))
    if options.update:
        _FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {_FILE}")
        return 0
    then = json.loads(_FILE.read_text(encoding="utf-8"))
    if now["made by"] != then["made by"]:
        _skip(f"this is {now['made by']}, the file is of {then['made by']}")
    table, worse, stale = compare(now["for each packet"], then["for each packet"])
    print(table)
    again = f"write the file anew: {parser.prog} {options.program} --update"
    if worse:
        print(f"\nMore than 5 % above the file. Where that is meant, {again}")
    elif stale:
        print(f"\nThe file does not tell this any more; {again}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
