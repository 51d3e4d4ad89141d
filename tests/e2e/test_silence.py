"""An interface that nobody uses says nothing, and a hub does not tell its spokes to go around it.

The kernel's own WireGuard has no link-local address and sends no redirects, so this one may not
either.
"""

import re
import time

from support.capture import Capture
from support.transfer import await_reach, ping, send_tcp
from support.tunnel import PORT, End
from support.waiting import eventually


def _everything_to_one_peer(one, two):
    """A peer to whom all that the kernel sends by itself would go, too."""
    one.configure("peer", two.keys.public, "allowed-ips", "0.0.0.0/0,::/0",
                  "endpoint", f"10.7.0.2:{PORT}")


def _addresses(host):
    return host.ip("-6", "-o", "address", "show", "dev", "wg0")


def test_an_interface_that_is_set_up_sends_nothing(pair):
    one, two = (End(host, number) for number, host in enumerate(pair, 1))
    with one.start() as daemon, two.start():
        one.host.ip("link", "set", "wg0", "down")
        one.host.ip("-6", "address", "flush", "dev", "wg0")
        _everything_to_one_peer(one, two)
        with Capture(one.host) as wire:
            one.host.ip("link", "set", "wg0", "up")
            eventually(lambda: "listening on port" in daemon.log(), "it is up")
            # The first router solicitation comes at once, the second 4 s later.
            time.sleep(5)
            assert wire.datagrams() == []
        assert _addresses(one.host) == ""
        peer = one.peer(two)
        assert (peer.latest_handshake, peer.tx_bytes) == (0, 0)


def _redirects(host, direction):
    """How many redirects it has sent or received, over IPv4 and IPv6."""
    names = ("IcmpOutRedirects", "Icmp6OutRedirects") if direction == "sent" else (
        "IcmpInRedirects", "Icmp6InRedirects")
    text = host.run("nstat", "-asz").stdout
    return [int(re.search(rf"^{name}\s+(\d+)", text, re.M)[1]) for name in names]


def test_a_hub_does_not_redirect_its_spokes_to_each_other(net):
    hub, spokes = net.host("hub"), [net.host("left"), net.host("right")]
    for number, spoke in enumerate(spokes):
        net.cable(hub, f"to{number}", spoke, "eth0", number)
    hub.sysctl("net.ipv4.conf.all.send_redirects", 1)
    middle = End(hub, 254)
    ends = [End(spoke, number) for number, spoke in enumerate(spokes, 1)]
    with middle.start(), ends[0].start(), ends[1].start():
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            hub.sysctl(key, 1)
        for number, end in enumerate(ends):
            middle.add_peer(end, f"10.7.{number}.2")
            end.configure("peer", middle.keys.public, "allowed-ips",
                          "10.9.0.0/24,fd09::/64,fe80::/10",
                          "endpoint", f"10.7.{number}.1:{PORT}")
        left, right = ends
        for address in (right.inner4, right.inner6):
            await_reach(left.host, address)
            assert ping(left.host, address, count=5, interval=0.2).lost == 0
        send_tcp(left.host, right.host, right.inner4, 1_000_000)
        assert _redirects(hub, "sent") == [0, 0]
        assert [_redirects(end.host, "received") for end in ends] == [[0, 0], [0, 0]]
