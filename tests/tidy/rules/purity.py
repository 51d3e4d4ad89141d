"""The folders that hold the protocol ask the system nothing."""
from __future__ import annotations

import re
from collections.abc import Iterator

import cpp
from tree import Tree, Violation

NAME = "purity"
REASON = ("A simulation replays hours of the protocol bit for bit. So this code may have no clock, "
          "thread, descriptor, system call, or entropy of its own.")
ADVICE = ("Pass the time, random bytes or the result of the call in as an argument. If the code "
          "has to ask the system, it belongs into io, netlink, process or daemon.")

FOLDERS = ("crypto", "noise", "ip", "config", "tables", "peer", "device", "dataplane",
           "proxyconfig", "httptext", "protocols")

_FORBIDDEN = re.compile(
    r"::now\(|\bwall_now\b|\bSystemClock\b|\bSystemRng\b|\bclock_gettime\b|\bgetrandom\b"
    r"|\brandombytes\w*|\bgetenv\b|\bthread_local\b|\bextern\b|\bspdlog\b"
    r"|\berrno\b|\bstd::j?thread\b"
    r"|\bstd::(?:mutex|condition_variable)\b|\bMutex\b|\bsleep_for\b"
    r"|\bsyscall\(|\bioctl\(|\bif_\w+to\w+\("
    r"|::(?:open|close|read|write|socket|sendto|sendmsg|recvmsg)\(")
# A variable that outlives its function.
_STATE = re.compile(r"^\s*static\s+(?!constexpr\b|assert\b)[^(]*$")
_SYSTEM_HEADERS = re.compile(
    r"<(?:algorithm|arm_neon\.h|array|atomic|bit|bitset|blake2\.h|cassert|cerrno"
    r"|charconv|chrono|compare|concepts"
    r"|cstddef|cstdint|cstring|deque|endian\.h|fmt/\w+\.h|functional|immintrin\.h|initializer_list"
    r"|intel-ipsec-mb\.h|iterator|limits|list|map|memory|new|numeric|optional|set"
    r"|sodium\.h|span|string|string_view|tl/expected\.hpp|tuple|type_traits|unordered_map"
    r"|unordered_set|utility|variant|vector)>")
# The system's structures for addresses and packets: constants and layouts, no calls.
_LAYOUTS = re.compile(
    r"<(?:arpa/inet\.h|netinet/\w+\.h|net/if\.h|linux/\w+\.h|sys/socket\.h|sys/uio\.h)>")

# Everything that is let through, with the reason.
_ALLOWED = {
    ("src/peer/staged_packets.h", "Mutex"):
        "workers and the control thread share the queue of one peer",
    ("src/peer/staged_memory.h", "Mutex"): "they share the memory of all queues",
    ("src/peer/session.h", "Mutex"):
        "two workers may share a replay window where steering is not possible",
    ("src/crypto/aead_engine.cpp", "::open("): "wring::open, which opens a sealed message",
    ("src/ip/endpoint.cpp", "if_indextoname("): "the text form of a link-local address",
    ("src/ip/endpoint_parse.cpp", "if_nametoindex("): "the same",
}


def _findings(tree: Tree, path: str) -> Iterator[tuple[int, str]]:
    text = tree.text(path)
    for number, line in enumerate(cpp.without_comments_and_strings(text).splitlines(), 1):
        for match in _FORBIDDEN.finditer(line):
            yield number, match.group()
        if _STATE.match(line):
            yield number, "a static variable"
    for number, header in cpp.includes(text):
        layout = (path.startswith(("src/ip/", "src/peer/", "src/device/"))
                  and _LAYOUTS.fullmatch(header))
        if header[0] == "<" and not (layout or _SYSTEM_HEADERS.fullmatch(header)):
            yield number, header


def check(tree: Tree) -> Iterator[Violation]:
    for folder in FOLDERS:
        for path in tree.select(".h", ".cpp", under=f"src/{folder}/"):
            for line, what in _findings(tree, path):
                if (path, what) not in _ALLOWED:
                    yield Violation(path, line, f"has {what}")
