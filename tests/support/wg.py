"""The unmodified `wg` tool: keys, settings, and its dump as objects."""

import subprocess
from dataclasses import dataclass, field
from typing import Optional

from .netns import Host
from .waiting import eventually


def _wg(*argv: str, input: str = "") -> str:
    return subprocess.run(["wg", *argv], input=input, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


@dataclass(frozen=True)
class KeyPair:
    private: str
    public: str


def new_keys() -> KeyPair:
    private = _wg("genkey")
    return KeyPair(private, _wg("pubkey", input=private))


def new_psk() -> str:
    return _wg("genpsk")


@dataclass(frozen=True)
class Peer:
    """A line of `wg show IF dump`; what is unset there is None, off or zero here."""

    public_key: str
    psk: Optional[str]
    endpoint: Optional[str]
    allowed_ips: frozenset
    latest_handshake: int  # Seconds since 1970; 0 for never.
    rx_bytes: int
    tx_bytes: int
    keepalive: int  # Seconds; 0 for off.


@dataclass(frozen=True)
class Interface:
    private_key: Optional[str]
    public_key: Optional[str]
    listen_port: int
    fwmark: int
    peers: dict = field(default_factory=dict)  # By public key.

    def only_peer(self) -> Peer:
        (peer,) = self.peers.values()
        return peer


def _or_none(text: str) -> Optional[str]:
    return None if text == "(none)" else text


def _number(text: str) -> int:
    return 0 if text == "off" else int(text, 0)


def show(host: Host, interface: str) -> Interface:
    """`wg show IF dump` as an object."""
    first, *rest = host.run("wg", "show", interface, "dump").stdout.splitlines()
    private, public, port, fwmark = first.split("\t")
    peers = {}
    for line in rest:
        key, psk, endpoint, ips, handshake, rx, tx, keepalive = line.split("\t")
        allowed = frozenset() if ips == "(none)" else frozenset(ips.split(","))
        peers[key] = Peer(key, _or_none(psk), _or_none(endpoint), allowed, int(handshake),
                          int(rx), int(tx), _number(keepalive))
    return Interface(_or_none(private), _or_none(public), int(port), _number(fwmark), peers)


def configure(host: Host, interface: str, *settings: object, secret: str = "") -> None:
    """`wg set IF SETTINGS`. Where a setting wants a file with a key, name /dev/stdin and give the
    key as `secret`."""
    host.run("wg", "set", interface, *map(str, settings), input=secret)


def apply(host: Host, verb: str, interface: str, text: str, check: bool = True
          ) -> subprocess.CompletedProcess:
    """`wg setconf`, `addconf` or `syncconf` with the configuration given as text."""
    return host.run("wg", verb, interface, "/dev/stdin", input=text, check=check)


def await_handshake(host: Host, interface: str, peer: str, after: int = 0, timeout: float = 10.0
                    ) -> Peer:
    """Waits until the peer's latest handshake is later than `after` and returns the peer."""
    def done() -> Optional[Peer]:
        found = show(host, interface).peers[peer]
        return found if found.latest_handshake > after else None
    return eventually(done, f"a handshake of {host.name} with {peer}", timeout, 0.1)
