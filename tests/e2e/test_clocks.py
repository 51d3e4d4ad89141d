"""A wall clock that is set back, and a machine that slept: each end has a clock of its own here."""

import os
import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.capture import DATA, INITIATION, RESPONSE, Capture
from support.clock import Clock
from support.drops import dropped
from support.transfer import await_reach, ping, reaches
from support.tunnel import End
from support.waiting import eventually

_HOUR = 3600.0


@pytest.fixture
def timed(pair):
    """A tunnel as `ends` has it; each end has its clock in `.clock`."""
    with ExitStack() as stack:
        ends = [End(host, number) for number, host in enumerate(pair, 1)]
        for end in ends:
            end.clock = stack.enter_context(Clock())
            stack.enter_context(end.start(env=end.clock.environment()))
        one, two = ends
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one, "10.7.0.1")
        yield one, two


def _suspend(end, seconds):
    """The end sleeps and wakes up. The other one, for which no time passes, must not take its next
    initiation for part of a flood: 20 ms lie between two. P5"""
    time.sleep(0.05)
    end.clock.sleep(seconds)


def _handshakes(wire):
    """The handshake messages among what has passed, as (type, whether it left)."""
    return [(each.type, each.outgoing) for each in wire.datagrams()
            if each.type in (INITIATION, RESPONSE)]


def _restart_with_clock(end, other, endpoint, ahead):
    end.daemon.kill()
    end.clock.set_wall(ahead)
    daemon = end.start(env=end.clock.environment())
    end.add_peer(other, endpoint)
    return daemon


def test_a_running_end_whose_clock_is_set_back_goes_on_making_sessions(timed):  # P5
    one, two = timed
    assert ping(one.host, two.inner4).lost == 0
    with Capture(one.host) as wire:
        for _ in range(3):
            _suspend(one, 125)  # The next packet asks for a new key. P8
            one.clock.set_wall(-_HOUR)
            wire.datagrams()
            assert ping(one.host, two.inner4).lost == 0
            # The old key is good for 180 s, so the ping does not wait for the new one.
            seen = []
            eventually(lambda: seen.extend(_handshakes(wire)) or (RESPONSE, False) in seen,
                       "the key is renewed")
            assert seen == [(INITIATION, True), (RESPONSE, False)]
    # It tells when that was by its own clock.
    assert abs(one.peer(two).latest_handshake - (time.time() - _HOUR)) < 30
    assert abs(two.peer(one).latest_handshake - time.time()) < 30


def test_an_end_restarted_with_its_clock_set_back_is_refused_until_the_clock_is_right(timed):  # P5
    one, two = timed
    assert ping(one.host, two.inner4).lost == 0
    before = two.peer(one)
    with _restart_with_clock(one, two, "10.7.0.2", -_HOUR), Capture(one.host) as wire:
        assert ping(one.host, two.inner4, count=2, wait=0.5).received == 0
        assert set(_handshakes(wire)) == {(INITIATION, True)}
        eventually(lambda: dropped(two, "handshake_replayed") > 0, "it is refused")
        assert two.peer(one) == before  # P12
        assert one.peer(two).latest_handshake == 0
        one.clock.set_wall(0)
        # The next try comes REKEY_TIMEOUT after the last one. P6
        await_reach(one.host, two.inner4, 7.0)
        assert ping(two.host, one.inner4).lost == 0
        for shown in (one.peer(two), two.peer(one)):
            assert abs(shown.latest_handshake - time.time()) < 30


def test_the_other_end_can_open_the_tunnel_to_one_whose_clock_was_set_back(timed):
    one, two = timed
    assert ping(one.host, two.inner4).lost == 0
    with _restart_with_clock(one, two, "10.7.0.2", -_HOUR):
        assert not reaches(one.host, two.inner4, 0.5)
        _suspend(two, 200)  # It has no key any more, and asks for one with its next packet. P8
        assert ping(two.host, one.inner4).lost == 0
        assert ping(one.host, two.inner4).lost == 0
        assert abs(one.peer(two).latest_handshake - (time.time() - _HOUR)) < 30


def _current_receiver(wire):
    """The index to which data left last."""
    return [each.payload[4:8] for each in wire.datagrams()
            if each.outgoing and each.type == DATA][-1]


