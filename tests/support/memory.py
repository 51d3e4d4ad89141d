"""What the kernel tells of a process's memory."""

import re


def mappings(smaps: str) -> list[dict[str, str]]:
    """The mappings in the text of /proc/PID/smaps: what stands there, by the name of the line."""
    return [dict(line.split(":", 1) for line in part.splitlines())
            for part in re.split(r"^[0-9a-f]+-[0-9a-f]+ .*\n", smaps, flags=re.M)[1:]]


def kib(value: str) -> int:
    """The number of a value such as "  12 kB"."""
    return int(value.split()[0])


def swappable_kib(smaps: str) -> int:
    """How much of a process's own data may be swapped out: pages of its own in mappings that are
    not locked."""
    return sum(kib(each["Anonymous"]) for each in mappings(smaps)
               if "lo" not in each["VmFlags"].split())


def memory_of(pid: int) -> bytes:
    """All that the process may write to."""
    memory = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            place, rights = line.split()[:2]
            begin, end = (int(each, 16) for each in place.split("-"))
            if rights.startswith("rw"):
                mem.seek(begin)
                memory += mem.read(end - begin)
    return memory
