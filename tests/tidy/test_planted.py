"""The rules themselves: each finds a violation that is planted in a copy of the tree."""
from __future__ import annotations

import os
import pathlib
import shutil
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lint  # noqa: E402
import run  # noqa: E402
from rules import includes  # noqa: E402
from tree import Tree, Violation  # noqa: E402

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BUILD = os.environ.get("WRING_BUILD")
_RULES = run.all_rules()

_LONG_FUNCTION = "int grow(int n) {\n" + "  ++n;\n" * 70 + "  return n;\n}\n"
# Rule, file, what is appended to it (or what it holds, if it is new), and what the rule says of it.
_PLANTED = [
    ("includes", "src/noise/planted.h", '#include "device/device.h"\n', "not linked by noise"),
    ("includes", "tests/unit/noise/planted.h", '#include "tests/unit/ip/coalesced.h"\n',
     "another unit test's folder"),
    ("includes", "src/noise/planted.h", '#include "nowhere/nothing.h"\n', "no such folder"),
    ("includes", "src/base/CMakeLists.txt",
     "target_link_libraries(wring_base PUBLIC wring::noise)\n", "links itself"),
    ("headers", "src/base/planted.h", "inline std::vector<int> all;\n", "does not compile alone"),
    ("headers", "src/base/planted.cpp", '#include <vector>\n#include "base/planted.h"\n',
     "does not include base/planted.h first"),
    ("purity", "src/noise/planted.h", "#include <thread>\n", "<thread>"),
    ("purity", "src/ip/planted.h", "auto t = std::chrono::steady_clock::now();\n", "::now("),
    ("purity", "src/device/planted.h", "int s = ::socket(1, 2, 3);\n", "::socket("),
    ("purity", "src/tables/planted.h", "inline int f() {\n  static int calls = 0;\n}\n", "static"),
    ("sizes", "src/tun/planted.cpp", "// x\n" * 351, "has 351 lines"),
    ("sizes", "src/tun/planted.cpp", _LONG_FUNCTION, "grow has 73 lines"),
    ("sizes", "tests/e2e/planted.py", "def grow():\n" + "    pass\n" * 70, "grow has 71 lines"),
    ("sizes", "src/planted/alone.h", "int x;\n", "a single file"),
    ("width", "src/tun/planted.h", "// " + "x" * 98 + "\n", "101 columns"),
    ("width", "tests/planted/CMakeLists.txt", "# " + "x" * 99 + "\n", "101 columns"),
    ("width", "tools/planted.sh", "# " + "x" * 99 + "\n", "101 columns"),
    ("width", "docs/planted.md", "word " * 24 + "x\n", "121 columns"),
    ("links", "docs/planted.md", "[gone](gone.md)\n", "there is no docs/gone.md"),
    ("links", "docs/planted.md", "[x](architecture.md#no-such-heading)\n", "no such heading"),
    ("links", "docs/planted.md", "`src/device/device.h: no_such_function`\n", "not there"),
    ("links", "docs/planted.md", "`src/device/gone.h`\n", "does not exist"),
    ("openings", "src/tun/planted.cpp", "int x;\n", "does not begin with a comment"),
    ("built", "tests/unit/tun/planted.cpp", "// x\n", "is not built"),
    ("built", "bench/micro/planted.cpp", "// x\n", "is not built"),
    ("built", "tests/support/planted.cpp", "// x\n", "is not built"),
    ("built", "tests/planted/CMakeLists.txt", "# x\n", "does not add its folder"),
    ("built", "tests/chaos/test_planted.py", "x = 1\n", "is not run"),
    ("built", "tests/interop/test_planted.py", "x = 1\n", "is not run"),
    ("built", "tests/conformance/wire/test_planted.py", "x = 1\n", "is not run"),
    ("built", "tests/e2e/planted_test.py", "def test_it():\n    pass\n", "does not look"),
    ("built", "tests/e2e/test_planted.py", "@pytest.mark.slow\n", "slow tests that are not run"),
    ("names", "src/tun/planted.h", "inline int nobody_calls_me() { return 1; }\n",
     "nobody_calls_me"),
    ("names", "src/tun/planted.h", "constexpr int kNobodyReads = 1;\n", "kNobodyReads"),
    ("wording", "docs/planted.md", "The caller, whoever it is.\n", "whoever"),
    ("wording", "src/tun/planted.h", "// It bears the marks.\n", "bears the"),
    ("python", "tests/support/planted.py", "import os\n", "F401"),
    ("python", "tests/support/planted.py", 'def f() -> int:\n    return "x"\n', "return-value"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    root: pathlib.Path = tmp_path_factory.mktemp("tree")
    for path in Tree(_ROOT).paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_ROOT / path, root / path)
    return root


@pytest.fixture
def plant(copy: pathlib.Path) -> Iterator[object]:
    """Writes violations into the copy and takes them back at the end."""
    before: dict[pathlib.Path, bytes | None] = {}

    def write(path: str, text: str) -> None:
        file = copy / path
        before[file] = file.read_bytes() if file.exists() else None
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(text)

    yield write
    for file, content in before.items():
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)


