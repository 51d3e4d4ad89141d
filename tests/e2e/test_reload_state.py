"""What `wring reload` makes of a tunnel, beside a start with the same file."""

import pytest

from support import wg
from support.daemon import program
from support.run_state import assert_clean, settings, state, with_resolvconf
from support.running import Run

_PEER = """[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = 10.7.1.9:51820
{extra}
"""
_PUBLIC = [wg.new_keys().public for _ in range(3)]
_ONE = _PEER.format(public=_PUBLIC[0], allowed="10.9.0.2/32, fd09::2/128", extra="")
_TWO = _PEER.format(public=_PUBLIC[1], allowed="10.50.0.0/16, fd50::/32", extra="")
_ALL = _PEER.format(public=_PUBLIC[2], allowed="0.0.0.0/0, ::/0", extra="")
_ALL4 = _PEER.format(public=_PUBLIC[2], allowed="0.0.0.0/0", extra="")
_INSIDE = "Address = 10.9.0.1/24, fd09::1/64"

# Keys of [Interface] and peers, before and after.
CHANGES = {
    "a peer comes": (_INSIDE, _ONE, _INSIDE, _ONE + _TWO),
    "a peer goes": (_INSIDE, _ONE + _TWO, _INSIDE, _ONE),
    "a peer gets another's prefixes": (
        _INSIDE, _ONE + _TWO, _INSIDE,
        _ONE + _PEER.format(public=_PUBLIC[2], allowed="10.50.0.0/16, fd50::/32", extra="")),
    "all of a peer": (
        _INSIDE, _ONE, _INSIDE,
        _PEER.format(public=_PUBLIC[0], allowed="10.9.0.3/32, 10.60.0.0/16",
                     extra=f"PersistentKeepalive = 7\nPresharedKey = {wg.new_psk()}"
                     ).replace("10.7.1.9", "10.7.2.9")),
    "an address comes": (_INSIDE, _ONE, _INSIDE + ", 10.10.0.1/16", _ONE),
    "an address goes, with the routes that it stood for": (
        _INSIDE + ", 10.50.0.1/16", _ONE + _TWO, _INSIDE, _ONE + _TWO),
    "the first address of a network goes": (
        "Address = 10.9.0.1/24, 10.9.0.5/24, fd09::1/64", _ONE + _TWO,
        "Address = 10.9.0.5/24, 10.9.0.6/24, fd09::1/64", _ONE + _TWO),
    "all IPv4 addresses change": (
        "Address = 10.9.0.1/32", _ONE + _TWO, "Address = 10.8.0.1/32", _ONE + _TWO),
    "no IPv4 address is left": (_INSIDE, _ONE + _TWO, "Address = fd09::1/64", _ONE + _TWO),
    "another length": (_INSIDE, _ONE + _TWO, "Address = 10.9.0.1/16, fd09::1/48", _ONE + _TWO),
    "an MTU": (_INSIDE, _ONE, _INSIDE + "\nMTU = 1300", _ONE),
    "no MTU any more": (_INSIDE + "\nMTU = 1300", _ONE, _INSIDE, _ONE),
    "another table": (_INSIDE, _ONE + _TWO, _INSIDE + "\nTable = 1234", _ONE + _TWO),
    "no routes": (_INSIDE, _ONE + _ALL, _INSIDE + "\nTable = off", _ONE + _ALL),
    "routes again": (_INSIDE + "\nTable = off", _ONE + _ALL, _INSIDE, _ONE + _ALL),
    "a default route comes": (_INSIDE, _ONE, _INSIDE, _ONE + _ALL),
    "a default route goes": (_INSIDE, _ONE + _ALL, _INSIDE, _ONE),
    "a default route of one version goes": (_INSIDE, _ALL, _INSIDE, _ALL4),
    "a mark": (_INSIDE, _ONE, _INSIDE + "\nFwMark = 0x77", _ONE),
    "the mark of a default route": (
        _INSIDE, _ONE + _ALL, _INSIDE + "\nFwMark = 0x77", _ONE + _ALL),
    "addresses under a default route": (_INSIDE, _ALL, _INSIDE + ", 10.10.0.1/16", _ALL),
    "a port": (_INSIDE, _ONE, _INSIDE + "\nListenPort = 5182", _ONE),
    "DNS": (_INSIDE, _ONE, _INSIDE + "\nDNS = 10.9.0.9, example.com", _ONE),
    "another DNS": (_INSIDE + "\nDNS = 10.9.0.9", _ONE, _INSIDE + "\nDNS = 10.9.0.8", _ONE),
    "no DNS": (_INSIDE + "\nDNS = 10.9.0.9", _ONE, _INSIDE, _ONE),
}


def _without_numbers(found):
    """The kernel numbers rules in the order in which they come."""
    for rules in found["rules"]:
        for rule in rules:
            del rule["priority"]
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_reload_all_is_as_after_a_start(host_with_ways, tmp_path, name):
    host, path = host_with_ways, tmp_path / "wg0.conf"
    keys = [f"[Interface]\nPrivateKey = {wg.new_keys().private}\n" for _ in range(2)]
    before, peers_before, after, peers_after = CHANGES[name]

    def write(key, interface, peers):
        path.write_text(f"{key}{interface}\n{peers}")
        path.chmod(0o600)

    def dns(log):
        return [line for line in (tmp_path / log).read_text().splitlines()
                if "-d" not in line] if (tmp_path / log).exists() else []

    fresh = state(host, "lo")
    write(keys[1], after, peers_after)
    with Run(host, str(path), env=with_resolvconf(tmp_path, "expected")):
        expected = _without_numbers(state(host, "wg0")), settings(host, "wg0")
    write(keys[0], before, peers_before)
    with Run(host, str(path), env=with_resolvconf(tmp_path, "dns")):
        first = len(dns("dns"))
        write(keys[1], after, peers_after)
        done = host.run(program(), "reload", "wg0")
        assert "wg0 was changed" in done.stdout
        assert (_without_numbers(state(host, "wg0")), settings(host, "wg0")) == expected
        again = host.run(program(), "reload", "wg0")
        assert again.stdout == "wg0 is as its configuration says\n"
        assert dns("dns")[first:] == (dns("expected") if "DNS" in name else [])
    assert state(host, "lo") == fresh
    assert_clean(host, "wg0")
