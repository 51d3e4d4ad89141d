"""Packets by packet sockets at the far end of a veth pair (WG_PACKET_FD) in place of a TUN, and
interfaces in a namespace that the daemon may not enter."""

import fcntl
import os
import signal
import socket
import struct
import subprocess

import pytest

from support.daemon import program
from support.drops import dropped
from support.environments import UserNamespace
from support.packet_link import EndApart, PacketLink, start_by_packet_sockets
from support.transfer import ping, reaches, send_tcp
from support.tunnel import End
from support.waiting import eventually

_ETH_P_IP, _ETH_P_LOOPBACK = 0x0800, 0x9000


@pytest.fixture(params=["uring", "epoll"])
def pump(request):
    return request.param


@pytest.fixture(params=[(), ("--no-offload",)], ids=["offload", "plain"])
def offload(request):
    return request.param


def _join(one, two):
    one.add_peer(two, "10.7.0.2")
    two.add_peer(one, "10.7.0.1")


def _carries(inside, one, two):
    for address in (two.inner4, two.inner6):
        assert ping(inside, address).lost == 0
        assert ping(inside, address, size=1300).lost == 0
    send_tcp(inside, two.host, two.inner4, 3_000_000)
    send_tcp(two.host, inside, one.inner6, 3_000_000)


@pytest.mark.parametrize("sockets", [1, 3])
def test_it_carries_packets(pair, pump, offload, sockets):
    one, two = End(pair[0], 1), End(pair[1], 2)
    with start_by_packet_sockets(one, "--io", pump, *offload, sockets=sockets), two.start():
        _join(one, two)
        _carries(one.host, one, two)
        assert dropped(one, "tun_write_error") == dropped(one, "malformed_outgoing") == 0


def _features(host):
    lines = host.run("ethtool", "-k", "wg0").stdout.splitlines()[1:]
    return {name.strip(): state.split()[0] for name, state in (line.split(":") for line in lines)}


def test_the_interface_sends_only_what_a_virtio_header_can_say(pair, offload):
    one = End(pair[0], 1)
    with start_by_packet_sockets(one, *offload):
        features = _features(one.host)
    assert features["tx-checksum-sctp"] == features["tx-sctp-segmentation"] == "off"
    assert features["tx-gre-segmentation"] == features["tx-udp_tnl-segmentation"] == "off"
    assert features["tx-checksum-ip-generic"] == "on"
    assert features["tx-tcp-segmentation"] == features["tx-tcp6-segmentation"] \
        == ("off" if offload else "on")


def _vxlan(end, other, address):
    end.host.ip("link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "4789",
                "local", end.inner4, "remote", other.inner4, "dev", "wg0")
    end.host.ip("address", "add", f"{address}/24", "dev", "vx0")
    end.host.ip("link", "set", "vx0", "up")


def test_packets_of_a_tunnel_in_the_tunnel_are_split_before(pair):
    one, two = End(pair[0], 1), End(pair[1], 2)
    with start_by_packet_sockets(one), two.start():
        _join(one, two)
        _vxlan(one, two, "10.11.0.1")
        _vxlan(two, one, "10.11.0.2")
        send_tcp(one.host, two.host, "10.11.0.2", 3_000_000)
        send_tcp(two.host, one.host, "10.11.0.1", 3_000_000)
        assert dropped(one, "malformed_outgoing") == 0


def test_it_follows_the_interface(pair):
    one, two = End(pair[0], 1), End(pair[1], 2)
    with start_by_packet_sockets(one) as daemon, two.start():
        _join(one, two)
        assert reaches(one.host, two.inner4)
        one.host.ip("link", "set", "wg0", "mtu", "1300")
        eventually(lambda: "MTU 1300" in daemon.log(), "it has heard of the MTU")
        one.host.ip("link", "set", "wg0", "down")
        eventually(lambda: "wg0: down" in daemon.log(), "it has heard of the end")
        assert one.host.run("ss", "-lunH").stdout == ""
        one.host.ip("link", "set", "wg0", "up")
        one.host.ip("link", "set", "wg0", "name", "wg7")
        assert reaches(one.host, two.inner4, 5.0)
        one.host.ip("link", "del", "wg7")
        assert daemon.await_end() == 0
        assert "the interface was deleted" in daemon.log()


def test_what_is_no_ip_is_counted(pair, pump):
    one = End(pair[0], 1)
    with start_by_packet_sockets(one, "--io", pump), \
            one.host.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as raw:
        nobody = b"\2\0\0\0\0\7"
        raw.sendto(b"\x45" + bytes(60), ("wg0", _ETH_P_LOOPBACK, 0, 0, nobody))
        raw.sendto(b"\x05" + bytes(60), ("wg0", _ETH_P_IP, 0, 0, nobody))
        eventually(lambda: dropped(one, "malformed_outgoing") == 2, "both were counted")


