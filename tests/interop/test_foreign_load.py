"""An end that is flooded with initiations asks for a cookie, and the other end brings it one."""

import socket
import threading
import time
from contextlib import contextmanager
from typing import Iterator

import pytest

from pairing import Tunnel, all_answered, tunnel
from support.capture import COOKIE_REPLY, INITIATION, Capture
from support.flood import forged_initiations, joined, send_apart
from support.netns import Host
from support.transfer import await_reach
from support.tunnel import PORT

# A burst fills an eighth of the longest queue of handshakes, the kernel's 4096, in spite of what
# is worked off or lost meanwhile; it leaves by few system calls, so that a sender which has to
# share its processor is not slower than the receiver. The trickle in between is for
# boringtun, which counts handshakes anew each second and finds 100 of them too many.
_BURST = 1920
_TRICKLE = 60
_TRICKLE_INTERVAL_S = 0.02
_TRICKLES_PER_BURST = 25


@contextmanager
def _flood(source: Host, address: str, public_key: str) -> Iterator[None]:
    """Keeps the end at `address` busy with forged initiations from `source`."""
    burst = list(joined(forged_initiations(public_key, _BURST)))
    trickle = list(joined(forged_initiations(public_key, _TRICKLE)))
    stop = threading.Event()

    def send() -> None:
        rounds = 0
        while not stop.wait(_TRICKLE_INTERVAL_S):
            for buffer in trickle if rounds % _TRICKLES_PER_BURST else burst:
                send_apart(sender, buffer, (address, PORT))
            rounds += 1

    with source.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _open_under_load(opened: Tunnel) -> bool:
    """Opens the tunnel while the responder is flooded. Says whether that took a cookie: whether
    the responder sent one to the initiator, which then set mac2, the last 16 bytes."""
    initiator = (opened.outer(opened.initiator), PORT)
    responder = (opened.outer(opened.responder), PORT)
    with _flood(opened.wring.host, responder[0], opened.responder.keys.public):
        time.sleep(1)  # The first burst comes at once, so this is for it to take effect.
        with Capture(opened.wring.host) as wire:
            # The initiator does not answer the cookie by itself, only when its next attempt is
            # due after 5 s (P33), and in a burst that may be lost once more.
            await_reach(opened.initiator.host, opened.responder.inner4, 25)
            passed = wire.datagrams()
    cookie_replies = [each for each in passed if each.type == COOKIE_REPLY
                      and (each.source, each.destination) == (responder, initiator)]
    with_mac2 = [each for each in passed if each.type == INITIATION
                 and (each.source, each.destination) == (initiator, responder)
                 and any(each.payload[132:148])]
    return bool(cookie_replies and with_mac2)


@pytest.mark.parametrize("loaded", ["wring", "foreign"])
def test_a_tunnel_opens_by_cookie_while_the_responder_is_under_load(pair, loaded):
    # P32, P33. An initiation that arrives between two bursts may be taken without a cookie, so
    # the tunnel is made up to three times until one was asked for.
    for _ in range(3):
        with tunnel(pair, "foreign" if loaded == "wring" else "wring") as opened:
            cookie_was_needed = _open_under_load(opened)
            assert all_answered(opened.initiator.host, opened.responder.inner6)
            assert all_answered(opened.responder.host, opened.initiator.inner4)
        if cookie_was_needed:
            return
    pytest.fail("the responder never asked for a cookie")
