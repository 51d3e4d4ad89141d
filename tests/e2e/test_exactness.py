"""The tunnel stays exact: what comes out of the far TUN, segmented again, is byte for byte and in
order what went in. Only the id of an IPv4 packet that was joined and must not be fragmented may
differ, which RFC 6864 gives no meaning.

ctest runs this file on both pumps, with offloads and without. Each run has another fourth of all
combinations of the path's address family and MTU with the tunnel's MTU; some it has every time.
With WRING_INNER=packet the packets come by packet sockets instead of a TUN.
"""

import itertools
import os
import signal
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

from support import corpus
from support.daemon import Daemon
from support.exactly import compare_flows, compare_streams, streams
from support.netns import Host, Net, softnet_drops
from support.packet_link import start_by_packet_sockets
from support.segments import Frame
from support.tap import Injector, Tap
from support.transfer import await_reach, send_tcp
from support.tunnel import PORT, End, tunnel
from support.waiting import eventually

_OPTIONS = os.environ.get("WRING_OPTIONS", "")
_OFFLOAD = "--no-offload" not in _OPTIONS
_PUMP = "epoll" if "epoll" in _OPTIONS else "uring"
_BY_PACKET_SOCKETS = os.environ.get("WRING_INNER") == "packet"

_TUNNELS = (576, 1280, 1420, 8920, 9000, 65000)
# The path's MTU for each of the tunnel's MTUs above, by pump, offloads and IP version of the path.
# In each column every MTU comes up as often as the others, so four runs cover all combinations.
_PATHS = {
    ("uring", True, 4): (1400, 1500, 9000, 65535, 1400, 1500),
    ("uring", True, 6): (9000, 65535, 1400, 1500, 9000, 65535),
    ("uring", False, 4): (1500, 9000, 65535, 1400, 1500, 9000),
    ("uring", False, 6): (65535, 1400, 1500, 9000, 65535, 1400),
    ("epoll", True, 4): (9000, 65535, 1400, 1500, 9000, 65535),
    ("epoll", True, 6): (1400, 1500, 9000, 65535, 1400, 1500),
    ("epoll", False, 4): (65535, 1400, 1500, 9000, 65535, 1400),
    ("epoll", False, 6): (1500, 9000, 65535, 1400, 1500, 9000),
}
_TELLING = ((1400, 1420), (1500, 1420), (1500, 9000), (65535, 65000))
_OFFLOADS = ("tx", "gso", "gro", "tso", "tx-udp-segmentation", "rx-udp-gro-forwarding")

_UDP_SEGMENT = 103  # linux/udp.h


class Cell(NamedTuple):
    outer: int  # The IP version of the path.
    path: int  # Its MTU.
    tunnel: int  # The tunnel's MTU.
    bare: bool  # The path's interfaces have their offloads off.

    def __str__(self) -> str:
        return f"v{self.outer}-{self.path}-{self.tunnel}{'-bare' if self.bare else ''}"


def _cells() -> list[Cell]:
    cells = [Cell(outer, path, size, bare=(outer == 6) == _OFFLOAD)
             for outer in (4, 6) for path, size in _TELLING]
    for outer in (4, 6):
        bare = itertools.cycle((True, False) if outer == 4 else (False, True))
        for path, size in zip(_PATHS[_PUMP, _OFFLOAD, outer], _TUNNELS):
            cell = Cell(outer, path, size, next(bare))
            if cell[:3] not in [each[:3] for each in cells]:
                cells.append(cell)
    return cells


