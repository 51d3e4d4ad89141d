"""What may be changed while a tunnel runs."""

import subprocess
import time

import pytest

from support import wg
from support.capture import Capture
from support.daemon import Daemon
from support.transfer import await_reach, parse_ping, ping, reaches, send_tcp
from support.waiting import eventually


def test_the_listen_port_changes_under_traffic(ends):  # P30
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    pinging = one.host.popen("ping", "-n", "-q", "-c", "100", "-i", "0.02", two.inner4,
                             stdout=subprocess.PIPE, text=True)
    for port in (51000, 51001, 51002):
        time.sleep(0.4)
        one.configure("listen-port", port)
    pinging.wait(20)
    # An answer on its way to the old port is lost, hardly more.
    assert parse_ping(pinging.stdout.read()).lost <= 6
    assert wg.show(one.host, "wg0").listen_port == 51002
    assert two.peer(one).endpoint == "10.7.0.1:51002"
    assert ping(two.host, one.inner4).lost == 0


def test_port_zero_picks_one_and_reports_it(ends):  # P30
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.configure("listen-port", 0)
    port = wg.show(one.host, "wg0").listen_port
    assert port not in (0, 51820)
    assert ping(one.host, two.inner4).lost == 0
    assert two.peer(one).endpoint == f"10.7.0.1:{port}"


def test_a_port_taken_at_up_is_left_for_another(pair):  # P30
    a, _ = pair
    with Daemon(a, "wg0"), Daemon(a, "wg1"):
        for interface in ("wg0", "wg1"):  # It is free while both are down.
            a.run("wg", "set", interface, "listen-port", "51900")
        for interface in ("wg0", "wg1"):
            a.ip("link", "set", interface, "up")
        eventually(lambda: _listens(a, 51900), "the first listens", 5.0)
        a.run("wg", "set", "wg1", "listen-port", "51901")
        eventually(lambda: _listens(a, 51901), "the second listens on its new port", 5.0)


def _listens(host, port):
    return f":{port} " in host.run("ss", "-uln").stdout


def test_a_port_that_is_taken_is_refused_and_the_old_one_kept(ends):  # P37
    one, two = ends
    with one.host.socket(2, 2) as other:
        other.bind(("0.0.0.0", 51999))
        done = one.host.run("wg", "set", "wg0", "listen-port", "51999", check=False)
        assert done.returncode != 0 and "Address already in use" in done.stderr
    one.configure("listen-port", 51820)
    assert ping(one.host, two.inner4).lost == 0


def test_the_fwmark_is_set_on_what_leaves_and_can_be_turned_off(ends):  # P30
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.host.ip("rule", "add", "fwmark", "0x77", "blackhole")
    one.configure("fwmark", "0x77")
    assert wg.show(one.host, "wg0").fwmark == 0x77
    assert ping(one.host, two.inner4, count=2, wait=0.3).received == 0
    one.configure("fwmark", "off")
    assert wg.show(one.host, "wg0").fwmark == 0
    assert ping(one.host, two.inner4).lost == 0


def test_a_change_of_mtu_counts_at_once(ends):  # P4
    one, two = ends
    with Capture(one.host) as wire:
        for mtu in (1280, 1331, 1420):
            one.host.ip("link", "set", "wg0", "mtu", str(mtu))

            def full_packets_are_of_its_size() -> bool:
                ping(one.host, two.inner4, 1, 0.05, mtu - 28, 1.0, "-M", "do")
                return mtu + 32 in [len(each.payload) for each in wire.datagrams()]
            # The daemon hears of it by netlink.
            eventually(full_packets_are_of_its_size, "the daemon knows the MTU")
            full = ping(one.host, two.inner4, 3, 0.05, mtu - 28, 1.0, "-M", "do")
            assert full.lost == 0
            sent = [len(each.payload) for each in wire.datagrams() if each.outgoing]
            # A full packet is not padded past the MTU; the message adds 32 bytes to it.
            assert max(sent) == mtu + 32
            assert ping(one.host, two.inner4, 1, 0.05, mtu - 27, 0.3, "-M", "do").received == 0
    send_tcp(one.host, two.host, two.inner4, 1_000_000)


def test_an_interface_that_is_down_sends_nothing_and_comes_back(ends):
    one, two = ends
    one.configure("peer", two.keys.public, "persistent-keepalive", 1)
    assert ping(one.host, two.inner4).lost == 0
    one.host.ip("link", "set", "wg0", "down")
    eventually(lambda: one.daemon.log().endswith(": down\n"), "it knows that it is down")
    with Capture(one.host) as wire:
        reaches(two.host, one.inner4, 0.3)
        time.sleep(2.2)
        assert [each for each in wire.datagrams() if each.outgoing] == []
        # Up again: the keepalive leaves at once, without traffic inside. P27
        one.host.ip("link", "set", "wg0", "up")
        eventually(lambda: [each for each in wire.datagrams() if each.outgoing],
                   "something leaves after the interface came up", 1.0)
    await_reach(one.host, two.inner4, 8.0)
    assert ping(two.host, one.inner4).lost == 0


def test_an_edited_peer_keeps_session_and_counters(ends):  # P39
    one, two = ends
    assert ping(one.host, two.inner4, count=5).lost == 0
    before = one.peer(two)
    for settings in (("persistent-keepalive", 25),
                     ("allowed-ips", f"{two.inner4}/32,{two.inner6}/128,10.88.0.0/16"),
                     ("endpoint", "10.7.0.2:51820")):
        one.configure("peer", two.keys.public, *settings)
        assert ping(one.host, two.inner4, count=5).lost == 0
    after = one.peer(two)
    assert after.latest_handshake == before.latest_handshake
    assert after.rx_bytes >= before.rx_bytes + 15 * 128
    assert after.tx_bytes >= before.tx_bytes + 15 * 128
    assert after.keepalive == 25 and "10.88.0.0/16" in after.allowed_ips


def test_syncconf_keeps_the_session_of_a_peer_that_stays(ends):  # P39
    one, two = ends
    gone = wg.new_keys().public
    one.configure("peer", gone, "allowed-ips", "10.66.0.0/16")
    assert ping(one.host, two.inner4).lost == 0
    before = one.peer(two)
    text = one.host.run("wg", "showconf", "wg0").stdout
    kept = "[Peer]".join(part for part in text.split("[Peer]") if gone not in part)
    wg.apply(one.host, "syncconf", "wg0", kept)
    assert set(wg.show(one.host, "wg0").peers) == {two.keys.public}
    assert ping(one.host, two.inner4).lost == 0
    assert one.peer(two).latest_handshake == before.latest_handshake
    assert one.peer(two).rx_bytes > before.rx_bytes


def test_a_removed_peer_is_cut_off_and_can_come_back(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.configure("peer", two.keys.public, "remove")
    assert not reaches(two.host, one.inner4, 0.3)
    one.add_peer(two, "10.7.0.2")
    await_reach(one.host, two.inner4, 8.0)
    assert ping(two.host, one.inner4).lost == 0


@pytest.mark.parametrize("lost_for", [0.5, 3.0])
def test_traffic_comes_back_after_the_cable_was_out(ends, lost_for):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.host.ip("link", "set", "eth0", "down")
    ping(one.host, two.inner4, count=3, wait=lost_for)
    one.host.ip("link", "set", "eth0", "up")
    await_reach(one.host, two.inner4, 5.0)
    assert ping(two.host, one.inner4).lost == 0
