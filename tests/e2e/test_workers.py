"""Several workers at once: no flow may be put out of order."""

import threading

import pytest

from support.transfer import iperf3, ping, send_tcp, send_udp
from support.tunnel import tunnel

FLOWS = 8


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
        arrived = send_udp(one.host, two.host, two.inner4, 500, pause=0.005)
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
