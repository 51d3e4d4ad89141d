"""Nothing in src/ is named that the program does not use."""
from __future__ import annotations

import collections
import re
from collections.abc import Iterator

import cpp
from tree import Tree, Violation

NAME = "names"
REASON = "A reader takes for product code what only a test, or nobody, uses."
ADVICE = ("Remove it, or move it to tests/support if a test needs it. If it has to stay, add it "
          "to KEPT in tests/tidy/rules/names.py with the reason.")

_WORD = re.compile(r"[A-Za-z_]\w*")
_KINDS = {"function", "prototype", "variable", "enumerator", "macro"}

# Names that appear once in src/ and stay.
KEPT = {
    "main": "the C library calls it",
    "sink_it_": "spdlog calls it",
    "flush_": "spdlog calls it",
    "wring_lwip_assertion_failed": "lwIP calls it",
    "wring_lwip_calloc": "lwIP calls it",
    "wring_lwip_checksum": "lwIP calls it",
    "wring_lwip_may_take": "lwIP calls it",
    "wring_lwip_random": "lwIP calls it",
    "wring_lwip_sends": "lwIP calls it",
    "created_at": "the simulation states the age limits of a session in its own words",
    "set_send_counter_for_test": "no test can send 2^60 packets",
    "check_invariants": "the simulation checks them after each turn",
    "in_use": "tests state how much memory waits",
    "client_count": "tests of the limit on connections count them",
    "agree_with": "tests make handshakes without a pool of threads",
    "are_twins": "tests look at the state that the slots are in",
    "kPoll": "tests run the pump as an older kernel would have it",
    "worker_of": "tests state which worker an index belongs to",
    "quiescent": "tests of the tables read without a pump that waits",
}


def check(tree: Tree) -> Iterator[Violation]:
    paths = tree.select(".h", ".cpp", under="src/")
    uses: collections.Counter[str] = collections.Counter()
    for path in paths:
        uses.update(_WORD.findall(cpp.without_comments_and_strings(tree.text(path))))
    places = collections.defaultdict(list)
    for tag in cpp.tags(tree.root, paths):
        if tag.kind in _KINDS and _WORD.fullmatch(tag.name):
            places[tag.name].append(tag)
    for name, tags in sorted(places.items()):
        if uses[name] <= len(tags) and name not in KEPT:
            yield Violation(tags[0].path, tags[0].line, f"nothing in src/ uses {name}")
