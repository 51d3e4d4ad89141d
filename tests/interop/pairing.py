"""wring on one host, a foreign peer on another, and a tunnel between them."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from peers import OUTER, ForeignPeer, give_outer_addresses
from support.netns import Net
from support.transfer import await_reach, ping
from support.tunnel import End


def all_answered(host, address: str, count: int = 3, size: int = 56) -> bool:
    """Whether every one of `count` pings sent at once is answered.

    The interval of 1 s is how long ping waits for the last answer once it has had another; with a
    shorter one, a busy machine loses pings that nobody lost."""
    return ping(host, address, count, 1.0, size, 2.0, "-l", str(count)).lost == 0


class Pair:
    """Two hosts on one cable. They serve many tunnels, one after the other."""

    def __init__(self, net: Net, peer: ForeignPeer):
        self.peer = peer
        self.wring_host = net.host("wring")
        self.foreign_host = peer.place(net, self.wring_host)


@dataclass
class Tunnel:
    """A configured tunnel. Only the initiator knows where the other end is, so that the other end
    can be nothing but the responder of the first handshake."""

    pair: Pair
    wring: End
    foreign: End
    initiator: End
    responder: End
    ip_version: int  # Outside the tunnel.

    def outer(self, end: End) -> str:
        return OUTER["wring" if end is self.wring else "foreign"][self.ip_version]

    def other(self, end: End) -> End:
        return self.foreign if end is self.wring else self.wring

    def introduce(self, end: End, *settings: object, endpoint: bool = True, secret: str = ""
                  ) -> None:
        """Makes the other end a peer of `end`."""
        other = self.other(end)
        end.add_peer(other, self.outer(other) if endpoint else None, *settings, secret=secret)

    def await_open(self) -> None:
        """Sends from the initiator until an answer has come through the tunnel."""
        await_reach(self.initiator.host, self.responder.inner4)

    def latest_handshake(self) -> int:
        """When wring completed one, in seconds since 1970; 0 for never. (The foreign end is not
        asked, for boringtun tells how many seconds have passed since.)"""
        return self.wring.peer(self.foreign).latest_handshake


@contextmanager
def tunnel(pair: Pair, initiator: str = "wring", ip_version: int = 4, psk: str = ""
           ) -> Iterator[Tunnel]:
    """A tunnel with fresh keys, interfaces and outer addresses; taken down at the end."""
    for name, host in (("wring", pair.wring_host), ("foreign", pair.foreign_host)):
        give_outer_addresses(host, name)
    wring, foreign = End(pair.wring_host, 1), End(pair.foreign_host, 2)
    first, second = (wring, foreign) if initiator == "wring" else (foreign, wring)
    opened = Tunnel(pair, wring, foreign, first, second, ip_version)
    with wring.start():
        try:
            pair.peer.start(foreign)
            settings = ("preshared-key", "/dev/stdin") if psk else ()
            opened.introduce(second, *settings, endpoint=False, secret=psk)
            opened.introduce(first, *settings, secret=psk)
            yield opened
        finally:
            pair.peer.stop(foreign)
