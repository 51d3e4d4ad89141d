"""Peers that change their address, and network address translation on the way."""

import pytest

from support import wg
from support.netns import masquerade
from support.transfer import await_reach, ping, send_tcp
from support.tunnel import PORT, End
from support.waiting import eventually


@pytest.mark.parametrize("mover", [0, 1], ids=["initiator", "responder"])
def test_the_endpoint_follows_a_peer_to_its_new_address(ends, mover):  # P28
    moving, staying = ends[mover], ends[1 - mover]
    assert ping(ends[0].host, ends[1].inner4).lost == 0
    session = staying.peer(moving).latest_handshake
    for number in (11, 12):
        moving.host.ip("address", "flush", "dev", "eth0", "scope", "global")
        moving.host.add_address("eth0", f"10.7.0.{number}/24")
        await_reach(moving.host, staying.inner4, 3.0)
        assert staying.peer(moving).endpoint == f"10.7.0.{number}:{PORT}"
        assert ping(staying.host, moving.inner4, count=5).lost == 0
    assert staying.peer(moving).latest_handshake == session  # It is the same session still.


def test_a_peer_roams_between_ipv4_and_ipv6(ends):  # P28
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.configure("peer", two.keys.public, "endpoint", f"[fd07:0::2]:{PORT}")
    assert ping(one.host, two.inner4).lost == 0
    assert two.peer(one).endpoint == f"[fd07::1]:{PORT}"
    one.configure("peer", two.keys.public, "endpoint", f"10.7.0.2:{PORT}")
    assert ping(one.host, two.inner4).lost == 0
    assert two.peer(one).endpoint == f"10.7.0.1:{PORT}"
    assert ping(two.host, one.inner4).lost == 0


def test_both_ends_move_one_after_the_other(ends):  # P28
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    for round_number in range(3):
        for end, other, base in ((one, two, 30), (two, one, 40)):
            end.host.ip("address", "flush", "dev", "eth0", "scope", "global")
            end.host.add_address("eth0", f"10.7.0.{base + round_number}/24")
            await_reach(end.host, other.inner4, 3.0)
    send_tcp(one.host, two.host, two.inner4, 1_000_000)
    assert one.peer(two).endpoint == f"10.7.0.42:{PORT}"
    assert two.peer(one).endpoint == f"10.7.0.32:{PORT}"


@pytest.fixture
def behind_nat(net):
    """End one behind a masquerading router, end two in the open. Two knows no endpoint of one."""
    a, router, b = net.routed()
    masquerade(router, "tob")
    one, two = End(a, 1), End(b, 2)
    with one.start(), two.start():
        two.add_peer(one)
        one.add_peer(two, "10.7.2.1", "persistent-keepalive", 1)
        yield one, router, two


def test_a_persistent_keepalive_alone_opens_the_way_through_a_nat(behind_nat):  # P27
    one, _, two = behind_nat
    wg.await_handshake(two.host, "wg0", one.keys.public, timeout=5.0)
    assert two.peer(one).endpoint.startswith("10.7.2.2:")
    assert ping(two.host, one.inner4, count=5).lost == 0
    send_tcp(two.host, one.host, one.inner4, 1_000_000)
    send_tcp(one.host, two.host, two.inner4, 1_000_000)


def test_the_tunnel_survives_a_new_mapping_of_the_nat(behind_nat):  # P27, P28
    one, router, two = behind_nat
    wg.await_handshake(two.host, "wg0", one.keys.public, timeout=5.0)
    before = two.peer(one)
    # Masquerading forgets its mappings when the address behind which it hides goes away.
    router.ip("address", "del", "10.7.2.2/24", "dev", "tob")
    router.add_address("tob", "10.7.2.77/24")
    two.host.ip("route", "replace", "default", "via", "10.7.2.77")
    eventually(lambda: (two.peer(one).endpoint or "").startswith("10.7.2.77:"),
               "two learns the new mapping from a keepalive", 5.0)
    assert ping(two.host, one.inner4, count=5).lost == 0
    assert two.peer(one).latest_handshake == before.latest_handshake


def test_keepalives_come_at_their_interval_and_stop_when_turned_off(ends):  # P27
    one, two = ends
    one.configure("peer", two.keys.public, "persistent-keepalive", 1)
    wg.await_handshake(one.host, "wg0", two.keys.public, timeout=5.0)
    start = two.peer(one).rx_bytes
    eventually(lambda: two.peer(one).rx_bytes - start >= 3 * 32, "three keepalives", 5.0)
    one.configure("peer", two.keys.public, "persistent-keepalive", "off")
    stop = two.peer(one).rx_bytes
    with pytest.raises(AssertionError, match="one more keepalive"):
        eventually(lambda: two.peer(one).rx_bytes != stop, "one more keepalive", 2.5)
