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
        arrived = send_udp(one.host, two.host, two.inner4, 1000)
        assert arrived == sorted(set(arrived))  # In order, and none twice.
        assert len(arrived) > 500

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


def _counters(host, *names):
    """The namespace's own TCP counters, since it was made."""
    lines = host.run("nstat", "-asz", *names).stdout.splitlines()
    return {name: int(value) for name, value, *_ in map(str.split, lines[1:])}


@pytest.mark.slow
def test_eight_tcp_flows_over_four_workers_are_not_reordered(pair):
    with tunnel(*pair, arguments=("--workers", "4")) as (one, two):
        assert ping(one.host, two.inner4).lost == 0
        report = iperf3(two.host, one.host, two.inner4, "-P", str(FLOWS), seconds=20)
        received = _counters(two.host, "TcpInSegs", "TcpExtTCPOFOQueue")
        sent = _counters(one.host, "TcpRetransSegs", "TcpExtTCPSACKReorder",
                         "TcpExtTCPTSReorder", "TcpExtTCPDSACKRecv")
        print(f"{report['end']['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s",
              received, sent)
        # A packet that a full queue dropped makes those behind it arrive before its replacement,
        # so a few segments per thousand are no sign of reordering.
        assert received["TcpExtTCPOFOQueue"] <= received["TcpInSegs"] / 500
        # This counts only reordering: the sender learned that nothing had been lost after all.
        assert sent["TcpExtTCPSACKReorder"] + sent["TcpExtTCPTSReorder"] <= FLOWS
