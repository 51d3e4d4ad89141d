"""A tunnel between wring and a foreign peer carries traffic, whichever end opens it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pairing import all_answered, tunnel
from support import wg
from support.transfer import reaches
from support.waiting import eventually

_PORT = 5001
_TRANSFER_TIMEOUT_S = 100

each_initiator = pytest.mark.parametrize("initiator", ["wring", "foreign"])
each_ip_version = pytest.mark.parametrize("ip_version", [4, 6], ids=["outer4", "outer6"])


def send_megabytes(count: int, source, sink, address: str) -> None:
    """Sends `count` MB over TCP and insists that both ends see the same checksum.

    Both ends are busybox, for the guest has nothing else.
    """
    # busybox's nc leaves as soon as the other end has no more to say. So the sink, which has
    # nothing to say at all, reads from a FIFO that never ends.
    receive = (f"mkfifo $$.fifo && timeout {_TRANSFER_TIMEOUT_S} busybox nc -l -p {_PORT} <>$$.fifo"
               " | sha256sum; rm $$.fifo")
    # The retries are for the moment before the sink listens; once it has accepted a connection it
    # listens no more, so a connection that breaks is not retried, it fails. A guest hands out one
    # stream alone, so what nc says of a refused attempt must not end up beside the checksum.
    send = (f"dd if=/dev/urandom of=$$.data bs=1M count={count} 2>/dev/null;"
            " for attempt in $(seq 50); do"
            f" busybox nc {address} {_PORT} <$$.data 2>/dev/null && break; sleep 0.1;"
            " done; sha256sum <$$.data; rm $$.data")
    with ThreadPoolExecutor(1) as pool:
        receiving = pool.submit(sink.run, "sh", "-c", f"cd /tmp && {receive}",
                                timeout=_TRANSFER_TIMEOUT_S + 10)
        sent = source.run("sh", "-c", f"cd /tmp && {send}", timeout=_TRANSFER_TIMEOUT_S + 10).stdout
        received = receiving.result().stdout
    assert received == sent, f"{count} MB came, but not as they were sent"


@each_ip_version
@each_initiator
def test_ping_passes_in_both_directions_for_ipv4_and_ipv6(pair, initiator, ip_version):
    with tunnel(pair, initiator, ip_version) as opened:
        opened.await_open()
        for one, other in ((opened.initiator, opened.responder),
                           (opened.responder, opened.initiator)):
            for address in (other.inner4, other.inner6):
                assert all_answered(one.host, address)
                # As large as the tunnel's MTU of 1420 lets through in one piece: 1372 and the
                # headers of ICMPv6 and IPv6.
                assert all_answered(one.host, address, 2, 1372)


@pytest.mark.parametrize("sender", ["wring", "foreign"])
@each_ip_version
def test_50_megabytes_arrive_as_they_were_sent(pair, sender, ip_version):
    """IPv4 in IPv4, and IPv6 in IPv6."""
    with tunnel(pair, sender, ip_version) as opened:
        opened.await_open()
        source, sink = opened.initiator, opened.responder
        send_megabytes(50, source.host, sink.host, sink.inner4 if ip_version == 4 else sink.inner6)


@each_initiator
def test_ends_with_the_same_preshared_key_understand_each_other(pair, initiator):
    with tunnel(pair, initiator, psk=wg.new_psk()) as opened:  # P15
        opened.await_open()
        assert all_answered(opened.responder.host, opened.initiator.inner6)


def test_ends_with_different_preshared_keys_stay_strangers_until_one_gives_in(pair):
    with tunnel(pair, psk=wg.new_psk()) as opened:  # P15
        good = opened.foreign.peer(opened.wring).psk
        opened.wring.configure("peer", opened.foreign.keys.public, "preshared-key", "/dev/stdin",
                               secret=wg.new_psk())
        assert not reaches(opened.wring.host, opened.foreign.inner4)
        assert opened.latest_handshake() == 0
        opened.wring.configure("peer", opened.foreign.keys.public, "preshared-key", "/dev/stdin",
                               secret=good)
        # The initiator may try again 5 s after its last attempt at the earliest (P6).
        opened.await_open()


def test_both_ends_count_the_same_bytes(pair):
    if not pair.peer.counts_whole_messages:
        pytest.skip(f"{pair.peer.name} counts only what is inside the tunnel")
    with tunnel(pair) as opened:  # P25
        opened.await_open()
        assert all_answered(opened.wring.host, opened.foreign.inner4, 20, 1000)

        def agree() -> bool:
            ours = opened.wring.peer(opened.foreign)
            theirs = opened.foreign.peer(opened.wring)
            return (ours.tx_bytes, ours.rx_bytes) == (theirs.rx_bytes, theirs.tx_bytes)

        eventually(agree, "both ends count the same bytes", 5.0, 0.2)
        # An initiation, and 20 messages of 1000 bytes and the headers of ICMP and IPv4, padded to
        # a multiple of 16 and with 32 bytes of overhead.
        assert opened.wring.peer(opened.foreign).tx_bytes >= 148 + 20 * (1040 + 32)
