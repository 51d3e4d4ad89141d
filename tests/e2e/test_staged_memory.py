"""Packets that wait for a key: how much memory they take, and that it is given back. P22"""

import socket

import pytest

from support import wg
from support.drops import dropped
from support.transfer import ping
from support.tunnel import tunnel
from support.waiting import eventually

_PEERS = 2000
# Packets of 1,372 bytes for each peer: more than the 128 that a queue holds.
_ROUNDS = 130
_LIMIT_KIB = 64 << 10
# What may differ besides: buffers that are used for the first time, and the peers themselves.
_SLACK_KIB = 12 << 10


def _dead_peers():
    """Peers at an address where nobody listens, and the inner address of each."""
    peers = [(wg.new_keys().public, f"10.10.{i // 250}.{i % 250 + 1}") for i in range(_PEERS)]
    text = "".join(f"[Peer]\nPublicKey = {key}\nEndpoint = 10.7.0.99:9\nAllowedIPs = {inner}/32\n"
                   for key, inner in peers)
    return peers, text


@pytest.fixture(name="flooded")
def _flooded(pair):
    """A tunnel whose first end has staged all that it may for 2,000 dead peers; the memory that it
    took before, and those peers."""
    with tunnel(*pair) as (one, two):
        peers, text = _dead_peers()
        wg.apply(one.host, "addconf", one.interface, text)
        one.host.ip("route", "add", "10.10.0.0/16", "dev", one.interface)
        assert ping(one.host, two.inner4).lost == 0
        before = one.daemon.resident_kib()
        with one.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(_ROUNDS):
                for _, inner in peers:
                    sender.sendto(bytes(1344), (inner, 9))
        yield one, two, before, peers


def test_memory_is_bounded_and_given_back(flooded):
    one, two, before, peers = flooded
    assert dropped(one, "staged_no_room") > 0
    full = one.daemon.resident_kib()
    assert full - before < _LIMIT_KIB + _SLACK_KIB
    # A peer that has little is not held up, and loses nothing.
    assert ping(one.host, two.inner4, count=5).lost == 0

    for first in range(0, _PEERS, 200):
        one.configure(*(word for key, _ in peers[first:first + 200]
                        for word in ("peer", key, "remove")))
    eventually(lambda: one.daemon.resident_kib() - before < _SLACK_KIB, "memory is given back")
    print(f"{before} KiB before, {full} KiB full, {one.daemon.resident_kib()} KiB afterwards")


def test_an_interface_that_goes_down_gives_the_memory_back(flooded):
    one, _, before, _ = flooded
    one.host.ip("link", "set", one.interface, "down")
    eventually(lambda: one.daemon.resident_kib() - before < _SLACK_KIB, "memory is given back")