@pytest.mark.parametrize("seconds", [200, _HOUR])
def test_no_packet_leaves_on_a_key_that_expired_in_a_suspend(timed, seconds):  # P8
    one, two = timed
    with Capture(one.host) as wire:
        assert ping(one.host, two.inner4).lost == 0
        old = _current_receiver(wire)
        _suspend(one, seconds)
        assert ping(one.host, two.inner4).lost == 0
        left = [each for each in wire.datagrams() if each.outgoing]
        assert left[0].type == INITIATION
        assert [each.type for each in left].count(INITIATION) == 1
        assert {each.payload[4:8] for each in left if each.type == DATA}.isdisjoint({old})
    assert ping(two.host, one.inner4).lost == 0


# An initiation has 148 bytes, and a UDP header of 8.
_NO_INITIATION_LEAVES = """table inet asleep {
  chain output {
    type filter hook output priority 0
    udp length 156 drop
  }
}
"""


def test_nor_is_a_packet_taken_on_it(timed):  # P8
    one, two = timed
    assert ping(one.host, two.inner4).lost == 0
    # A timer may wake it at once, and then it asks for a new key. The other end must not hear that.
    one.host.run("nft", "-f", "/dev/stdin", input=_NO_INITIATION_LEAVES)
    _suspend(one, 200)
    # The other end was awake and believes its key.
    assert not reaches(two.host, one.inner4, 0.5)
    eventually(lambda: dropped(one, "session_expired") == 1, "it is dropped")


def test_ends_that_slept_both_find_each_other_at_once(timed):
    one, two = timed
    with Capture(one.host) as wire:
        assert ping(one.host, two.inner4).lost == 0
        for end in timed:
            _suspend(end, 8 * _HOUR)
        wire.datagrams()
        assert ping(two.host, one.inner4).lost == 0
        # One of each end at most: a keepalive that was due asks for a key as well as data does.
        made = _handshakes(wire)
        assert made.count((INITIATION, False)) == 1 and made.count((INITIATION, True)) <= 1


def _wakes_up(end):
    """The shifted clock cannot fire a timer of the kernel, as the end of a suspend does: a question
    makes the daemon look at the time."""
    end.host.run("wg", "show", end.interface, "listen-port")


def test_the_kernel_fires_the_timer_by_the_clock_that_counts_a_suspend(timed):
    """So that what fell due meanwhile is done on waking up, and not as much later as it slept."""
    folder = Path(f"/proc/{timed[0].daemon.pid}/fdinfo")
    clocks = re.findall(r"^clockid: (\d+)", "".join(each.read_text() for each in folder.iterdir()),
                        re.MULTILINE)
    assert clocks and set(clocks) == {str(time.CLOCK_BOOTTIME)}


def test_all_keys_are_wiped_on_waking_up_after_540_seconds(timed):  # P14
    one, two = timed
    assert ping(one.host, two.inner4).lost == 0
    assert "wiped all keys" not in one.daemon.log()
    _suspend(one, 540)
    _wakes_up(one)
    eventually(lambda: "wiped all keys" in one.daemon.log(), "the keys are wiped", 1.0)
    assert ping(one.host, two.inner4).lost == 0


def _cpu_seconds(end):
    """What the daemon has computed since its start, all threads together."""
    fields = Path(f"/proc/{end.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_keepalives_missed_in_a_suspend_are_not_made_up_for(timed):  # P27
    one, two = timed
    one.configure("peer", two.keys.public, "persistent-keepalive", 1)
    assert ping(one.host, two.inner4).lost == 0
    with Capture(one.host) as wire:
        _suspend(one, _HOUR)
        wire.datagrams()
        _wakes_up(one)
        before = _cpu_seconds(one)
        time.sleep(3.5)
        # It waits, and does not try one timer over and over.
        assert _cpu_seconds(one) - before < 0.5
        left = [each.type for each in wire.datagrams() if each.outgoing]
        # One handshake, the packet that confirms it, and then one keepalive a second.
        assert left[0] == INITIATION and left.count(INITIATION) == 1
        assert 3 <= left.count(DATA) <= 5 and len(left) == left.count(DATA) + 1
    assert ping(two.host, one.inner4).lost == 0
