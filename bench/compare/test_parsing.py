"""The numbers in what iperf3, ping and /proc print."""

import pytest

from compare import parsing


def _received(size: int) -> dict:
    return {"bytes": size, "seconds": 2.0}


def test_throughput_is_what_the_receiver_counted():
    report = {"end": {"sum_sent": _received(9_000_000_000), "sum_received": _received(10 ** 9)}}
    assert parsing.gigabits_per_second(report) == 4.0


def test_both_directions_are_added_up():
    report = {"end": {"sum_received": _received(10 ** 9),
                      "sum_received_bidir_reverse": _received(5 * 10 ** 8)}}
    assert parsing.gigabits_per_second(report) == 6.0


def test_every_reply_counts_once():
    text = ("64 bytes from 10.9.0.2: icmp_seq=1 ttl=64 time=0.123 ms\n"
            "64 bytes from 10.9.0.2: icmp_seq=1 ttl=64 time=0.200 ms (DUP!)\n"
            "64 bytes from 10.9.0.2: icmp_seq=2 ttl=64 time=12 ms\n\n"
            "rtt min/avg/max/mdev = 0.123/6.0/12.0/1.0 ms\n")
    assert parsing.round_trips_ms(text) == [0.123, 12.0]
    with pytest.raises(AssertionError, match="no answer"):
        parsing.round_trips_ms("2 packets transmitted, 0 received\n")


def test_cpu_time_is_found_behind_a_name_with_brackets():
    stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 1 1 1\n"
    assert parsing.cpu_ticks(stat) == 300


def test_peak_memory_is_vm_hwm():
    assert parsing.peak_kib("VmPeak:\t  900 kB\nVmHWM:\t  512 kB\nVmRSS:\t 300 kB\n") == 512
