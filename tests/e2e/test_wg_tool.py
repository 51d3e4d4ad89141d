"""The unmodified `wg` tool: what it sets, it reads back."""

import time

import pytest

from support import wg
from support.daemon import Daemon
from support.drops import raw_get
from support.transfer import ping


@pytest.fixture
def host(pair):
    """A host with a daemon that has no configuration yet."""
    with Daemon(pair[0], log_level="error"):
        yield pair[0]


def _config(peers=3):
    """A configuration in the form in which `wg showconf` writes it, peers in order."""
    text = ("[Interface]\nListenPort = 40000\nFwMark = 0x1234\n"
            f"PrivateKey = {wg.new_keys().private}\n")
    for number in range(peers):
        text += (f"\n[Peer]\nPublicKey = {wg.new_keys().public}\n"
                 f"PresharedKey = {wg.new_psk()}\n"
                 f"AllowedIPs = 10.{number}.0.0/16, fd0a:{number + 1}::/32\n"
                 f"Endpoint = {f'192.0.2.{number + 1}' if number % 2 else '[2001:db8::1]'}:1000\n"
                 f"PersistentKeepalive = {number + 20}\n")
    return text


def _sections(text):
    """The configuration as a set of sections, each a set of settings: order does not count."""
    sections = text.strip().split("\n\n")
    settled = []
    for section in sections:
        lines = set()
        for line in section.splitlines():
            name, _, value = line.partition(" = ")
            lines.add((name, frozenset(value.split(", "))))
        settled.append(frozenset(lines))
    return sorted(settled, key=lambda section: sorted(map(str, section)))


def test_an_unconfigured_interface_shows_nothing_set(host):  # P38
    shown = wg.show(host, "wg0")
    assert (shown.private_key, shown.public_key, shown.fwmark, shown.peers) == (None, None, 0, {})
    assert host.run("wg", "show", "interfaces").stdout.split() == ["wg0"]


def test_setconf_and_showconf_are_each_others_inverse(host):  # P36
    text = _config()
    wg.apply(host, "setconf", "wg0", text)
    assert _sections(host.run("wg", "showconf", "wg0").stdout) == _sections(text)
    again = _config(peers=2)
    wg.apply(host, "setconf", "wg0", again)  # Replaces: nothing of the first stays.
    assert _sections(host.run("wg", "showconf", "wg0").stdout) == _sections(again)


def test_addconf_adds_and_syncconf_removes_what_is_not_named(host):  # P39
    text = _config(peers=2)
    wg.apply(host, "setconf", "wg0", text)
    added = wg.new_keys().public
    wg.apply(host, "addconf", "wg0", f"[Peer]\nPublicKey = {added}\nAllowedIPs = 172.16.0.0/12\n")
    shown = wg.show(host, "wg0")
    assert len(shown.peers) == 3 and shown.listen_port == 40000
    assert shown.peers[added].allowed_ips == {"172.16.0.0/12"}
    wg.apply(host, "syncconf", "wg0", text)
    assert _sections(host.run("wg", "showconf", "wg0").stdout) == _sections(text)


def test_each_setting_of_a_peer_can_be_set_and_unset(host):  # P38, P39
    peer, psk = wg.new_keys().public, wg.new_psk()
    wg.configure(host, "wg0", "peer", peer, "preshared-key", "/dev/stdin", "endpoint",
                 "192.0.2.9:99", "persistent-keepalive", 65535, "allowed-ips",
                 "0.0.0.0/0,::/0,10.1.2.3/32,fd00::1/128", secret=psk)
    shown = wg.show(host, "wg0").peers[peer]
    assert (shown.psk, shown.endpoint, shown.keepalive) == (psk, "192.0.2.9:99", 65535)
    assert shown.allowed_ips == {"0.0.0.0/0", "::/0", "10.1.2.3/32", "fd00::1/128"}
    assert (shown.latest_handshake, shown.rx_bytes) == (0, 0)
    wg.configure(host, "wg0", "peer", peer, "preshared-key", "/dev/null",
                 "persistent-keepalive", "off", "allowed-ips", "")
    shown = wg.show(host, "wg0").peers[peer]
    assert (shown.psk, shown.keepalive, shown.allowed_ips) == (None, 0, frozenset())
    wg.configure(host, "wg0", "peer", peer, "remove")
    wg.configure(host, "wg0", "peer", peer, "remove")  # An absent one is no error.
    assert wg.show(host, "wg0").peers == {}


