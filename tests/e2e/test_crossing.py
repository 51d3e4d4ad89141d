"""Handshakes that cross, because both ends begin within one way's delay: one session wins, and no
renewal loses a packet or crosses again. (docs/decisions/0024-crossing-handshakes.md)

The ends go by clocks of their own, which jump to the renewals.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from support.capture import INITIATION, Capture
from support.clock import Clock
from support.drops import dropped
from support.slow_way import slow_way
from support.transfer import ping
from support.tunnel import PORT, End

_ONE_WAY_MS = 300
_INTERVAL = 0.1
_RENEWALS = 2
_SECONDS = 4.0  # From one renewal to the next, on the machine's clock.


def test_handshakes_that_cross_lose_nothing_then_or_at_any_renewal(net):  # P10, P11
    a, middle, b = net.host("a"), net.host("relay"), net.host("b")
    net.cable(a, "eth0", middle, "toa", 1)
    net.cable(b, "eth0", middle, "tob", 2)
    ends = one, two = End(a, 1), End(b, 2)
    with ExitStack() as stack:
        stack.enter_context(slow_way(middle, _ONE_WAY_MS, ("10.7.1.2", PORT), ("10.7.1.1", PORT),
                                     ("10.7.2.2", PORT), ("10.7.2.1", PORT)))
        for end in ends:
            end.clock = stack.enter_context(Clock())
            stack.enter_context(end.start(env=end.clock.environment()))
        one.add_peer(two, "10.7.1.2")
        two.add_peer(one, "10.7.2.2")
        wires = [stack.enter_context(Capture(host, "eth0")) for host in (a, b)]
        pool = stack.enter_context(ThreadPoolExecutor(2))
        count = int((_RENEWALS + 1) * _SECONDS / _INTERVAL)
        pings = [pool.submit(ping, end.host, other.inner4, count, _INTERVAL)
                 for end, other in (ends, ends[::-1])]
        for _ in range(_RENEWALS):
            time.sleep(_SECONDS)
            for end in ends:
                end.clock.sleep(120 - _SECONDS / 2)
        lost = [each.result().lost for each in pings]
        calls = [sum(each.type == INITIATION and each.outgoing for each in wire.datagrams())
                 for wire in wires]
        unknown = [dropped(end, "unknown_index") for end in ends]
        print(f"initiations: {calls}; pings lost: {lost}; unknown index: {unknown}")
        assert min(calls) >= 1  # They crossed.
        assert sum(calls) == 2 + _RENEWALS  # A renewal is one end's affair.
        assert unknown == [0, 0]
        assert lost == [0, 0]
