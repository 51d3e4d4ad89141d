"""Several workers at once: no flow may be put out of order."""

import os
import re
import socket
import threading
from pathlib import Path

import pytest

from support.daemon import Daemon
from support.transfer import iperf3, ping, send_tcp, send_udp
from support.tunnel import End, tunnel
from support.waiting import eventually

FLOWS = 8


def _worker_threads(daemon):
    """The folders in /proc of the daemon's workers, in their order."""
    tasks = [task for task in Path(f"/proc/{daemon.pid}/task").iterdir()
             if re.fullmatch(r"wring-\d+\n", (task / "comm").read_text())]
    return sorted(tasks, key=lambda task: int((task / "comm").read_text().split("-")[1]))


def test_each_worker_runs_on_the_cpu_that_it_was_given(pair):
    cpus = sorted(os.sched_getaffinity(0), reverse=True)[:2]
    with Daemon(pair[0], "wg0", "--cpus", ",".join(map(str, cpus))) as daemon:
        def where():
            return [next(line.split()[1] for line in (task / "status").read_text().splitlines()
                         if line.startswith("Cpus_allowed_list:"))
                    for task in _worker_threads(daemon)]
        # A worker names and binds itself when it first runs.
        eventually(lambda: where() == [str(cpu) for cpu in cpus], f"workers are on {cpus}")


def _echo_once_per_flow(one, two, source_port, flows):
    """A datagram of each flow to the other end and back."""
    with two.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind((two.inner4, 30000))
        sink.settimeout(10)
        for port in range(source_port, source_port + flows):
            with one.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
                source.settimeout(10)
                source.bind((one.inner4, port))
                source.sendto(b"there", (two.inner4, 30000))
                data, sender = sink.recvfrom(100)
                sink.sendto(data, sender)
                assert source.recv(100) == b"there"


def _wake_ups(daemon):
    """How often each worker has waited for something to do."""
    return [int((task / "status").read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])
            for task in _worker_threads(daemon)]


def test_the_flows_of_one_peer_leave_by_several_workers(pair):
    # All answers come to the one worker that the session is steered to; were the flows to follow
    # them, as the kernel has it, three workers would have nothing to do.
    with tunnel(*pair, arguments=("--workers", "4")) as (one, two):
        assert ping(one.host, two.inner4).lost == 0
        before = _wake_ups(one.daemon)
        for _ in range(5):
            _echo_once_per_flow(one, two, 20000, 32)
        woken = [after - earlier for earlier, after in zip(before, _wake_ups(one.daemon))]
        print(woken)
        assert min(woken) >= 15, woken  # Of 160 packets; the ports are fixed, and so is the hash.


def test_a_kernel_that_refuses_the_steering_is_worked_with(pair, deny_syscall):
    one, two = (End(host, number) for number, host in enumerate(pair, 1))
    denied = [*deny_syscall("bpf", "EPERM"), "--workers", "4"]
    with one.start(command=denied) as daemon, two.start("--workers", "4"):
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one)
        assert ping(one.host, two.inner4).lost == 0
        assert "eBPF" in daemon.log()


@pytest.fixture(params=[1, 2, 4])
def some_workers(request, pair):
    with tunnel(*pair, arguments=("--workers", str(request.param))) as both:
        yield both


def _in_parallel(work):
    failures = []

    def guarded(index):
        try:
            work(index)
        except BaseException as error:  # Handed to the main thread below.
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(FLOWS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    if failures:
        raise failures[0]


def test_datagrams_of_a_flow_arrive_in_the_order_they_were_sent(some_workers):
    one, two = some_workers
    assert ping(one.host, two.inner4).lost == 0

    def flow(_):
        arrived = send_udp(one.host, two.host, two.inner4, 500, quiet=2.5, pause=0.005)
        assert arrived == sorted(set(arrived))  # In order, and none twice.
        assert len(arrived) > 400  # A queue may have been full, but not most of the time.

    _in_parallel(flow)


def test_parallel_transfers_arrive_unchanged(some_workers):
    one, two = some_workers
    ends = ((one, two), (two, one))
    assert ping(one.host, two.inner4).lost == 0

    def flow(index):
        source, sink = ends[index % 2]
        address = sink.inner4 if index < FLOWS // 2 else sink.inner6
        send_tcp(source.host, sink.host, address, 3_000_000, seed=index)

    _in_parallel(flow)


_REORDERED = ("TcpExtTCPSACKReorder", "TcpExtTCPTSReorder", "TcpExtTCPDSACKRecv")


def _counters(host, *names):
    """The namespace's own TCP counters, since it was made."""
    lines = host.run("nstat", "-asz", *names).stdout.splitlines()
    return {name: int(value) for name, value, *_ in map(str.split, lines[1:])}


@pytest.fixture
def four_workers(pair):
    with tunnel(*pair, arguments=("--workers", "4")) as both:
        assert ping(both[0].host, both[1].inner4).lost == 0
        yield both


@pytest.mark.slow
def test_eight_tcp_flows_on_a_clean_path_arrive_in_order(four_workers):
    one, two = four_workers
    # Each flow is paced, so that no queue overflows: what is out of order then, we put so.
    report = iperf3(two.host, one.host, two.inner4, "-P", str(FLOWS), "--fq-rate", "12M",
                    seconds=20)
    received = _counters(two.host, "TcpInSegs", "TcpExtTCPOFOQueue")
    sent = _counters(one.host, "TcpRetransSegs", *_REORDERED)
    print(report["end"]["sum_received"]["bits_per_second"] / 1e6, "Mbit/s", received, sent)
    # A segment here may be a row of up to 64 that arrived together.
    assert report["end"]["sum_received"]["bytes"] > 200_000_000
    assert received["TcpExtTCPOFOQueue"] <= received["TcpInSegs"] / 1000


@pytest.mark.slow
def test_eight_tcp_flows_at_full_speed_are_not_reordered(four_workers):
    one, two = four_workers
    report = iperf3(two.host, one.host, two.inner4, "-P", str(FLOWS), seconds=10)
    sent = _counters(one.host, "TcpOutSegs", "TcpRetransSegs", *_REORDERED)
    print(report["end"]["sum_received"]["bits_per_second"] / 1e6, "Mbit/s", sent)
    # Full queues drop, and what is behind a drop waits for it. These counters tell the difference:
    # they move where the sender learns that what it took for lost had only been overtaken.
    assert sum(sent[name] for name in _REORDERED) <= sent["TcpOutSegs"] / 1000
