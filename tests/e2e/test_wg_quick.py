"""wg-quick with ordinary configuration files."""

import pytest

from support import wg
from support.quick import WgQuick
from support.transfer import ping, reaches, send_tcp
from support.waiting import eventually


@pytest.fixture
def quick(pair, tmp_path):
    """wg-quick on each of two hosts."""
    made = []
    for host in pair:
        folder = tmp_path / host.name
        folder.mkdir()
        made.append(WgQuick(host, folder))
    return made


def _config(keys, number, peer, allowed, extra="", peer_extra=""):
    return f"""[Interface]
PrivateKey = {keys.private}
Address = 10.9.0.{number}/24, fd09::{number}/64
ListenPort = 51820
{extra}

[Peer]
PublicKey = {peer.public}
AllowedIPs = {allowed}
Endpoint = 10.7.0.{3 - number}:51820
{peer_extra}
"""


def _gone(host, interface="wg0"):
    """Nothing of the daemon is left: no interface, no socket, no process."""
    eventually(lambda: not host.has_link(interface), f"{interface} goes")
    eventually(lambda: host.pids() == [], f"no process stays in {host.name}")
    assert host.run("ls", "/run/wireguard", check=False).stdout == ""


def test_up_makes_a_working_tunnel_and_down_removes_it(quick):
    a, b = quick
    keys_a, keys_b = wg.new_keys(), wg.new_keys()
    psk = f"PresharedKey = {wg.new_psk()}\nPersistentKeepalive = 25"
    left = a.write("wg0", _config(keys_a, 1, keys_b, "10.9.0.2/32, fd09::2/128",
                                  f"PostUp = touch {a.folder}/up-%i\n"
                                  f"PreDown = touch {a.folder}/down-%i", psk))
    right = b.write("wg0", _config(keys_b, 2, keys_a, "10.9.0.1/32, fd09::1/128",
                                   "MTU = 1380", psk))
    for _ in range(2):  # The second time finds no trace of the first.
        a.up(left)
        b.up(right)
        assert (a.folder / "up-wg0").exists()
        assert "mtu 1420 " in a.host.ip("link", "show", "wg0")
        assert "mtu 1380 " in b.host.ip("link", "show", "wg0")
        assert ping(a.host, "10.9.0.2").lost == 0
        assert ping(b.host, "fd09::1").lost == 0
        send_tcp(a.host, b.host, "10.9.0.2", 1_000_000)
        a.down(left)
        b.down(right)
        assert (a.folder / "down-wg0").exists()
        _gone(a.host)
        _gone(b.host)


def test_a_default_route_through_the_tunnel_spares_the_tunnel_itself(quick):
    a, b = quick
    b.host.add_address("lo", "192.0.2.1/32")
    b.host.add_address("lo", "2001:db8::1/128")
    keys_a, keys_b = wg.new_keys(), wg.new_keys()
    left = a.write("wg0", _config(keys_a, 1, keys_b, "0.0.0.0/0, ::/0"))
    right = b.write("wg0", _config(keys_b, 2, keys_a, "10.9.0.1/32, fd09::1/128"))
    b.up(right)
    a.up(left)
    assert wg.show(a.host, "wg0").fwmark == 51820
    assert "lookup 51820" in a.host.ip("rule", "show")
    # What has no other route goes through the tunnel; the tunnel's own datagrams bear the mark.
    assert ping(a.host, "192.0.2.1").lost == 0
    assert ping(a.host, "2001:db8::1").lost == 0
    assert ping(b.host, "10.9.0.1").lost == 0
    send_tcp(b.host, a.host, "10.9.0.1", 1_000_000)
    a.down(left)
    b.down(right)
    assert "51820" not in a.host.ip("rule", "show")
    assert a.host.run("nft", "list", "tables").stdout == ""
    _gone(a.host)
    assert not reaches(a.host, "192.0.2.1", 0.2)


def test_save_writes_back_what_was_configured(quick):
    a, _ = quick
    keys, peer, added = wg.new_keys(), wg.new_keys(), wg.new_keys()
    path = a.write("wg0", _config(keys, 1, peer, "10.9.0.2/32"))
    a.up(path)
    wg.configure(a.host, "wg0", "peer", added.public, "allowed-ips", "10.9.0.3/32")
    a.save(path)
    a.down(path)
    _gone(a.host)
    text = path.read_text()
    assert keys.private in text and peer.public in text and added.public in text
    assert "Address = 10.9.0.1/24" in text and "ListenPort = 51820" in text


def test_two_interfaces_of_one_host_live_side_by_side(quick):
    a, _ = quick
    paths = []
    for number in (1, 2):
        text = f"[Interface]\nPrivateKey = {wg.new_keys().private}\nAddress = 10.{number}.0.1/24\n"
        paths.append(a.write(f"wg{number}", text))
        a.up(paths[-1])
    assert set(a.host.run("wg", "show", "interfaces").stdout.split()) == {"wg1", "wg2"}
    a.down(paths[0])
    assert a.host.run("wg", "show", "interfaces").stdout.split() == ["wg2"]
    a.down(paths[1])
    _gone(a.host, "wg2")


def test_a_configuration_that_wg_refuses_leaves_nothing_behind(quick):
    a, _ = quick
    path = a.write("wg0", "[Interface]\nPrivateKey = not-a-key\nAddress = 10.9.0.1/24\n")
    with pytest.raises(AssertionError, match="Key is not the correct length or format"):
        a.up(path)
    _gone(a.host)