class Rig:
    """Two daemons that all cells share."""

    def __init__(self, net: Net, one_worker: bool):
        self.one_worker = one_worker
        self.ends = [End(host, number) for number, host in enumerate(net.pair(), 1)]
        self._bare = False

    def prepare(self, cell: Cell) -> None:
        one, two = self.ends
        for end in self.ends:
            end.host.ip("link", "set", "eth0", "mtu", str(cell.path))
            end.host.ip("link", "set", "wg0", "mtu", str(cell.tunnel))
            if cell.bare != self._bare:
                words = itertools.product(_OFFLOADS, ["off" if cell.bare else "on"])
                end.host.run("ethtool", "-K", "eth0", *itertools.chain(*words))
            if cell.tunnel >= 1280:
                # They went if the last tunnel was too narrow for IPv6.
                end.host.ip("address", "replace", f"{end.inner6}/64", "dev", "wg0", "nodad")
        self._bare = cell.bare
        prefix = "10.7.0." if cell.outer == 4 else "fd07:0::"
        for number, end, other in ((2, one, two), (1, two, one)):
            where = f"{prefix}{number}:{PORT}" if cell.outer == 4 else f"[{prefix}{number}]:{PORT}"
            # Anew, so that nothing is left of what the last path did not bear.
            end.configure("peer", other.keys.public, "remove")
            end.configure("peer", other.keys.public, "endpoint", where, "allowed-ips",
                          f"{other.inner4}/32,{other.inner6}/128,{corpus.NETWORKS}")
        await_reach(one.host, two.inner4, 30.0)


@pytest.fixture(scope="module")
def rig(request):
    """With one worker, or with as many as the daemon likes to have."""
    workers = ("--workers", str(request.param)) if request.param else ()
    with Net() as net:
        made = Rig(net, request.param == 1)
        with _start(made.ends[0], workers), _start(made.ends[1], workers):
            yield made


def _start(end: End, arguments: tuple[str, ...]) -> Daemon:
    if not _BY_PACKET_SOCKETS:
        return end.start(*arguments)
    return start_by_packet_sockets(end, *arguments, sockets=1 if arguments else 2)


# --- packets made by hand

@contextmanager
def _halted(*ends: End) -> Iterator[list]:
    """Yields the halted ends; whoever takes one out lets it go on itself."""
    halted = list(ends)
    for end in ends:
        os.kill(end.daemon.pid, signal.SIGSTOP)
    try:
        yield halted
    finally:
        for end in halted:
            os.kill(end.daemon.pid, signal.SIGCONT)


def _packets_read_from_tun(host: Host) -> int:
    for line in Path(f"/proc/{host.pid}/net/dev").read_text().splitlines():
        if line.strip().startswith("wg0:"):
            return int(line.split(":")[1].split()[9])
    raise AssertionError("there is no wg0")


def _carry(one: End, two: End, flows: list[corpus.Flow]) -> list[Frame]:
    """Hands the flows to one TUN and returns what came out of the other. Both daemons are halted
    meanwhile, so that they find much at a time to split and to join."""
    frames = [frame for _, of_flow in flows for frame in of_flow]
    before = _packets_read_from_tun(one.host)
    arrived: list[Frame] = []
    missing = sum(len(frame.segments()) for frame in frames)
    with Tap(two.host) as tap, Injector(one.host) as injector:
        def all_arrived() -> bool:
            nonlocal missing
            new = [frame for outgoing, frame in tap.frames()
                   if not outgoing and corpus.is_part(frame.packet)]
            arrived.extend(new)
            missing -= sum(len(frame.segments()) for frame in new)
            return missing <= 0

        with _halted(two, one) as halted:
            for frame in frames:
                injector.send(frame)
            os.kill(halted.pop().daemon.pid, signal.SIGCONT)
            # A veth pair counts them before the daemon reads them.
            eventually(lambda: _packets_read_from_tun(one.host) - before >= len(frames),
                       "the daemon has read the packets", 30.0)
        try:
            eventually(all_arrived, "all packets have arrived", 30.0)
        except AssertionError:
            pass  # The comparison tells which are missing.
    return arrived


def _carry_exactly(one: End, two: End, flows: list[corpus.Flow]) -> list[Frame]:
    """Insists that all arrived, each as it was, and nothing else did. A veth pair's packets wait
    for their processor in a backlog of 1,000, out of which the kernel drops them where the machine
    is busy: if it did, and some are missing, they are sent again."""
    for _ in range(5):
        dropped = softnet_drops()
        arrived = _carry(one, two, flows)
        missing = sum(len(frame.segments()) for _, sent in flows for frame in sent) - \
            sum(len(frame.segments()) for frame in arrived)
        if missing == 0 or softnet_drops() == dropped:
            break
    compare_flows(flows, arrived)
    return arrived


