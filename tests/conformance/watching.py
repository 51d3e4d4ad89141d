"""What wring drops and what it delivers, seen while a test does something."""

import select
import socket
from contextlib import contextmanager

from support.waiting import eventually

_ETH_P_ALL = 3


@contextmanager
def drops(wring, reason, count):
    """That the block has wring drop this many for this reason. Of `no_peer` there may be more:
    what the kernel sends by itself on an interface with IPv6."""
    before = wring.control.dropped()[reason]
    yield
    eventually(lambda: wring.control.dropped()[reason] >= before + count, f"{count} {reason}")
    assert reason == "no_peer" or wring.control.dropped()[reason] == before + count


@contextmanager
def packets(wring):
    """What wring delivers, whole: the list that the block gets is filled at its end."""
    found: list[bytes] = []
    with wring.host.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as raw:
        raw.bind(("wg0", _ETH_P_ALL))
        yield found
        while select.select([raw], [], [], 0.0)[0]:
            packet, (_, _, kind, _, _) = raw.recvfrom(1 << 16)
            if kind != socket.PACKET_OUTGOING:
                found.append(packet)


def is_refused(peer, message, reason):
    """Sends it; it is counted under this reason, it changes nothing, and nothing comes back."""
    wring = peer.wring
    before, state = wring.control.dropped()[reason], peer.state()
    peer.send(message)
    eventually(lambda: wring.control.dropped()[reason] == before + 1, f"it is dropped: {reason}")
    assert peer.receive(0.0) is None
    assert peer.state() == state