def test_a_zone_is_shown_by_number(host):  # P39
    """A name has no meaning in another namespace, where `wg` reads the same socket: it crashed."""
    peer = wg.new_keys().public
    index = host.ip("-o", "link", "show", "eth0").split(":")[0]
    wg.configure(host, "wg0", "peer", peer, "endpoint", "[fe80::7%eth0]:99")
    assert f"endpoint=[fe80::7%{index}]:99\n" in raw_get(host, "wg0")
    for what in (["wg0", "endpoints"], ["wg0", "dump"], ["wg0"], ["all"], []):
        elsewhere = host.run("unshare", "--net", "wg", "show", *what)
        assert f"[fe80::7%{index}]:99" in elsewhere.stdout, what


def test_host_bits_of_an_allowed_ip_are_cleared(host):  # P20
    peer = wg.new_keys().public
    wg.configure(host, "wg0", "peer", peer, "allowed-ips", "10.1.2.3/8,fd00::abcd/16")
    assert wg.show(host, "wg0").peers[peer].allowed_ips == {"10.0.0.0/8", "fd00::/16"}


def test_the_private_key_can_be_cleared(host):  # P38
    keys = wg.new_keys()
    wg.configure(host, "wg0", "private-key", "/dev/stdin", secret=keys.private)
    assert wg.show(host, "wg0").public_key == keys.public
    wg.configure(host, "wg0", "private-key", "/dev/null")
    assert wg.show(host, "wg0").private_key is None


def test_a_peer_that_is_ourselves_is_ignored(host):  # P38
    keys = wg.new_keys()
    wg.configure(host, "wg0", "private-key", "/dev/stdin", secret=keys.private)
    wg.configure(host, "wg0", "peer", keys.public, "allowed-ips", "10.0.0.0/8")
    assert wg.show(host, "wg0").peers == {}


def test_three_hundred_peers_are_set_and_shown(host):  # P36
    keys = [wg.new_keys().public for _ in range(300)]
    text = "[Interface]\nListenPort = 40001\n" + "".join(
        f"[Peer]\nPublicKey = {key}\nAllowedIPs = 10.{number // 256}.{number % 256}.0/24, "
        f"fd0b:{number:x}::/64\nEndpoint = 192.0.2.{number % 200 + 1}:{1000 + number}\n"
        for number, key in enumerate(keys))
    started = time.monotonic()
    wg.apply(host, "setconf", "wg0", text)
    shown = wg.show(host, "wg0")
    assert time.monotonic() - started < 2
    assert set(shown.peers) == set(keys)
    for number, key in enumerate(keys):
        peer = shown.peers[key]
        assert peer.endpoint == f"192.0.2.{number % 200 + 1}:{1000 + number}"
        assert f"10.{number // 256}.{number % 256}.0/24" in peer.allowed_ips
    wg.apply(host, "setconf", "wg0", "[Interface]\n")
    assert wg.show(host, "wg0").peers == {}


def test_the_latest_handshake_is_wall_clock_time(ends):  # P40
    one, two = ends
    before = int(time.time())
    assert ping(one.host, two.inner4).lost == 0
    for shown in (one.peer(two), two.peer(one)):
        assert before <= shown.latest_handshake <= time.time()


def test_byte_counters_count_messages_with_their_overhead(ends):  # P25
    one, two = ends
    assert ping(one.host, two.inner4, count=1).lost == 0
    # One sends an initiation (148) and an echo request of 84 bytes, padded to 96, plus 32;
    # two answers with a response (92) and an echo reply of the same size.
    assert (one.peer(two).tx_bytes, one.peer(two).rx_bytes) == (148 + 128, 92 + 128)
    assert (two.peer(one).tx_bytes, two.peer(one).rx_bytes) == (92 + 128, 148 + 128)