# --- sockets

def _transfer(rig: Rig, size: int, version: int) -> None:
    """Both directions at once; the other one by the other IP version, if there is one."""
    one, two = rig.ends
    errors = []

    def send(source: End, sink: End, address: str) -> None:
        try:
            send_tcp(source.host, sink.host, address, size)
        except BaseException as error:
            errors.append(error)

    address = one.inner6 if version == 6 else one.inner4
    back = threading.Thread(target=send, args=(two, one, address))
    back.start()
    send(one, two, two.inner4)
    back.join()
    if errors:
        raise errors[0]


def _send_segmented_udp(rig: Rig, tunnel_mtu: int) -> None:
    """Datagrams that the kernel is given many at a time arrive as they were meant."""
    one, two = rig.ends
    with two.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink, \
            one.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        sink.bind((two.inner4, 0))
        sink.settimeout(30.0)
        for size, total in ((tunnel_mtu - 28, min(5 * tunnel_mtu, 65000)), (100, 6399), (1, 40)):
            source.setsockopt(socket.SOL_UDP, _UDP_SEGMENT, size)
            message = bytes(i * i >> 3 & 255 for i in range(total))
            source.sendto(message, sink.getsockname())
            sent = [message[i:i + size] for i in range(0, total, size)]
            assert [sink.recv(1 << 16) for _ in sent] == sent


# --- the tests

# One worker over IPv4, as many as the daemon likes over IPv6.
@pytest.mark.parametrize("rig, cell",
                         [(1 if cell.outer == 4 else None, cell) for cell in _cells()],
                         indirect=["rig"], ids=map(str, _cells()))
def test_what_comes_out_is_what_went_in(rig, cell):
    rig.prepare(cell)
    one, two = rig.ends
    for version in (4, 6):
        flows = corpus.Corpus(version, cell.tunnel).flows
        arrived = _carry_exactly(one, two, flows)
        assert any(frame.joined for frame in arrived) == _OFFLOAD

    version = 6 if cell.tunnel >= 1280 else 4
    with Tap(one.host) as tap_one, Tap(two.host) as tap_two:
        _transfer(rig, 500_000, version)
        _send_segmented_udp(rig, cell.tunnel)
        at_one, at_two = tap_one.frames(), tap_two.frames()
    for source, sink in ((at_one, at_two), (at_two, at_one)):
        sent = streams(source, True)
        assert sum(map(len, sent.values())) >= 500_000 / cell.tunnel
        if cell.tunnel <= 1420:
            for frames in (source, sink):
                assert any(frame.joined for _, frame in frames) == _OFFLOAD
        # Several workers keep the order only where the kernel lets us choose the queue of a flow. A
        # veth pair keeps it only among what one processor sends, and TCP acknowledges on another.
        in_order = rig.one_worker and not _BY_PACKET_SOCKETS
        compare_streams(sent, streams(sink, False), in_order)
    _transfer(rig, 4_500_000, version)


def test_a_refused_joined_send_loses_nothing_and_is_told_once(net):
    """The path is narrower than the tunnel, so the kernel refuses UDP_SEGMENT at run time."""
    host_a, host_b = net.pair()
    for host in (host_a, host_b):
        host.ip("link", "set", "eth0", "mtu", "1400")
    with tunnel(host_a, host_b) as (one, two):
        for end, other in ((one, two), (two, one)):
            end.configure("peer", other.keys.public, "allowed-ips",
                          f"{other.inner4}/32,{other.inner6}/128,{corpus.NETWORKS}")
        await_reach(one.host, two.inner4, 30.0)
        flows = corpus.Corpus(4, 1420).flows
        _carry_exactly(one, two, flows)

        def told() -> int:
            return one.daemon.log().count("does not segment datagrams")

        # A worker says it when the next packets come to it, which are those of the same flows.
        _carry_exactly(one, two, flows)
        if _OFFLOAD:
            eventually(told, "the daemon has said that a row of datagrams was refused")
        assert told() == (1 if _OFFLOAD else 0), one.daemon.log()
