"""The networks that the pages of docs/guides are about, as hosts and cables."""

import ipaddress

from .netns import Host, Net, masquerade

# HOST DEVICE NETWORK ADDRESS..., and `via` ROUTER... for default routes. The devices of one network
# hang on one switch. `carrier` is the internet.
_INTERNET = """
carrier one   carrier1 203.0.113.1/24  2001:db8:1::1/64
carrier two   carrier2 198.51.100.1/24 2001:db8:2::1/64
"""
NETWORKS = {
    "cloud-gateway.md": _INTERNET + """
gateway eth0  carrier1 203.0.113.10/24 2001:db8:1::10/64 via 203.0.113.1 2001:db8:1::1
laptop  eth0  carrier2 198.51.100.7/24 2001:db8:2::7/64  via 198.51.100.1 2001:db8:2::1
server  eth0  carrier1 203.0.113.80/24 2001:db8:1::80/64 via 203.0.113.1 2001:db8:1::1
""",
    "site-to-site.md": _INTERNET + """
office  eth0  carrier1 203.0.113.10/24  via 203.0.113.1
office  eth1  lan1     192.168.1.1/24
desk    eth0  lan1     192.168.1.20/24  via 192.168.1.1
branch  eth0  carrier2 198.51.100.20/24 via 198.51.100.1
branch  eth1  lan2     192.168.2.1/24
shelf   eth0  lan2     192.168.2.20/24  via 192.168.2.1
""",
    "road-warrior.md": _INTERNET + """
office  eth0  carrier1 203.0.113.10/24  via 203.0.113.1
router  eth0  carrier2 198.51.100.7/24  via 198.51.100.1
router  eth1  home     192.168.0.1/24
laptop  eth0  home     192.168.0.33/24  via 192.168.0.1
""",
    "failover.md": _INTERNET + """
gateway1 eth0 carrier1 203.0.113.11/24 via 203.0.113.1
gateway1 eth1 lan      192.168.1.2/24
gateway2 eth0 carrier1 203.0.113.12/24 via 203.0.113.1
gateway2 eth1 lan      192.168.1.3/24
web      eth0 lan      192.168.1.20/24 via 192.168.1.1
laptop   eth0 carrier2 198.51.100.7/24 via 198.51.100.1
""",
    "mesh.md": _INTERNET + """
node1   eth0  carrier1 203.0.113.11/24  via 203.0.113.1
node2   eth0  carrier1 203.0.113.12/24  via 203.0.113.1
node3   eth0  carrier2 198.51.100.13/24 via 198.51.100.1
node4   eth0  carrier2 198.51.100.14/24 via 198.51.100.1
node5   eth0  carrier2 198.51.100.15/24 via 198.51.100.1
""",
    "least-access.md": _INTERNET + """
office     eth0  carrier1 203.0.113.10/24  via 203.0.113.1
office     eth1  lan      192.168.1.1/24
web        eth0  lan      192.168.1.20/24  via 192.168.1.1
files      eth0  lan      192.168.1.30/24  via 192.168.1.1
staff      eth0  carrier2 198.51.100.2/24  via 198.51.100.1
contractor eth0  carrier2 198.51.100.66/24 via 198.51.100.1
""",
}
# Hosts that pass packets on before anybody follows the page.
_ROUTERS = ("carrier", "router")
# Hosts whose network behind them is hidden by the address of eth0.
_MASQUERADE = ("router",)


def build(net: Net, page: str) -> dict[str, Host]:
    """The hosts of a page by their names."""
    wires, hosts = net.host("wires"), dict[str, Host]()
    for line in filter(None, NETWORKS[page].splitlines()):
        ports, _, ways = line.partition(" via ")
        name, device, network, *addresses = ports.split()
        if name not in hosts:
            hosts[name] = net.host(name)
            hosts[name].sysctl("net.ipv4.ip_forward", int(name in _ROUTERS))
            hosts[name].sysctl("net.ipv6.conf.all.forwarding", int(name in _ROUTERS))
        if not wires.has_link(network):
            wires.ip("link", "add", network, "type", "bridge")
            wires.ip("link", "set", network, "up")
        _plug(wires, network, hosts[name], device, addresses)
        for way in ways.split():
            version = f"-{ipaddress.ip_address(way).version}"
            hosts[name].ip(version, "route", "add", "default", "via", way)
    for name in filter(hosts.__contains__, _MASQUERADE):
        masquerade(hosts[name], "eth0")
    return hosts


def _plug(wires: Host, network: str, host: Host, device: str, addresses: list[str]) -> None:
    end = f"{host.name[:8]}-{device}"
    wires.ip("link", "add", end, "type", "veth", "peer", "name", device, "netns", str(host.pid))
    wires.ip("link", "set", end, "master", network, "up")
    for address in addresses:
        host.add_address(device, address)
    host.ip("link", "set", device, "up")
