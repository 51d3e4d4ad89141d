"""clang-tidy over src: lint.py --build DIR [--root DIR] [--deep] [FOLDER...].

The status is 0 where it finds nothing. --build names a configured build folder. The checks are in
.clang-tidy. With --deep, clang's static analyzer is in their place.

Headers take most of its time. So the files of many folders are one text to it, which takes a third
of the time. They are joined by their text, not by #include, because clang's static analyzer passes
over all that is included. Files that give one name to two things are read apart: those of
wring_apart() at once, others after clang has complained, which takes longer. A text that passed is
not read again until it or a header changes.
"""
from __future__ import annotations

import argparse
import bisect
import collections
import concurrent.futures
import hashlib
import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from compile_database import read_build  # noqa: E402
from tree import Tree  # noqa: E402

# Folders that include much the same. All others are one group more.
_TOGETHER = (
    ("base", "crypto", "noise", "ip", "tables", "peer", "device", "dataplane", "steering", "tun"),
    ("io", "pump", "netlink", "process", "control", "daemon", "cli"),
    ("stack", "proxyconfig", "httptext", "protocols"),
    ("proxy", "proxyload"),
)
# The analyzer follows the paths of a function up to so many steps. Its own limit, ten times as
# many, takes five times as long.
_DEEP = ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000")
_DEEP_CHECKS = "--checks=-*,clang-analyzer-*,-clang-analyzer-optin.performance.Padding"
_APART = re.compile(r"^ *wring_apart\((.*)\)$", re.MULTILINE)


def _apart(tree: Tree, folder: str) -> list[str]:
    lists = f"{folder}/CMakeLists.txt"
    text = tree.text(lists) if lists in tree.paths else ""
    return [f"{folder}/{name}" for names in _APART.findall(text) for name in names.split()]


def _texts(tree: Tree, folders: set[str]) -> list[list[str]]:
    """The files of src, in the groups in which they are read."""
    groups = collections.defaultdict(list)
    for path in tree.select(".cpp", under="src/"):
        folder = path.rsplit("/", 1)[0]
        name = folder.removeprefix("src/")
        if not folders or name in folders:
            apart = _apart(tree, folder)
            group = next((n for n, each in enumerate(_TOGETHER) if name in each), -1)
            # Those that are apart in their folder can be read with those of others.
            groups[group, apart.index(path) if path in apart else -1].append(path)
    return list(groups.values())


class _Linter:
    def __init__(self, tree: Tree, deep: bool) -> None:
        assert tree.build is not None
        self._checks = [_DEEP_CHECKS] if deep else []
        self._tree = tree
        self._options = [*read_build(tree.build, tree.root).options, *(_DEEP if deep else ())]
        self._passed = tree.build / "tidy"
        headers = [tree.text(path) for path in tree.select(".h", ".clang-tidy")]
        self._common = repr((headers, self._options, self._checks))

    def lint(self, paths: list[str]) -> list[str]:
        """What clang-tidy says of them."""
        texts = [self._tree.text(path) for path in paths]
        digest = hashlib.sha256((self._common + "".join(texts)).encode())
        stamp = self._passed / digest.hexdigest()
        if stamp.exists():
            return []
        said = self._run(paths, texts)
        if len(paths) > 1 and any("[clang-diagnostic-error" in line for line in said):
            return self._divided(paths, said)
        if not said:
            self._passed.mkdir(exist_ok=True)
            stamp.touch()
        return said

    def _divided(self, paths: list[str], said: list[str]) -> list[str]:
        blamed = [path for path in paths
                  if any(line.startswith(f"{path}:") and ": error: " in line for line in said)]
        if not 0 < len(blamed) < len(paths):
            blamed = paths[len(paths) // 2:]
        print(f"lint: read apart, because they share a name with other files: {' '.join(blamed)}",
              flush=True)
        return self.lint([path for path in paths if path not in blamed]) + self.lint(blamed)

    def _run(self, paths: list[str], texts: list[str]) -> list[str]:
        """The lines that clang-tidy prints, with the places where they are in our files."""
        begins = list(itertools.accumulate((text.count("\n") for text in texts), initial=0))[:-1]
        with tempfile.TemporaryDirectory(prefix="wring-lint-") as folder:
            joined = pathlib.Path(folder) / "joined.cpp"
            joined.write_text("".join(texts), encoding="utf-8")
            run = subprocess.run(
                ["clang-tidy-14", "-quiet", f"--config-file={self._tree.root}/.clang-tidy",
                 *self._checks, str(joined), "--", *self._options],
                cwd=self._tree.root, capture_output=True, text=True, check=False)

        def place(match: re.Match[str]) -> str:
            line = int(match.group(1)) - 1
            index = bisect.bisect_right(begins, line) - 1
            return f"{paths[index]}:{line - begins[index] + 1}:"

        said = re.sub(re.escape(str(joined)) + r":(\d+):", place, run.stdout).splitlines()
        return said or ([run.stderr] if run.returncode != 0 else [])


def complaints(tree: Tree, folders: set[str], deep: bool = False) -> Iterator[str]:
    """What clang-tidy says of these folders of src, or of all if there are none."""
    linter = _Linter(tree, deep)
    longest_first = sorted(_texts(tree, folders), key=len, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for said in pool.map(linter.lint, longest_first):
            yield from said


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("folders", nargs="*", metavar="FOLDER")
    options = parser.parse_args(arguments)
    tree = Tree(options.root.resolve(), options.build.resolve())
    if unknown := [each for each in options.folders if not (tree.root / "src" / each).is_dir()]:
        parser.error(f"src has no such folder: {', '.join(unknown)}")
    failed = False
    for line in complaints(tree, set(options.folders), options.deep):
        print(line, flush=True)
        failed = True
    if failed:
        print("lint: see above; the checks are in .clang-tidy")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