def test_what_a_full_socket_loses_is_counted(pair, pump):
    one = End(pair[0], 1)
    with start_by_packet_sockets(one, "--io", pump) as daemon, \
            one.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        os.kill(daemon.pid, signal.SIGSTOP)
        for _ in range(40_000):
            source.sendto(bytes(1300), ("10.9.0.77", 9))
        os.kill(daemon.pid, signal.SIGCONT)
        lost = dropped(one, "inner_queue_full")
        assert 20_000 < lost < 40_000
        eventually(lambda: dropped(one, "no_peer") + lost == 40_000, "it has looked at the others")
        daemon.process.send_signal(signal.SIGUSR1)
        eventually(lambda: f"dropped inner_queue_full: {lost}" in daemon.log(), "it is in the log")


# --- the daemon outside, as an ordinary user

@pytest.fixture
def apart(net):
    """The daemon's end, whose interface is to be in a user namespace, and an ordinary one."""
    a, b = net.pair()
    return EndApart(a, net.host("inside", UserNamespace), 1), End(b, 2)


def test_packet_sockets_of_a_namespace_that_it_may_not_enter(apart, pump, offload):
    one, two = apart
    with PacketLink(one.inside, workers=2) as link:
        daemon = one.start_with(program(), link.environment(), link.descriptors(), "--io", pump,
                                *offload)
    with daemon, two.start():
        _join(one, two)
        _carries(one.inside, one, two)
        one.inside.ip("link", "set", "wg0", "mtu", "1300")
        eventually(lambda: "MTU 1300" in daemon.log(), "it has heard of the MTU")
    eventually(lambda: not one.inside.has_link("wg0"), "the interface has gone with the daemon")


_TUNSETIFF, _IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x400454CA, 1, 0x1000, 0x4000


def _open_tun(host):
    with host.inside():
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        flags = _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", b"wg0", flags))
    return tun


def test_a_tun_of_a_namespace_that_it_may_not_enter(apart, pump):
    one, two = apart
    tun, netlink = _open_tun(one.inside), one.inside.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    try:
        daemon = one.start_with(program(), {"WG_TUN_FD": str(tun),
                                            "WG_NETLINK_FD": str(netlink.fileno())},
                                (tun, netlink.fileno()), "--io", pump)
    finally:
        os.close(tun)
        netlink.close()
    with daemon, two.start():
        _join(one, two)
        _carries(one.inside, one, two)
        one.inside.ip("link", "set", "wg0", "mtu", "1300")
        eventually(lambda: "MTU 1300" in daemon.log(), "it has heard of the MTU")
        one.inside.ip("link", "set", "wg0", "down")
        eventually(lambda: "wg0: down" in daemon.log(), "it has heard of the end")
    assert not one.inside.has_link("wg0")


# --- what cannot be used

def _refused(host, environment, descriptors, command=(), interface="wg0"):
    """Runs what must fail, and returns its line on standard error."""
    child = host.popen(*command, program(), "-f", interface, pass_fds=descriptors,
                       env={"LOG_LEVEL": "error", **environment},
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, said = child.communicate(timeout=10)
    assert child.returncode == 1 and len(said.splitlines()) == 1, said
    return said.decode()


def test_a_tun_without_a_netlink_socket_is_refused_with_advice(apart):
    one, _ = apart
    tun = _open_tun(one.inside)
    user = ("setpriv", f"--reuid={one.USER}", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", "--")
    try:
        line = _refused(one.host, {"WG_TUN_FD": str(tun)}, (tun,), user)
    finally:
        os.close(tun)
    assert "or a netlink socket from there (WG_NETLINK_FD)" in line


@pytest.mark.parametrize("family, kind, bound, complaint", [
    (socket.AF_INET, socket.SOCK_DGRAM, None, "no packet socket of SOCK_RAW; hand in"),
    (socket.AF_PACKET, socket.SOCK_DGRAM, ("eth0", 3), "no packet socket of SOCK_RAW; hand in"),
    (socket.AF_PACKET, socket.SOCK_RAW, None, "bound to no interface; hand in"),
    (socket.AF_PACKET, socket.SOCK_RAW, ("eth0", _ETH_P_IP), "bind it to ETH_P_ALL"),
    (socket.AF_PACKET, socket.SOCK_RAW, ("eth0", 3), "cannot find the interface wg0"),
])
def test_what_is_no_fitting_socket(pair, family, kind, bound, complaint):
    with pair[0].socket(family, kind) as wrong:
        if bound:
            wrong.bind(bound)
        fd = wrong.fileno()
        assert complaint in _refused(pair[0], {"WG_PACKET_FD": str(fd)}, (fd,))


def test_an_interface_that_asks_for_addresses(pair):
    with PacketLink(pair[0]) as link:
        pair[0].ip("link", "set", "wg0", "arp", "on")
        line = _refused(pair[0], link.environment(), link.descriptors())
        assert "`ip link set wg0 arp off`" in line
        assert pair[0].has_link("wg0")  # It is not ours to delete.


def test_a_descriptor_that_is_none(pair):
    line = _refused(pair[0], {"WG_PACKET_FD": "77"}, ())
    assert line.startswith("wring: cannot use WG_PACKET_FD=77: Bad file descriptor")
