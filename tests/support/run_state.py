"""Files for `wring run`, what they change in a host, and what is left of it."""

import json
import os
import re
from pathlib import Path

from . import wg
from .netns import Host

# Writes down how it was called.
_RESOLVCONF = """#!/bin/sh
echo "$@" >> "$DNS_LOG"
[ "$1" != -a ] || cat >> "$DNS_LOG"
"""
_CONFIG = """[Interface]
PrivateKey = {private}
Address = 10.9.0.{number}/24, fd09::{number}/64
ListenPort = 51820
{extra}
[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = {endpoint}
PersistentKeepalive = 5
"""


def pair_of_files(folder: Path, allowed: str, endpoint: str, extra: str = "") -> list[str]:
    """wg0.conf for each of two hosts on one cable. The words are those of the first."""
    keys = wg.new_keys(), wg.new_keys()
    made = []
    for number, far, to, where in ((1, 2, allowed, endpoint),
                                   (2, 1, "10.9.0.1/32, fd09::1/128", "10.7.0.1:51820")):
        path = folder / str(number) / "wg0.conf"
        path.parent.mkdir()
        path.write_text(_CONFIG.format(private=keys[number - 1].private, number=number,
                                       public=keys[far - 1].public, allowed=to, endpoint=where,
                                       extra=extra if number == 1 else ""))
        path.chmod(0o600)
        made.append(str(path))
    return made


def know(host: Host, folder: Path, line: str) -> None:
    """Has the host's resolver know this line of /etc/hosts, and no other."""
    hosts = folder / "hosts"
    fresh = not hosts.exists()
    hosts.write_text(line + "\n")
    if fresh:
        host.run("mount", "--bind", str(hosts), "/etc/hosts")


def make_resolvconf(folder: Path) -> None:
    """A stand-in for the program, in FOLDER/bin."""
    (folder / "bin").mkdir()
    (folder / "bin" / "resolvconf").write_text(_RESOLVCONF)
    (folder / "bin" / "resolvconf").chmod(0o755)


def with_resolvconf(folder: Path, log: str) -> dict[str, str]:
    """The environment in which it is found, and writes to FOLDER/LOG."""
    return {"PATH": f"{folder}/bin:{os.environ['PATH']}", "DNS_LOG": str(folder / log)}


def _json(host: Host, *words: str) -> list:
    text = host.run("ip", "-j", *words, check=False).stdout
    return json.loads(text or "[]")


def _without_chance(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"fe80::[0-9a-f:]+(?=[/\"\s])", "fe80::X", text)
    return re.sub(r'"(handle|ifindex)": ?\d+', r'"\1": 0', text)


def state(host: Host, interface: str) -> dict:
    """What a configuration can change in the network of a host."""
    links = [{key: link.get(key) for key in ("mtu", "addr_info", "operstate")}
             for link in _json(host, "address", "show", "dev", interface)]
    for link in links:
        link["addr_info"] = sorted((found["local"], found["prefixlen"], found["scope"])
                                   for found in link["addr_info"] or [])
    rules = [_json(host, version, "rule") for version in ("-4", "-6")]
    routes = [sorted(_json(host, version, "route", "show", "table", "all"), key=json.dumps)
              for version in ("-4", "-6")]
    nft = json.loads(host.run("nft", "-j", "list", "ruleset").stdout)["nftables"][1:]
    found = {"links": links, "rules": rules, "routes": routes,
             "nft": sorted(nft, key=json.dumps)}
    return json.loads(_without_chance(json.dumps(found)))


def settings(host: Host, interface: str) -> tuple:
    """What the engine was told, without the port, which the kernel may choose."""
    shown = wg.show(host, interface)
    peers = {(peer.public_key, peer.psk, peer.allowed_ips, peer.keepalive, peer.endpoint)
             for peer in shown.peers.values()}
    return shown.private_key, shown.fwmark, peers


def assert_clean(host: Host, interface: str) -> None:
    """Nothing of a run is left: no interface, file, process, rule or table."""
    assert not host.has_link(interface)
    assert host.run("ls", "/run/wireguard", check=False).stdout == ""
    assert host.run("ls", "/run/wring", check=False).stdout == ""
    assert host.pids() == []
    assert "51820" not in host.ip("rule", "show") + host.ip("-6", "rule", "show")
    assert "suppress" not in host.ip("rule", "show") + host.ip("-6", "rule", "show")
    assert host.run("nft", "list", "tables").stdout == ""
