"""A flood of initiations whose senders all have a valid cookie, from as many IPv6 /64s as they need
to send 20 a second each: keepalives and renewals are in time, and tunnels keep their throughput.
P8, P27, P32

WRING_COOKIE_FLOOD_RATE is how many arrive each second: 10,000 where nothing else is said.
"""

import os
import resource
import select
import socket
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from conformance.wire import crypto, messages
from support.capture import DATA, Capture
from support.clock import Clock
from support.drops import dropped
from support.flood import forged_initiations, send_apart
from support.transfer import await_reach, iperf3
from support.tunnel import PORT, End

_RATE = int(os.environ.get("WRING_COOKIE_FLOOD_RATE", "10000"))
_EACH = 20  # As many as the limiter lets a /64 send in a second, in bursts of five.
_BURST = 5
_SOURCES = _RATE // _EACH
_SITES = 16  # /48s, all of one provider.
_SECONDS = 2  # Of each measurement of throughput.
_ROUNDS, _MOST_ROUNDS = 3, 15
_KEEPALIVE = 32  # Bytes of an empty message.
_DISCARD = 9  # A port that nobody listens at.


class _Source:
    """One address of the attacker, and its initiations: without a cookie, then with one."""

    def __init__(self, sender: socket.socket, bodies: list[bytes], victim: bytes):
        self.socket, self._victim = sender, victim
        self._bodies = {body[4:8]: body for body in bodies}  # By sender index.
        self.buffer = b"".join(bodies)
        self.has_cookie = False

    def take_reply(self) -> None:
        reply = self.socket.recv(2048)
        if self.has_cookie or len(reply) != 64:
            return
        asked = self._bodies[reply[4:8]]
        cookie = messages.open_cookie_reply(reply, self._victim, messages.mac1_of(asked))
        self.buffer = b"".join(body[:-16] + crypto.mac(cookie, body[:-16])
                               for body in self._bodies.values())
        self.has_cookie = True


class _Flood:
    def __init__(self, stack: ExitStack, attacker, victim: End, address: str):
        self._address, self.sent = address, 0
        public = victim.keys.public
        key = crypto.base64.b64decode(public)
        bodies = forged_initiations(public, _SOURCES * _BURST)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _SOURCES + 1024), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self._sources = []
        for number in range(_SOURCES):
            each = stack.enter_context(attacker.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            each.bind((f"2001:db8:{number % _SITES:x}:{number:x}::1", 0))
            first = number * _BURST
            self._sources.append(_Source(each, bodies[first:first + _BURST], key))

    def gather_cookies(self) -> None:
        """The victim gives cookies while it is under load, so the flood begins without any."""
        poll, by_fd = select.poll(), {each.socket.fileno(): each for each in self._sources}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        deadline = time.monotonic() + 30
        while missing := [each for each in self._sources if not each.has_cookie]:
            assert time.monotonic() < deadline, f"{len(missing)} sources got no cookie"
            for each in self._sources:
                send_apart(each.socket, each.buffer, (self._address, PORT))
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                for fd, _ in poll.poll(50):
                    by_fd[fd].take_reply()

    @contextmanager
    def going_on(self, port=PORT):
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop, port))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event, port: int) -> None:
        begin, turns = time.monotonic(), 0
        while not stop.is_set():
            due = begin + turns * _BURST / _RATE
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
            elif now - due > 0.5:  # Half a second and more is not made up for.
                begin += now - due
            source = self._sources[turns % len(self._sources)]
            send_apart(source.socket, source.buffer, (self._address, port))
            turns += 1
            self.sent += _BURST


def _throughput(source: End, sink: End) -> float:
    report = iperf3(sink.host, source.host, sink.inner4, seconds=_SECONDS)
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


def _keepalives(wire: Capture) -> int:
    """Sent since the last call."""
    return sum(each.outgoing and each.type == DATA and len(each.payload) == _KEEPALIVE
               for each in wire.datagrams())


@contextmanager
def _flooded(net, *options):
    """A tunnel, and a flood for its second end, whose clock the test can set. It is the one that
    initiates, and it sends a keepalive each second."""
    a, b = net.pair()
    attacker = net.host("attacker")
    net.cable(b, "attack", attacker, "eth0", 1)
    # The attacker has all of 2001:db8::/32, and speaks from any address in it.
    attacker.ip("-6", "route", "add", "local", "2001:db8::/32", "dev", "lo")
    attacker.sysctl("net.ipv6.ip_nonlocal_bind", 1)
    b.ip("-6", "route", "add", "2001:db8::/32", "via", "fd07:1::2")
    one, flooded = End(a, 1), End(b, 2)
    with ExitStack() as stack:
        clock = stack.enter_context(Clock())
        stack.enter_context(one.start(*options))
        stack.enter_context(flooded.start(*options, env=clock.environment()))
        one.add_peer(flooded)
        flooded.add_peer(one, "10.7.0.1", "persistent-keepalive", 1)
        await_reach(b, one.inner4)
        yield one, flooded, clock, _Flood(stack, attacker, flooded, "fd07:1::1")


@pytest.mark.parametrize("options", [
    ("--io", "uring", "--workers", "1", "--no-offload"), ("--io", "uring", "--workers", "2"),
    ("--io", "epoll", "--workers", "1"), ("--io", "epoll", "--workers", "2", "--no-offload")],
    ids=["uring-1-plain", "uring-2", "epoll-1", "epoll-2-plain"])
def test_a_flood_with_cookies_delays_no_keepalive_and_no_renewal(net, options):
    with _flooded(net, *options) as (one, flooded, clock, flood):
        made = flooded.peer(one).latest_handshake
        # The key is to be renewed some seconds from now: most of its 120 s pass at once.
        clock.sleep(115)
        flood.gather_cookies()
        renewed, seconds = made, []
        with Capture(flooded.host, "eth0") as wire, flood.going_on():
            while len(seconds) < 4 or renewed == made and len(seconds) < 8:
                time.sleep(1.5)
                seconds.append(_keepalives(wire))
                renewed = flooded.peer(one).latest_handshake
        print(f"{flood.sent} initiations sent; keepalives in each 1.5 s: {seconds}")
        assert dropped(flooded, "rate_limited") > 0  # The cookies were good: the limiter was asked.
        assert min(seconds) >= 1
        assert renewed > made


def test_a_flood_with_cookies_leaves_a_tunnel_its_throughput(net):
    """Beside the same flood at a port where nobody listens: the attacker and the kernel work on the
    same processors here, and the daemon does not answer for what they take."""
    with _flooded(net) as (one, flooded, _, flood):
        flood.gather_cookies()
        kept: list[float] = []
        while len(kept) < _ROUNDS or statistics.median(kept) < 0.8 and len(kept) < _MOST_ROUNDS:
            with flood.going_on(_DISCARD):
                elsewhere = _throughput(one, flooded)
            with flood.going_on():
                kept.append(_throughput(one, flooded) / elsewhere)
        print(f"throughput kept: {', '.join(f'{each:.2f}' for each in kept)}")
        assert statistics.median(kept) >= 0.8
