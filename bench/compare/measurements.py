"""The measurements: what each does to a rig, and the figures that it gives."""

import tempfile
from dataclasses import dataclass
from typing import Callable, Optional

from .figures import percentile
from .parsing import gigabits_per_second, received_bytes, received_seconds, round_trips_ms
from .rig import Rig
from support.transfer import iperf3, parse_ping

_PAYLOAD = 64
_PACED_PER_SECOND = 20_000
_PING_INTERVAL_S = 0.002
# Under load, ping starts when TCP has found its rate, and ends before TCP does.
_LOAD_LEAD_S = 1
# iperf3's default, 1 ms, is in step with ping: all pings of a round would meet the same moment of
# the load, another one in each round.
_LOAD_INTERVAL_US = 1130

Values = dict[str, Optional[float]]


@dataclass(frozen=True)
class Metric:
    """A row of the table."""

    key: str
    title: str
    unit: str
    digits: int
    higher_is_better: bool = False
    # Not a figure to win by, but one that tells what the others are worth.
    is_context: bool = False


@dataclass(frozen=True)
class Measurement:
    """`run` takes a rig and a number of seconds, and returns a value for each metric by its key;
    None where there is no such thing. What it raises is the implementation's failure."""

    key: str
    metrics: tuple[Metric, ...]
    run: Callable[[Rig, int], Values]


def _tcp(key: str, title: str, *options: str) -> Measurement:
    def run(rig: Rig, seconds: int) -> Values:
        report = iperf3(rig.b, rig.a, rig.address, *options, seconds=seconds)
        return {key: gigabits_per_second(report)}
    return Measurement(key, (Metric(key, title, "Gbit/s", 2, True),), run)


def _tcp_one_stream(rig: Rig, seconds: int) -> Values:
    before = rig.cpu_seconds()
    report = iperf3(rig.b, rig.a, rig.address, seconds=seconds)
    spent = rig.cpu_seconds() - before
    return {"tcp1": gigabits_per_second(report),
            "tcp1-cpu": spent / (received_bytes(report) / 1e9) if rig.has_daemons() else None}


def _small_datagrams(rig: Rig, seconds: int, bits_per_second: int) -> tuple[float, float]:
    """Datagrams of 64 bytes at a rate (0: as fast as one sender can). Returns how many arrived, and
    in how many seconds."""
    report = iperf3(rig.b, rig.a, rig.address, "-u", "-l", str(_PAYLOAD),
                    "-b", str(bits_per_second), seconds=seconds)
    arrived = received_bytes(report) / _PAYLOAD
    if arrived == 0:
        raise AssertionError("no datagram arrived")
    return arrived, received_seconds(report)


def _udp_full_load(rig: Rig, seconds: int) -> Values:
    arrived, took = _small_datagrams(rig, seconds, 0)
    return {"udp": arrived / took / 1e3}


def _udp_paced(rig: Rig, seconds: int) -> Values:
    before = rig.cpu_seconds()
    arrived, took = _small_datagrams(rig, seconds, _PACED_PER_SECOND * _PAYLOAD * 8)
    spent = rig.cpu_seconds() - before
    return {"udp-cpu": spent / arrived * 1e6 if rig.has_daemons() else None,
            "udp-paced": arrived / took / 1e3}


def _ping_values(key: str, text: str) -> Values:
    times, counts = round_trips_ms(text), parse_ping(text)
    return {key: percentile(times, 0.5), f"{key}-p99": percentile(times, 0.99),
            f"{key}-lost": 100 * counts.lost / counts.sent}


def _ping_command(rig: Rig, seconds: int) -> list[str]:
    return ["ping", "-n", "-i", str(_PING_INTERVAL_S), "-c", str(int(seconds / _PING_INTERVAL_S)),
            "-w", str(2 * seconds), "-W", "1", rig.address]


def _ping_at_rest(rig: Rig, seconds: int) -> Values:
    done = rig.a.run(*_ping_command(rig, seconds), check=False, timeout=2 * seconds + 10)
    return _ping_values("ping", done.stdout)


def _ping_under_load(rig: Rig, seconds: int) -> Values:
    with tempfile.TemporaryFile() as output:
        late = f"sleep {_LOAD_LEAD_S}; exec \"$@\""
        pinging = rig.a.popen("sh", "-c", late, "sh", *_ping_command(rig, seconds), stdout=output)
        try:
            report = iperf3(rig.b, rig.a, rig.address, "-b", "1G",
                            "--pacing-timer", str(_LOAD_INTERVAL_US),
                            seconds=seconds + 2 * _LOAD_LEAD_S)
            pinging.wait(2 * seconds + 10)
        finally:
            pinging.kill()
            pinging.wait()
        output.seek(0)
        values = _ping_values("ping-loaded", output.read().decode())
    return {**values, "ping-load": gigabits_per_second(report)}


def _memory(rig: Rig, _seconds: int) -> Values:
    return {"memory": rig.peak_memory_mb()}


# In this order within a round; the peak of memory comes after everything that may raise it.
MEASUREMENTS = (
    Measurement("tcp1", (
        Metric("tcp1", "TCP, 1 stream", "Gbit/s", 2, True),
        Metric("tcp1-cpu", "CPU of both daemons, 1 stream", "s/GB", 2)), _tcp_one_stream),
    _tcp("tcp4", "TCP, 4 streams", "-P", "4"),
    _tcp("tcp-reversed", "TCP, 1 stream, reversed", "-R"),
    _tcp("tcp-both", "TCP, both ways at once, sum", "--bidir"),
    Measurement("udp", (
        Metric("udp", "UDP of 64 bytes, full load, delivered", "k/s", 1, True),), _udp_full_load),
    Measurement("udp-paced", (
        Metric("udp-cpu", "UDP at 20 k/s, CPU of both daemons", "us each", 1),
        Metric("udp-paced", "UDP at 20 k/s, delivered", "k/s", 1, True, True)), _udp_paced),
    Measurement("ping", (
        Metric("ping", "Ping at rest, median", "ms", 3),
        Metric("ping-p99", "Ping at rest, 99th percentile", "ms", 3),
        Metric("ping-lost", "Ping at rest, lost", "%", 2, is_context=True)), _ping_at_rest),
    Measurement("ping-loaded", (
        Metric("ping-loaded", "Ping under 1 Gbit/s, median", "ms", 3),
        Metric("ping-loaded-p99", "Ping under 1 Gbit/s, 99th percentile", "ms", 3),
        Metric("ping-loaded-lost", "Ping under 1 Gbit/s, lost", "%", 2, is_context=True),
        Metric("ping-load", "Ping under 1 Gbit/s, TCP carried", "Gbit/s", 2, True, True)),
        _ping_under_load),
    Measurement("memory", (
        Metric("memory", "Peak memory of the larger daemon", "MB", 1),), _memory),
)
