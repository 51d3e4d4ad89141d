"""What iperf3, ping and /proc say, as numbers. Nothing here runs anything."""

import os
import re

_BITS_PER_BYTE = 8


def received_bytes(report: dict) -> int:
    """The bytes that iperf3's receiver counted, both directions together under --bidir."""
    end = report["end"]
    both = [end["sum_received"], end.get("sum_received_bidir_reverse", {"bytes": 0})]
    return sum(int(one["bytes"]) for one in both)


def received_seconds(report: dict) -> float:
    """For how long iperf3's receiver counted."""
    return float(report["end"]["sum_received"]["seconds"])


def gigabits_per_second(report: dict) -> float:
    return received_bytes(report) * _BITS_PER_BYTE / received_seconds(report) / 1e9


def round_trips_ms(text: str) -> list[float]:
    """The round-trip time of every echo reply that ping printed, in milliseconds. A duplicate is
    no reply of its own."""
    found = re.findall(r"time=([\d.]+) ms(?!.*DUP)", text)
    if not found:
        raise AssertionError("ping had no answer")
    return [float(each) for each in found]


def cpu_ticks(stat: str) -> int:
    """utime + stime of /proc/PID/stat, in clock ticks; all threads, the ended ones included."""
    # The program's name is in brackets and may hold anything, brackets and blanks included.
    fields = stat[stat.rindex(")") + 1:].split()
    return int(fields[11]) + int(fields[12])


def ticks_to_seconds(ticks: int) -> float:
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_kib(status: str) -> int:
    """VmHWM of /proc/PID/status: the most memory ever resident, in KiB."""
    return int(status.split("VmHWM:")[1].split()[0])
