"""The pages of docs/guides work as written: support/guide.py follows each word for word. A
test here goes on where the page ends, and proves what it promises."""

import signal
import socket

import pytest

from support import wg
from support.daemon import program
from support.echoes import Echoes
from support.guide import FOLDER, Reader
from support.guide_networks import NETWORKS, build
from support.processes import name_of, send_to_each
from support.transfer import reaches
from support.waiting import eventually

# Pages that go on from the tunnel of another one.
GO_ON = {"key-rotation.md", "measuring.md", "mtu.md"}


def _read(net, page):
    """Begins a page in its own network."""
    return Reader(page, build(net, page))


def _connect(client, server, address, port=443):
    """A TCP connection from the client to the server's address: whom the server sees, and the MSS
    of what it may send."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.socket(family, socket.SOCK_STREAM) as listener, \
            client.socket(family, socket.SOCK_STREAM) as end:
        listener.bind((address, port))
        listener.listen(1)
        for each in (listener, end):
            each.settimeout(10.0)
        end.connect((address, port))
        served, peer = listener.accept()
        with served:
            return peer[0], served.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)


def _seen(client, server, address):
    return _connect(client, server, address)[0]


def test_cloud_gateway(net):
    with _read(net, "cloud-gateway.md") as reader:
        reader.follow()
        laptop, server = reader.hosts["laptop"], reader.hosts["server"]
        assert _seen(laptop, server, "203.0.113.80") == "203.0.113.10"
        assert _seen(laptop, server, "2001:db8:1::80") == "2001:db8:1::10"


def test_site_to_site(net):
    with _read(net, "site-to-site.md") as reader:
        reader.follow()
        desk, shelf = reader.hosts["desk"], reader.hosts["shelf"]
        assert _seen(desk, shelf, "192.168.2.20") == "192.168.1.20"
        assert _seen(shelf, desk, "192.168.1.20") == "192.168.2.20"


def test_road_warrior(net):
    with _read(net, "road-warrior.md") as reader:
        reader.follow("ping -c 3 10.9.0.2")
        # The laptop had nothing to send but the keepalive, so that has opened the router's way.
        assert wg.show(reader.hosts["laptop"], "wg0").only_peer().keepalive == 25
        reader.follow()


def test_key_rotation(net):
    with _read(net, "site-to-site.md") as reader:
        reader.follow()
        office, branch = reader.hosts["office"], reader.hosts["branch"]
        before = [wg.show(host, "wg0").only_peer() for host in (office, branch)]
        # Slow enough for what waits between two commands, and it would see a packet that is lost.
        echoes = Echoes(office, branch, "10.9.0.2", 0.1)
        reader.turn_to("key-rotation.md")
        reader.follow()
        after = [wg.show(host, "wg0").only_peer() for host in (office, branch)]
        # The handshake under the new key was one with the new preshared key.
        assert before[0].psk is None and after[0].psk
        assert after[0].psk == after[1].psk
        assert before[1].public_key != after[1].public_key
        assert after[1].latest_handshake
        sent = echoes.sent
        eventually(lambda: echoes.sent > sent + 5, "echoes go on")
        assert echoes.finish() == 0


def test_mtu(net):
    with _read(net, "site-to-site.md") as reader:
        reader.follow()
        for device, network in (("one", "203.0.113.0/24"), ("two", "198.51.100.0/24")):
            reader.hosts["carrier"].ip("route", "replace", network, "dev", device,
                                       "mtu", "lock", "1400")
        reader.turn_to("mtu.md")
        reader.follow()
        # Less the headers and 12 bytes of timestamps.
        assert _connect(reader.hosts["desk"], reader.hosts["shelf"], "192.168.2.20")[1] \
            == 1320 - 40 - 12


def test_measuring(net):
    with _read(net, "site-to-site.md") as reader:
        reader.follow()
        reader.turn_to("measuring.md")
        branch = reader.hosts["branch"]
        try:
            reader.follow("wring bench")
            assert _iperf3s(branch)
            reader.follow()
            eventually(lambda: not _iperf3s(branch), "its server has ended")
            eventually(lambda: not reader.hosts["office"].has_link("wg1"), "wg1 is away")
        finally:
            # A daemon outlives the host, if the page did not get as far as to end it.
            send_to_each(_iperf3s(branch), signal.SIGKILL)


def _iperf3s(host):
    return [pid for pid in host.pids() if name_of(pid) == "iperf3"]


def test_mesh(net):
    with _read(net, "mesh.md") as reader:
        reader.follow("ping -c 1")
        last = wg.show(reader.hosts["node5"], "wg0")
        assert len(last.peers) == 4
        before = wg.show(reader.hosts["node2"], "wg0").peers
        reader.follow()
        after = wg.show(reader.hosts["node2"], "wg0").peers
        assert set(before) - set(after) == {last.public_key}
        # They meet directly, each from its own address.
        assert _seen(reader.hosts["node2"], reader.hosts["node4"], "10.9.0.4") == "10.9.0.2"


def test_least_access(net):
    with _read(net, "least-access.md") as reader:
        web, contractor = reader.hosts["web"], reader.hosts["contractor"]
        with web.socket(socket.AF_INET, socket.SOCK_STREAM) as https, \
                web.socket(socket.AF_INET, socket.SOCK_STREAM) as ssh:
            for listener, port in ((https, 443), (ssh, 22)):
                listener.bind(("192.168.1.20", port))
                listener.listen()
            reader.follow()
        # The peer changes its own file, and gets nothing by it.
        contractor.ip("route", "add", "192.168.1.0/24", "dev", "wg0")
        wg.configure(contractor, "wg0", "peer", wg.show(contractor, "wg0").only_peer().public_key,
                     "allowed-ips", "10.9.0.0/24,192.168.1.0/24")
        assert not reaches(contractor, "192.168.1.30")
        contractor.add_address("wg0", "10.9.0.2/32")
        assert contractor.run("ping", "-c", "1", "-W", "1", "-I", "10.9.0.2", "192.168.1.30",
                              check=False).returncode == 1
        office = reader.hosts["office"]
        assert "1 not_allowed_source" in office.run(program(), "show", "wg0").stdout


def test_failover(net):
    with _read(net, "failover.md") as reader:
        laptop, web = reader.hosts["laptop"], reader.hosts["web"]
        reader.follow("ping -c 3 192.168.1.20")
        first = wg.show(reader.hosts["gateway1"], "wg0").only_peer()
        assert first.latest_handshake
        assert not wg.show(reader.hosts["gateway2"], "wg0").only_peer().latest_handshake
        reader.follow()
        addresses = "-brief", "address", "show", "eth0"
        assert "203.0.113.10" not in reader.hosts["gateway1"].ip(*addresses)
        assert _seen(laptop, web, "192.168.1.20") == "10.9.0.2"
        # Without its engine the interface is away.
        reader.runs["gateway2"].kill()
        eventually(lambda: "203.0.113.10" in reader.hosts["gateway1"].ip(*addresses),
                   "the address is back", 30.0)


@pytest.mark.parametrize("page, why", [
    ("```sh\ntrue\n```\n", "no host"),
    ("```sh host=a outptu=A_KEY\ntrue\n```\n", "what is"),
    ("A page without a command.\n", "nothing to follow"),
    ("```sh host=a\nfalse\ntrue\n```\n", "status 1"),
    ("```sh host=a status=1\ntrue\n```\n", "status 0"),
    ("```text host=a file=/etc/wireguard/wg0.conf\nPublicKey = FAR_KEY\n```\n", "FAR_KEY"),
    ("```sh host=a\necho one 1\n```\n```text shown\none ...\ntwo\n```\n", "'two' is not in"),
])
def test_a_page_that_does_not_work_is_found(net, tmp_path, page, why):
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(AssertionError, match=why):
        with Reader(str(tmp_path / "page.md"), {"a": net.host("a")}) as reader:
            reader.follow()


def test_each_page_is_in_the_index():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
    assert all(f"]({page})" in index for page in pages)
    # test_proxy_container.py follows this one.
    assert pages - {"private-database.md"} == set(NETWORKS) | GO_ON
