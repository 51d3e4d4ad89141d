"""A daemon that ends and comes back, and keys that are renewed under traffic."""

import threading
import time

import pytest

from support.transfer import await_reach, iperf3, parse_ping, ping, send_tcp


def _restart(end, other, endpoint, how):
    if how == "kill":
        end.daemon.kill()
        assert end.daemon.has_socket()  # The stale socket must not be in the way. P35
    else:
        end.daemon.stop()
    daemon = end.start()
    end.add_peer(other, endpoint)
    return daemon


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("which", [0, 1], ids=["initiator", "responder"])
def test_a_restarted_end_gets_through_at_once(ends, how, which):
    again, other = ends[which], ends[1 - which]
    assert ping(ends[0].host, ends[1].inner4).lost == 0
    with _restart(again, other, ("10.7.0.2", "10.7.0.1")[which], how):
        # Its own initiation has a later TAI64N than the last one, so it is taken. P5
        assert ping(again.host, other.inner4).lost == 0
        assert ping(other.host, again.inner4).lost == 0
        send_tcp(other.host, again.host, again.inner4, 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1], ids=["initiator", "responder"])
def test_the_end_that_stayed_notices_a_restart_by_itself(ends, which):  # P9
    again, other = ends[which], ends[1 - which]
    assert ping(ends[0].host, ends[1].inner4).lost == 0
    with _restart(again, other, None, "kill"):
        # 15 s without an answer to what it sent, then a handshake anew.
        started = time.monotonic()
        await_reach(other.host, again.inner4, 20.0)
        assert time.monotonic() - started > 10


@pytest.mark.slow
def test_keys_are_renewed_under_traffic_without_a_loss(ends):  # P8
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    first = one.peer(two).latest_handshake
    outcome: dict[str, object] = {}

    def stream():
        # Paced, so that a loss on the way would be the tunnel's doing and not a full queue's.
        outcome["tcp"] = iperf3(two.host, one.host, two.inner4, "-b", "2M", seconds=130)

    def pings(end, address):
        done = end.host.run("ping", "-n", "-c", "1300", "-i", "0.1", "-W", "2", address,
                            check=False, timeout=150)
        outcome[address] = parse_ping(done.stdout)

    threads = [threading.Thread(target=stream),
               threading.Thread(target=pings, args=(one, two.inner4)),
               threading.Thread(target=pings, args=(two, one.inner6))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(170)
    for address in (two.inner4, one.inner6):
        result = outcome[address]
        assert (result.sent, result.lost, result.duplicates) == (1300, 0, 0)
    # The stream never stood still. (On a busy machine TCP may send again what was not lost, so its
    # retransmissions prove nothing.)
    assert all(second["sum"]["bytes"] > 0 for second in outcome["tcp"]["intervals"])
    # 120 s after the first handshake, give or take the clock's whole seconds, came the next one.
    assert 118 <= one.peer(two).latest_handshake - first <= 127
    assert abs(two.peer(one).latest_handshake - one.peer(two).latest_handshake) <= 1
