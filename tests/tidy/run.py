"""Checks the rules of the house: run.py [--root DIR] [--build DIR] [--figures] [RULE...].

Without a RULE all are checked. A violation is printed with the rule, its reason and what to do.
--build names a configured build folder; without one no header is compiled alone. --figures prints
what a rule has measured besides: run.py --figures sizes.
"""
from __future__ import annotations

import argparse
import importlib
import pathlib
import pkgutil
import sys
from types import ModuleType

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import rules  # noqa: E402
from tree import Tree  # noqa: E402

_MOST_SHOWN = 40


def all_rules() -> dict[str, ModuleType]:
    """Every module in rules/, by its name."""
    modules = (importlib.import_module(f"rules.{found.name}")
               for found in pkgutil.iter_modules(rules.__path__))
    return {module.NAME: module for module in modules}


def report(tree: Tree, rule: ModuleType) -> bool:
    """Prints what breaks the rule. True if nothing does."""
    found = list(rule.check(tree))
    if not found:
        print(f"tidy: {rule.NAME}: kept")
        return True
    print(f"tidy: {rule.NAME}: {len(found)} violations. {rule.__doc__}")
    print(f"  why: {rule.REASON}")
    print(f"  what to do: {rule.ADVICE}")
    for violation in found[:_MOST_SHOWN]:
        print(f"  {violation}")
    if len(found) > _MOST_SHOWN:
        print(f"  ... and {len(found) - _MOST_SHOWN} more")
    return False


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("rules", nargs="*", metavar="RULE")
    options = parser.parse_args(arguments)
    known = all_rules()
    if unknown := set(options.rules) - set(known):
        parser.error(f"no such rule: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    tree = Tree(options.root.resolve(), options.build and options.build.resolve())
    kept = [report(tree, known[name]) for name in options.rules or known]
    for name in (options.rules or known) if options.figures else ():
        for line in getattr(known[name], "figures", lambda _: ())(tree):
            print(f"tidy: {name}: {line}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
