"""Packets that have nowhere to go: the sender is told. P23"""

import errno
import socket

import pytest

from support.transfer import ping, reaches
from support.tunnel import tunnel

_IP_RECVERR, _IPV6_RECVERR = (socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)  # linux/in.h, in6.h


def _udp_error(host, address):
    """What a program sees that sends to the address: the error of its next call, or None."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with host.socket(family, socket.SOCK_DGRAM) as probe:
        # Without this the kernel takes an unreachable host for a passing trouble, and says nothing.
        probe.setsockopt(*_IPV6_RECVERR if ":" in address else _IP_RECVERR, 1)
        probe.settimeout(1.0)
        probe.connect((address, 9))
        probe.send(b"hello")
        try:
            probe.recv(1)
        except TimeoutError:
            return None
        except OSError as error:
            return error.errno
    return None


@pytest.mark.parametrize("address", ["10.9.0.77", "fd09::77"])
def test_no_peer_for_a_destination(ends, address):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    result = ping(one.host, address, count=1)
    assert result.received == 0
    assert "Destination Host Unreachable" in result.text or "Address unreachable" in result.text
    assert _udp_error(one.host, address) == errno.EHOSTUNREACH
    assert reaches(one.host, two.inner4)


@pytest.mark.parametrize("inner", [4, 6])
def test_a_peer_with_no_endpoint(pair, inner):
    with tunnel(*pair, a_endpoint=None, b_endpoint=None) as (one, two):
        address = two.inner4 if inner == 4 else two.inner6
        result = ping(one.host, address, count=1)
        assert result.received == 0
        assert "Unreachable" in result.text or "unreachable" in result.text
        assert _udp_error(one.host, address) == errno.EHOSTUNREACH


def test_every_packet_gets_its_answer(ends):
    one, _ = ends
    done = one.host.run("ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", "10.9.0.77", check=False)
    assert done.stdout.count("Unreachable") == 3
