"""Two daemons, each the other's peer: what nearly every test begins with."""

from contextlib import ExitStack, contextmanager
from typing import Iterator, Optional

from . import wg
from .daemon import Daemon
from .netns import Host

PORT = 51820


class End:
    """One end of a tunnel: a host, the daemon in it, its keys and its addresses inside."""

    def __init__(self, host: Host, number: int, interface: str = "wg0"):
        self.host, self.interface, self.keys = host, interface, wg.new_keys()
        self.inner4, self.inner6 = f"10.9.0.{number}", f"fd09::{number}"
        self.port = PORT
        self._daemon: Optional[Daemon] = None

    @property
    def daemon(self) -> Daemon:
        """The daemon that was started last."""
        assert self._daemon is not None, "start() comes first"
        return self._daemon

    def start(self, *arguments: str, **options) -> Daemon:
        """Starts the daemon (arguments as for `Daemon`), sets key and port, brings it up."""
        self._daemon = Daemon(self.host, self.interface, *arguments, **options)
        self.configure("listen-port", self.port, "private-key", "/dev/stdin",
                       secret=self.keys.private)
        self.add_inner_addresses()
        return self.daemon

    def add_inner_addresses(self) -> None:
        self.host.add_address(self.interface, f"{self.inner4}/24")
        if self.host.has_ipv6():
            self.host.add_address(self.interface, f"{self.inner6}/64")
        self.host.ip("link", "set", self.interface, "up")

    def configure(self, *settings: object, secret: str = "") -> None:
        wg.configure(self.host, self.interface, *settings, secret=secret)

    def add_peer(self, other: "End", endpoint: Optional[str] = None, *settings: object,
                 secret: str = "") -> None:
        """Makes the other end a peer, with its inner addresses as AllowedIPs; the endpoint is an
        address without its port."""
        where = f"[{endpoint}]:{PORT}" if endpoint and ":" in endpoint else f"{endpoint}:{PORT}"
        self.configure("peer", other.keys.public,
                       "allowed-ips", f"{other.inner4}/32,{other.inner6}/128",
                       *(["endpoint", where] if endpoint else []), *settings, secret=secret)

    def peer(self, other: "End") -> wg.Peer:
        """What `wg` shows about the other end."""
        return wg.show(self.host, self.interface).peers[other.keys.public]


@contextmanager
def tunnel(a: Host, b: Host, a_endpoint: Optional[str] = "10.7.0.1",
           b_endpoint: Optional[str] = "10.7.0.2", arguments: tuple = ()
           ) -> Iterator[tuple[End, End]]:
    """A tunnel between two hosts on one cable (`Net.pair`). Each endpoint is where the other side
    looks for it; None leaves that to be learned."""
    one, two = End(a, 1), End(b, 2)
    with ExitStack() as stack:
        for end in (one, two):
            stack.enter_context(end.start(*arguments))
        one.add_peer(two, b_endpoint)
        two.add_peer(one, a_endpoint)
        yield one, two
