"""A transfer goes on through whatever happens around the daemons, within the protocol's own times.

What TCP itself takes to try again after an interruption, about as long as that lasted, comes on top
of them.
"""

import time

import pytest

from support.netns import Host
from support.stream import Stream
from support.tunnel import PORT, End, tunnel
from support.waiting import eventually

_TIMES = 3
# A handshake that was lost is sent again after REKEY_TIMEOUT and its jitter (P1); TCP, which has
# waited twice as long each time meanwhile, may take as much once more, and the machine is busy.
_RECOVERY_S = 2 * 5.333 + 5


def _give_new_address(host: Host, round_number: int) -> None:
    host.ip("address", "flush", "dev", "eth0", "scope", "global")
    host.add_address("eth0", f"10.7.0.{31 + round_number}/24")


def _down_and_up(device: str):
    def disturb(one: End, two: End, _: int) -> None:
        one.host.ip("link", "set", device, "down")
        time.sleep(0.3)
        one.host.ip("link", "set", device, "up")
    return disturb


def _address_removed_and_added(one: End, two: End, _: int) -> None:
    one.host.ip("address", "del", "10.7.0.1/24", "dev", "eth0")
    time.sleep(0.3)
    one.host.add_address("eth0", "10.7.0.1/24")


def _inner_address_removed_and_added(one: End, two: End, _: int) -> None:
    one.host.ip("address", "del", f"{one.inner4}/24", "dev", "wg0")
    time.sleep(0.3)
    one.host.add_address("wg0", f"{one.inner4}/24")


def _address_changed(one: End, two: End, round_number: int) -> None:
    _give_new_address(one.host, round_number)


def _both_addresses_changed(one: End, two: End, round_number: int) -> None:
    """At once: neither would find the other, were one not told where it is."""
    for number, end in ((10, one), (20, two)):
        _give_new_address(end.host, number + round_number)
    one.configure("peer", two.keys.public, "endpoint", f"10.7.0.{51 + round_number}:{PORT}")


def _mtu_changed(device: str, smallest: int, usual: int):
    def disturb(one: End, two: End, _: int) -> None:
        for mtu in (smallest, usual):
            one.host.ip("link", "set", device, "mtu", str(mtu))
            time.sleep(0.3)
    return disturb


def _port_changed(one: End, two: End, round_number: int) -> None:
    one.configure("listen-port", 52000 + round_number)


def _again(end: End, other: End) -> None:
    end.start()
    end.add_peer(other, "10.7.0.1" if other.inner4 == "10.9.0.1" else "10.7.0.2")


def _initiator_killed(one: End, two: End, _: int) -> None:
    one.daemon.kill()
    _again(one, two)


def _responder_killed(one: End, two: End, _: int) -> None:
    two.daemon.kill()
    _again(two, one)


def _both_killed(one: End, two: End, _: int) -> None:
    for end in (one, two):
        end.daemon.kill()
    _again(one, two)
    _again(two, one)


def _tun_deleted(one: End, two: End, _: int) -> None:
    one.host.ip("link", "del", "wg0")
    assert one.daemon.await_end() == 0  # P35
    _again(one, two)


_DISTURBANCES = {
    "interface down and up": _down_and_up("wg0"),
    "cable out and in": _down_and_up("eth0"),
    "address removed and added": _address_removed_and_added,
    "inner address removed and added": _inner_address_removed_and_added,
    "address changed": _address_changed,
    "both addresses changed": _both_addresses_changed,
    "tunnel MTU changed": _mtu_changed("wg0", 1000, 1420),
    "path MTU changed": _mtu_changed("eth0", 1000, 1500),
    "port changed": _port_changed,
    "initiator killed": _initiator_killed,
    "responder killed": _responder_killed,
    "both killed": _both_killed,
    "TUN deleted": _tun_deleted,
}


@pytest.fixture
def ends(net):
    with tunnel(*net.pair()) as both:
        yield both
        for end in both:
            # Perhaps not the one that was started first.
            print(f"--- {end.host.name}, started last:\n{end.daemon.log()}")
            assert end.daemon.running(), f"it ended with {end.daemon.process.returncode}"
            assert end.daemon.stop() == 0


@pytest.mark.parametrize("name", _DISTURBANCES)
def test_a_transfer_goes_on_through(ends, name):
    one, two = ends
    streams = [Stream(one.host, two.host, two.inner4, 1), Stream(two.host, one.host, one.inner4, 2)]

    def await_flow(limit: float) -> None:
        marks = [stream.received + 100_000 for stream in streams]
        try:
            eventually(lambda: all(stream.received > mark for stream, mark in zip(streams, marks)),
                       "both directions flow", limit)
        except AssertionError:
            for end, stream, mark in zip((one, two), streams, marks):
                print(f"of {end.host.name}'s stream {stream.received} came, {mark} is waited for; "
                      f"{stream.problems}; the daemon's status is {end.daemon.process.poll()}")
                for command in (("ss", "-tinmo"), ("wg",), ("ip", "-s", "address"),
                                ("nstat", "-az", "Tcp*")):
                    print(end.host.run(*command, check=False).stdout)
            raise

    await_flow(10.0)
    for round_number in range(_TIMES):
        _DISTURBANCES[name](one, two, round_number)
        since = time.monotonic()
        await_flow(_RECOVERY_S)
        print(f"flowed again after {time.monotonic() - since:.2f} s")
    for stream in streams:
        stream.finish()
