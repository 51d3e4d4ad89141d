"""Keys that fit, keys that do not, and keys that change while traffic runs."""

from support import wg
from support.transfer import await_reach, ping, reaches, send_tcp
from support.waiting import eventually


def _set_psk(end, other, psk):
    end.configure("peer", other.keys.public, "preshared-key", "/dev/stdin", secret=psk)


def test_traffic_crosses_where_both_ends_have_the_same_psk(ends):  # P15
    one, two = ends
    psk = wg.new_psk()
    _set_psk(one, two, psk)
    _set_psk(two, one, psk)
    assert ping(one.host, two.inner4).lost == 0
    assert one.peer(two).psk == psk
    send_tcp(two.host, one.host, one.inner4, 1_000_000)


def test_nothing_crosses_where_the_psks_differ(ends):  # P15
    one, two = ends
    _set_psk(one, two, wg.new_psk())
    _set_psk(two, one, wg.new_psk())
    assert ping(one.host, two.inner4, count=3).received == 0
    assert one.peer(two).latest_handshake == 0
    assert two.peer(one).latest_handshake == 0


def test_nothing_crosses_where_only_one_end_has_a_psk(ends):  # P15
    one, two = ends
    _set_psk(two, one, wg.new_psk())
    assert ping(one.host, two.inner4, count=3).received == 0


def test_a_changed_psk_leaves_the_session_alone_and_counts_from_the_next_handshake(ends):  # P15
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    before = one.peer(two)
    _set_psk(one, two, wg.new_psk())
    assert ping(one.host, two.inner4, count=20).lost == 0
    after = one.peer(two)
    assert after.latest_handshake == before.latest_handshake
    assert after.rx_bytes > before.rx_bytes
    # A new daemon has no session, so it needs a handshake, and that one now uses the new PSK.
    two.daemon.stop()
    with two.start():
        two.add_peer(one, "10.7.0.1")
        assert ping(two.host, one.inner4, count=3).received == 0
        _set_psk(two, one, one.peer(two).psk)
        await_reach(two.host, one.inner4, 8.0)


def test_an_all_zero_psk_is_none(ends):  # P15
    one, two = ends
    _set_psk(one, two, "A" * 43 + "=")
    assert ping(one.host, two.inner4).lost == 0
    assert one.peer(two).psk is None


def test_an_unknown_public_key_gets_nothing_through(ends):
    one, two = ends
    stranger = wg.new_keys()
    one.configure("private-key", "/dev/stdin", secret=stranger.private)
    assert ping(one.host, two.inner4, count=3).received == 0
    assert two.peer(one).latest_handshake == 0
    assert two.peer(one).rx_bytes == 0
    # With the right key again it works: the strange one left no trace.
    one.configure("private-key", "/dev/stdin", secret=one.keys.private)
    await_reach(one.host, two.inner4, 8.0)


def test_a_new_private_key_ends_the_old_session(ends):  # P16
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    fresh = wg.new_keys()
    one.configure("private-key", "/dev/stdin", secret=fresh.private)
    assert not reaches(one.host, two.inner4)
    two.configure("peer", fresh.public, "endpoint", "10.7.0.1:51820",
                  "allowed-ips", f"{one.inner4}/32")
    await_reach(two.host, one.inner4, 8.0)
    assert wg.show(one.host, one.interface).public_key == fresh.public


def test_a_peer_with_our_own_new_public_key_is_removed(ends):  # P16
    one, two = ends
    one.configure("private-key", "/dev/stdin", secret=two.keys.private)
    assert wg.show(one.host, one.interface).peers == {}


def test_a_source_outside_of_allowed_ips_is_dropped(ends):  # P18
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.host.add_address("wg0", "10.9.0.99/24")
    done = one.host.run("ping", "-c", "2", "-i", "0.1", "-W", "0.5", "-I", "10.9.0.99",
                        two.inner4, check=False)
    assert " 0 received" in done.stdout
    assert reaches(one.host, two.inner4)


def test_a_prefix_belongs_to_the_peer_that_claimed_it_last(ends):  # P20
    one, two = ends
    other = wg.new_keys().public
    assert reaches(one.host, two.inner4)
    one.configure("peer", other, "allowed-ips", f"{two.inner4}/32")
    assert wg.show(one.host, "wg0").peers[two.keys.public].allowed_ips == {f"{two.inner6}/128"}
    assert not reaches(one.host, two.inner4, 0.3)
    one.configure("peer", two.keys.public, "allowed-ips", f"{two.inner4}/32")
    assert reaches(one.host, two.inner4)
    assert wg.show(one.host, "wg0").peers[other].allowed_ips == frozenset()


def test_a_private_key_that_comes_last_sends_at_once(ends):  # P27
    """Step 541 of the kernel's own test: the interface is up and has a peer with a persistent
    keepalive of a long interval, and only then gets its key."""
    one, two = ends
    one.daemon.stop()
    with one.start():
        one.configure("private-key", "/dev/stdin", secret="A" * 43 + "=")
        one.add_peer(two, "10.7.0.2", "persistent-keepalive", "3600")
        assert one.peer(two).latest_handshake == 0
        one.configure("private-key", "/dev/stdin", secret=one.keys.private)
        eventually(lambda: one.peer(two).latest_handshake != 0, "the handshake is done", 3.0)
