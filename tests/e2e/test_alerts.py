"""Each alert of contrib fires while its cause lasts on a live tunnel, and clears after it. Debian's
Prometheus evaluates the rules, with minutes of two seconds (support/prometheus.py)."""

import itertools
import re
import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest

from support import wg
from support.clock import Clock
from support.flood import forged_initiations, joined, send_apart
from support.netns import Net
from support.prometheus import RULES, Prometheus, is_installed
from support.scraping import Metrics
from support.transfer import await_reach, listening_iperf3
from support.tunnel import PORT, End
from support.waiting import eventually

pytestmark = pytest.mark.skipif(not is_installed(), reason="no prometheus")
# What two processors under test can do in ten seconds.
THRESHOLDS = {"roamings_total[20s]) > 100": "roamings_total[20s]) > 10",
              '"worker-.*"}[10s]) > 0.9': '"worker-.*"}[10s]) > 0.02'}
_PATIENCE = 60.0


class Watched:
    """The end of a tunnel that Prometheus watches, with `wring metrics` that was told no name, and
    the other end. A clock that can be shifted is the watched engine's and that of its metrics."""

    def __init__(self, stack, folder):
        a, b = stack.enter_context(Net()).pair()
        self._clock = stack.enter_context(Clock())
        self.one, self.two = End(a, 1), End(b, 2)
        self.begin()
        stack.callback(lambda: self.one.daemon.stop())
        stack.enter_context(self.two.start())
        self.two.add_peer(self.one, "10.7.0.1")
        await_reach(a, self.two.inner4)
        self.begin_metrics()
        stack.callback(lambda: self.metrics.__exit__(None))
        self.prometheus = stack.enter_context(Prometheus(a, folder, THRESHOLDS))
        eventually(lambda: self.prometheus.query("rate(wring_up[10s]) + 1"), "it scrapes",
                   _PATIENCE, 0.3)

    def begin(self):
        self.one.start(env=self._clock.environment())
        self.one.add_peer(self.two, "10.7.0.2")

    def begin_metrics(self):
        self.metrics = Metrics(self.one.host, env=self._clock.environment())

    def sleep(self, seconds):
        self._clock.sleep(seconds)

    def await_fire(self, *alerts):
        eventually(lambda: set(alerts) <= self.prometheus.firing(), f"{alerts} fire", _PATIENCE,
                   0.3)

    def await_clear(self, *alerts):
        eventually(lambda: not set(alerts) & self.prometheus.firing(), f"{alerts} clear", _PATIENCE,
                   0.3)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    with ExitStack() as stack:
        yield Watched(stack, tmp_path_factory.mktemp("p"))


@contextmanager
def repeated(act, pause):
    """Does it again and again, beside the test."""
    end = threading.Event()

    def run():
        while not end.is_set():
            act()
            end.wait(pause)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def pinging(host, address):
    """Something to send, whether there is an answer or not."""
    process = host.popen("ping", "-q", "-i", "0.2", address, stdout=-3, stderr=-3)
    yield
    process.kill()
    process.wait()


@contextmanager
def a_peer_that_never_answers(watched):
    """Its engine is there, but the endpoint has a wrong port, which is corrected in the end."""
    other = End(watched.two.host, 3, "wg3")
    other.port = 51999
    with other.start():
        other.add_peer(watched.one)
        watched.one.configure("peer", other.keys.public, "endpoint", "10.7.0.2:9",
                              "allowed-ips", other.inner4)
        with pinging(watched.one.host, other.inner4):
            yield
            watched.one.configure("peer", other.keys.public, "endpoint", "10.7.0.2:51999")
            wg.await_handshake(watched.one.host, "wg0", other.keys.public, timeout=30.0)
        watched.one.configure("peer", other.keys.public, "remove")


@contextmanager
def sending(watched, buffers, pause):
    """Datagrams of somebody who is no peer."""
    with watched.two.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        def burst():
            for buffer in buffers:
                send_apart(sender, buffer, ("10.7.0.1", PORT))
        with repeated(burst, pause):
            yield


def a_flood_of_handshakes(watched):
    forged = forged_initiations(watched.one.keys.public, 1024)
    return sending(watched, list(joined(forged)), 0.2)


def datagrams_that_are_no_messages(watched):
    return sending(watched, [bytes(148 * 32)], 0.3)


@contextmanager
def a_peer_that_moves(watched):
    ports = itertools.cycle((PORT + 1, PORT))

    def move():
        watched.two.configure("listen-port", next(ports))
        watched.two.host.run("ping", "-c", "1", "-W", "0.2", watched.one.inner4, check=False)
    with repeated(move, 0.0):
        yield
    watched.two.configure("listen-port", PORT)


@contextmanager
def a_lot_to_carry(watched):
    with listening_iperf3(watched.two.host, watched.two.inner4):
        client = watched.one.host.popen("iperf3", "-c", watched.two.inner4, "-t", "600",
                                        stdout=-3, stderr=-3)
        yield
        client.kill()
        client.wait()


CAUSES = {a_peer_that_never_answers: {"WringPeerNeverAnswered", "WringHandshakesFail"},
          datagrams_that_are_no_messages: {"WringDrops"},
          a_flood_of_handshakes: {"WringUnderAttack"},
          a_peer_that_moves: {"WringPeerRoamsOften"},
          a_lot_to_carry: {"WringWorkerBusy"}}
# In tests of their own, because they are about all of the tunnel.
ALONE = {"WringPeerSilent", "WringMetricsDown", "WringDown"}


def test_each_alert_has_a_test():
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    assert alerts == ALONE.union(*CAUSES.values())


def test_a_well_tunnel_raises_no_alert(watched):
    assert watched.prometheus.query("wring_up") and watched.prometheus.firing() == set()


def test_a_peer_that_falls_silent(watched):
    one, two = watched.one, watched.two
    with pinging(one.host, two.inner4):
        two.host.ip("link", "set", "eth0", "down")
        # More than three minutes pass at once. The session is too old then, and the handshakes that
        # are to renew it get no answer.
        watched.sleep(200)
        watched.await_fire("WringPeerSilent")
        two.host.ip("link", "set", "eth0", "up")
        watched.await_clear("WringPeerSilent")


def test_what_happens_to_an_interface(watched):
    """All at once, because most of the time is spent in waiting. Each cause ends as soon as its
    alerts fire."""
    with ExitStack() as stack:
        waiting = {}
        for cause, alerts in CAUSES.items():
            mine = stack.enter_context(ExitStack())
            mine.enter_context(cause(watched))
            waiting[mine] = alerts

        def all_fired():
            firing = watched.prometheus.firing()
            for mine in [each for each, alerts in waiting.items() if alerts <= firing]:
                del waiting[mine]
                mine.close()
            return not waiting
        eventually(all_fired, lambda: f"they fire: {waiting.values()}", _PATIENCE, 0.3)
    watched.await_clear(*set().union(*CAUSES.values()))
    assert wg.show(watched.one.host, "wg0").only_peer().latest_handshake


def test_metrics_that_are_away(watched):
    watched.metrics.__exit__(None)
    watched.await_fire("WringMetricsDown")
    assert "WringDown" not in watched.prometheus.firing()
    watched.begin_metrics()
    watched.await_clear("WringMetricsDown")


def test_an_engine_that_is_away(watched):
    watched.one.daemon.stop()
    watched.await_fire("WringDown")
    watched.begin()
    watched.await_clear("WringDown")
