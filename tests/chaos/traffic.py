"""Traffic that knows what must arrive: files over TCP, and datagrams that prove themselves."""

import hashlib
import random
import socket
import threading
import time
from collections import Counter

from support.netns import Host

_PATIENCE_S = 90.0  # Of one file over TCP: far more than its retransmissions take.
_DIGEST_SIZE = 16


def _digest(data: bytes) -> bytes:
    return hashlib.blake2s(data, digest_size=_DIGEST_SIZE).digest()


class Files:
    """Sends one file after another from `source` to `sink`, each on a connection of its own and
    followed by its digest, until the deadline; the last one is finished."""

    def __init__(self, source: Host, sink: Host, address: str, seed: int, deadline: float,
                 size: int = 400_000):
        self._source, self._sink, self._address = source, sink, address
        self._rng, self._deadline, self._size = random.Random(seed), deadline, size
        self.whole = 0
        self.problems: list[str] = []

    def run(self) -> None:
        with self._sink.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind((self._address, 0))
            listener.listen(4)
            listener.settimeout(_PATIENCE_S)
            while time.monotonic() < self._deadline and not self.problems:
                self._one(listener)

    def _one(self, listener: socket.socket) -> None:
        data = self._rng.randbytes(self._size)
        sender = threading.Thread(target=self._send, args=(listener.getsockname(), data))
        sender.start()
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(_PATIENCE_S)
                received = bytearray()
                while chunk := connection.recv(1 << 16):
                    received += chunk
            if received != data + _digest(data):
                self.problems.append(f"{len(received)} bytes came, and not those that were sent")
            else:
                self.whole += 1
        except OSError as error:
            self.problems.append(f"receiver: {error}")
        sender.join(_PATIENCE_S)

    def _send(self, where: tuple[str, int], data: bytes) -> None:
        try:
            with self._source.socket(socket.AF_INET, socket.SOCK_STREAM) as sender:
                sender.settimeout(_PATIENCE_S)
                sender.connect(where)
                sender.sendall(data + _digest(data))
                sender.shutdown(socket.SHUT_WR)
                while sender.recv(1 << 10):
                    pass
        except OSError as error:
            self.problems.append(f"sender: {error}")


class Datagrams:
    """Sends numbered datagrams of all sizes with a digest each, some 200 a second, until the
    deadline, and counts what came of them."""

    def __init__(self, source: Host, sink: Host, address: str, seed: int, deadline: float):
        self._source, self._sink, self._address = source, sink, address
        self._rng, self._deadline = random.Random(seed), deadline
        self.sent, self.bad = 0, 0
        self.arrived: Counter[int] = Counter()

    def run(self) -> None:
        with self._sink.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
                self._source.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            receiver.bind((self._address, 0))
            receiver.settimeout(0.005)
            while time.monotonic() < self._deadline:
                number = self.sent.to_bytes(4, "big")
                data = number + self._rng.randbytes(self._rng.randrange(1300))
                try:
                    sender.sendto(data + _digest(data), receiver.getsockname())
                    self.sent += 1
                except OSError:
                    pass  # The interface is down for the moment.
                self._receive(receiver)
            quiet_at = time.monotonic() + 1
            while time.monotonic() < quiet_at:
                self._receive(receiver)

    def _receive(self, receiver: socket.socket) -> None:
        try:
            data = receiver.recv(4096)
        except (TimeoutError, BlockingIOError):
            return
        if len(data) < 4 + _DIGEST_SIZE or _digest(data[:-_DIGEST_SIZE]) != data[-_DIGEST_SIZE:]:
            self.bad += 1
        else:
            self.arrived[int.from_bytes(data[:4], "big")] += 1