def _check(rule: ModuleType, root: pathlib.Path) -> list[Violation]:
    return list(rule.check(Tree(root, pathlib.Path(_BUILD) if _BUILD else None)))


@pytest.mark.parametrize("name, path, text, complaint", _PLANTED)
def test_a_planted_violation_is_found(copy, plant, name, path, text, complaint):
    if complaint == "does not compile alone" and not _BUILD:
        pytest.skip("WRING_BUILD names no build folder")
    plant(path, text)
    if path.endswith("planted.cpp"):
        plant(path.replace(".cpp", ".h"), "#pragma once\n")
    found = [str(violation) for violation in _check(_RULES[name], copy)]
    folder = path.rsplit("/", 1)[0]
    assert [one for one in found if one.startswith(folder) and complaint in one], found[:20]


def test_a_folder_with_too_much_code_is_found(copy, plant):
    for number in range(40):
        plant(f"src/tun/planted{number}.cpp", "// x\n" * 340)
    found = [str(violation) for violation in _check(_RULES["sizes"], copy)]
    assert [one for one in found if one.startswith("src/tun: holds")]


def test_files_whose_median_is_long_are_found(copy, plant):
    for number in range(900):
        plant(f"bench/planted{number}.cpp", "int f() {\n" + "  ;\n" * 130 + "}\n")
    found = [str(violation) for violation in _check(_RULES["sizes"], copy)]
    assert [one for one in found if "files is 132 lines, less than 120 are allowed" in one]
    assert not _check(_RULES["sizes"], _ROOT)


def test_each_rule_has_a_planted_violation_and_explains_itself():
    assert {name for name, *_ in _PLANTED} == set(_RULES)
    for rule in _RULES.values():
        assert rule.__doc__ and rule.REASON.endswith(".") and rule.ADVICE.endswith(".")


def test_a_violation_is_printed_with_rule_reason_and_advice(copy, plant, capsys):
    plant("src/noise/planted.h", '#include "device/device.h"\n')
    assert not run.report(Tree(copy), includes)
    printed = capsys.readouterr().out
    for part in (includes.NAME, includes.REASON, includes.ADVICE, "src/noise/planted.h:1"):
        assert part in printed


_SEMICOLON = "\nint two(const int* p) {\n  if (p != nullptr);\n  return 2;\n}\n"
_NULL = "\nint two(int n) {\n  int* p = nullptr;\n  if (n > 3) p = &n;\n  return *p;\n}\n"


@pytest.mark.skipif(not _BUILD, reason="WRING_BUILD names no build folder")
@pytest.mark.parametrize("first, second, deep, place, complaint", [
    ("const int kOne = 1;\n", _SEMICOLON, False, "two.cpp:3:", "bugprone-suspicious-semicolon"),
    ("const int kOne = 1;\n", _NULL, True, "two.cpp:5:", "clang-analyzer-core.NullDereference"),
    ("void two(int);\nconst int kOne = 1;\n", _SEMICOLON + "const long kOne = 1;\n", False,
     "two.cpp:3:", "bugprone-suspicious-semicolon"),
], ids=["checks", "analyzer", "the same name twice"])
def test_clang_tidy_names_the_file_among_those_that_it_reads_as_one(
        copy, plant, first, second, deep, place, complaint):
    plant("src/planted/one.cpp", first)
    plant("src/planted/two.cpp", second)
    said = list(lint.complaints(Tree(copy, pathlib.Path(_BUILD or "")), {"planted"}, deep))
    assert [line for line in said if line.startswith(f"src/planted/{place}") and complaint in line]
