"""A real wring in a namespace, and wire peers beside it with sockets of their own."""

import itertools
import os
import select
import socket
import struct
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator, Optional, Sequence

from support.daemon import Daemon
from support.netns import Host, Net
from support.waiting import eventually

from control import Control
from wire import inner, messages
from wire.crypto import Key
from wire.handshake import NO_PSK, Initiator, Responder, Session

INNER4, INNER6 = "10.9.0.1", "fd09::1"  # wring's own addresses inside the tunnel.
OUTER4, OUTER6 = "10.7.0.1", "fd07:0::1"  # And outside.
PORT = 51820
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33


@contextmanager
def _one_cpu() -> Iterator[None]:
    """Keeps the thread on the first CPU for a while: the kernel hands on what it sends by a queue
    of each CPU, so that datagrams of a thread which moves between two might change places."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@dataclass(frozen=True)
class Message:
    """A datagram from wring."""

    bytes: bytes
    at: float  # When the kernel received it, in seconds since 1970 (time.time()'s clock).
    tos: int
    source: tuple

    @property
    def type(self) -> int:
        return messages.type_of(self.bytes)


class Wring:
    """One wring process with an interface that is up, and a second host on its cable.

    Leaving it as a context manager ends everything, the sockets of its peers included. `prepare`
    may change its host before it starts; `command` is as for `Daemon`.
    """

    def __init__(self, *arguments: str, up: bool = True,
                 prepare: Optional[Callable[[Host], None]] = None,
                 command: Optional[Sequence[str]] = None):
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.key = Key()
        net = self._stack.enter_context(Net())
        try:
            self.host, self.far = net.pair()
            if prepare:
                prepare(self.host)
            self.daemon = self._stack.enter_context(
                Daemon(self.host, "wg0", *arguments, command=command, log_level="error"))
            self.control = Control(self.host)
            self.control.must_set(f"private_key={self.key.private.hex()}", f"listen_port={PORT}")
            self.host.add_address("wg0", f"{INNER4}/16")
            if self.host.has_ipv6():
                self.host.add_address("wg0", f"{INNER6}/64")
            if up:
                self.bring_up()
        except BaseException:
            self._stack.close()
            raise

    def bring_up(self) -> None:
        self.host.ip("link", "set", "wg0", "up")
        eventually(lambda: f":{self.port()} " in self.host.run("ss", "-Huln").stdout,
                   "wring listens")

    def port(self) -> int:
        return int(self.control.get()[0]["listen_port"])

    def peer(self, *lines: str, endpoint: bool = True, psk: bytes = NO_PSK, family: int = 4,
             settle: bool = True) -> "WirePeer":
        """A new peer that wring knows: with its inner addresses as AllowedIPs, its endpoint and
        `lines` of the control protocol. Any thread."""
        with self._lock:
            made = WirePeer(self, next(self._numbers), psk, family)
            self._stack.callback(made.close)
        if settle:
            made.configure(f"preshared_key={psk.hex()}", f"allowed_ip={made.inner4}/32",
                           f"allowed_ip={made.inner6}/128",
                           *([f"endpoint={made.endpoint}"] if endpoint else []), *lines)
        return made

    def __enter__(self) -> "Wring":
        return self

    def __exit__(self, *failure) -> None:
        self._stack.__exit__(*failure)


class WirePeer:
    """A peer of wring's, played by a test: it sends and reads what it is told to.

    `inside` is a socket in wring's host, at the other end of the tunnel: what wring delivers from
    this peer arrives there, and what is sent by it to `(inner4, inner_port)` goes to this peer.
    """

    def __init__(self, wring: Wring, number: int, psk: bytes, family: int = 4):
        self.wring, self.key, self.psk = wring, Key(), psk
        self.cookie = b""
        self.inner4 = f"10.9.{number // 250 + 1}.{number % 250 + 1}"
        self.inner6 = f"fd09::{number + 1:x}"
        self.inner_port = 7000 + number
        self.address, self.wring_address = (("10.7.0.2", OUTER4) if family == 4
                                            else ("fd07:0::2", OUTER6))
        self.outside = self.outer_socket()
        self.inside = wring.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inside.bind((INNER4, self.inner_port))

    def outer_socket(self, port: int = 0, address: str = "") -> socket.socket:
        """A further outer socket in the far host: an address that is not the peer's endpoint."""
        bound = address or self.address
        family = socket.AF_INET6 if ":" in bound else socket.AF_INET
        made = self.wring.far.socket(family, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        made.bind((bound, port))
        return made

    def close(self) -> None:
        self.outside.close()
        self.inside.close()

    @property
    def endpoint(self) -> str:
        """The outer socket's address as wring shows it."""
        return endpoint_of(self.outside)

    def configure(self, *lines: str) -> None:
        self.wring.control.must_set(f"public_key={self.key.public.hex()}", *lines)

    def state(self) -> dict:
        """What wring tells about this peer."""
        return self.wring.control.get()[1][self.key.public.hex()]

    def last_handshake(self) -> float:
        state = self.state()
        return (int(state["last_handshake_time_sec"])
                + int(state["last_handshake_time_nsec"]) / 1e9)

    # --- Outer datagrams ---

    def send(self, datagram: bytes, by: Optional[socket.socket] = None) -> float:
        """Sends it to wring and returns a time that is not after it left."""
        before = time.time()
        with _one_cpu():
            (by or self.outside).sendto(datagram, (self.wring_address, PORT))
        return before

    def receive(self, timeout: float, by: Optional[socket.socket] = None) -> Optional[Message]:
        """The next datagram from wring, or None after `timeout` s."""
        source = by or self.outside
        if not select.select([source], [], [], max(0.0, timeout))[0]:
            return None
        payload, ancillary, _, address = source.recvmsg(1 << 16, 256)
        at, tos = time.time(), 0
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                seconds, nanoseconds = struct.unpack("qq", value[:16])
                at = seconds + nanoseconds / 1e9
            elif kind in (socket.IP_TOS, socket.IPV6_TCLASS):
                tos = value[0]
        return Message(payload, at, tos, address)

    def expect(self, kind: int, timeout: float = 5.0, by: Optional[socket.socket] = None
               ) -> Message:
        """The next datagram of a type; what comes before it is passed over."""
        deadline = time.monotonic() + timeout
        while True:
            message = self.receive(deadline - time.monotonic(), by)
            assert message, f"no message of type {kind} within {timeout:g} s"
            if message.type == kind:
                return message

    def listen(self, seconds: float, kind: Optional[int] = None,
               by: Optional[socket.socket] = None) -> list[Message]:
        """Everything that comes within a time, of one type or of all."""
        deadline = time.monotonic() + seconds
        found = []
        while message := self.receive(deadline - time.monotonic(), by):
            found.append(message)
        return [each for each in found if kind in (None, each.type)]

    # --- Handshakes ---

    def initiation(self, **bent) -> Initiator:
        bent.setdefault("cookie", self.cookie)
        return Initiator(self.key, self.wring.key.public, self.psk, **bent)

    @staticmethod
    def rest() -> None:
        """Lets the 20 ms pass in which wring takes no second initiation of a peer (P5)."""
        time.sleep(0.025)

    def initiate(self, confirm: bool = True, by: Optional[socket.socket] = None, **bent
                 ) -> Session:
        """A handshake in which this peer is the initiator; `confirm` sends a keepalive on it, and
        returns once wring shows the handshake."""
        self.rest()
        initiator = self.initiation(**bent)
        self.send(initiator.message, by)
        session = initiator.finish(self.expect(messages.RESPONSE, by=by).bytes)
        if confirm:
            before = self.last_handshake()
            self.send(session.seal(b""), by)
            eventually(lambda: self.last_handshake() > before, "the session is confirmed")
        return session

    def respond(self, timeout: float = 6.5, psk: Optional[bytes] = None) -> Session:
        """Waits for wring's initiation and answers it."""
        responder = Responder(self.key, self.expect(messages.INITIATION, timeout).bytes)
        response, session = responder.respond(self.psk if psk is None else psk)
        self.send(response)
        return session

    def called(self) -> Session:
        """A handshake that wring begins, since a packet for this peer has come; the packet is read
        and checked."""
        self.say(b"called")
        session = self.respond()
        assert self.read(session) == b"called"
        return session

    # --- Inner packets ---

    def packet(self, payload: bytes, **header) -> bytes:
        """From this peer to wring's inner address."""
        return inner.padded(inner.udp4(self.inner4, INNER4, payload, self.inner_port, **header))

    def tell(self, session: Session, payload: bytes, counter: Optional[int] = None,
             by: Optional[socket.socket] = None) -> float:
        """Sends a UDP payload through the tunnel, to arrive at `inside`."""
        return self.send(session.seal(self.packet(payload), counter), by)

    def say(self, payload: bytes) -> None:
        """Has wring's host send a UDP payload to this peer through the tunnel."""
        self.inside.sendto(payload, (self.inner4, self.inner_port))

    def heard(self, timeout: float = 5.0) -> Optional[bytes]:
        """The next UDP payload that wring delivered from this peer."""
        if not select.select([self.inside], [], [], timeout)[0]:
            return None
        return self.inside.recv(1 << 16)

    def is_delivered(self, session: Session, *sealed: bytes) -> list[bytes]:
        """Sends these datagrams, then a last one that wring must deliver, and returns the payloads
        that arrived before it: packets of one session keep their order."""
        for each in sealed:
            self.send(each)
        end = b"end %d" % time.monotonic_ns()
        self.tell(session, end)
        arrived = []
        while (payload := self.heard()) != end:
            assert payload is not None, "what should be delivered is not"
            arrived.append(payload)
        return arrived

    def plaintexts(self, session: Session, timeout: float = 5.0) -> Iterator[bytes]:
        """What wring sends on the session, decrypted and with its padding."""
        deadline = time.monotonic() + timeout
        while message := self.receive(deadline - time.monotonic()):
            if message.type == messages.DATA:
                yield session.open(message.bytes)

    def read(self, session: Session, timeout: float = 5.0) -> bytes:
        """The UDP payload of wring's next packet that is no keepalive."""
        for plaintext in self.plaintexts(session, timeout):
            if plaintext:
                return inner.payload_of(plaintext)
        raise AssertionError(f"no packet within {timeout:g} s")

    def read_many(self, session: Session, count: int) -> list[bytes]:
        """The UDP payloads of wring's next packets, in the order in which they were sealed."""
        found: list[tuple[int, bytes]] = []
        while len(found) < count:
            message = self.expect(messages.DATA).bytes
            if plaintext := session.open(message):
                found.append((messages.parse_data(message).counter, inner.payload_of(plaintext)))
        return [payload for _, payload in sorted(found)]

    def works(self, session: Session) -> bool:
        """Whether data goes through on the session both ways."""
        mark = b"both ways %d" % time.monotonic_ns()
        self.tell(session, mark)
        if self.heard() != mark:
            return False
        self.say(mark)
        return self.read(session) == mark


def endpoint_of(outside: socket.socket) -> str:
    address, port = outside.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def forged(message: bytes, at: int = -1) -> bytes:
    """The same with one bit of a byte turned."""
    changed = bytearray(message)
    changed[at] ^= 0x01
    return bytes(changed)
