"""One TCP connection that lasts through whatever happens to the tunnel under it."""

import hashlib
import random
import socket
import threading

from .netns import Host

_PATIENCE_S = 90.0  # Far more than TCP's own retransmissions take.


class Stream:
    """Random bytes from `source` to `sink`, a chunk every 5 ms. How many have come is in
    `received`; `finish()` ends it and insists that all came as they were sent."""

    def __init__(self, source: Host, sink: Host, address: str, seed: int, chunk: int = 8192):
        self.received, self._chunk = 0, chunk
        self._rng, self._ended = random.Random(seed), threading.Event()
        self.problems: list[str] = []
        self._digests = [hashlib.blake2s(), hashlib.blake2s()]
        with sink.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.settimeout(_PATIENCE_S)
            listener.bind((address, 0))
            listener.listen(1)
            self._sender = source.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._sender.settimeout(_PATIENCE_S)
            self._sender.connect(listener.getsockname())
            self._receiver, _ = listener.accept()
        self._receiver.settimeout(_PATIENCE_S)
        self._threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True)
                         for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(_PATIENCE_S)
        self._sender.close()
        self._receiver.close()
        assert self.problems == []
        sent, received = (digest.digest() for digest in self._digests)
        assert sent == received and self.received > 0

    def _guarded(self, work) -> None:
        try:
            work()
        except OSError as error:
            self.problems.append(f"{work.__name__}: {error}")

    def _send(self) -> None:
        while not self._ended.wait(0.005):
            chunk = self._rng.randbytes(self._chunk)
            self._digests[0].update(chunk)
            self._sender.sendall(chunk)
        self._sender.shutdown(socket.SHUT_WR)

    def _receive(self) -> None:
        while chunk := self._receiver.recv(1 << 16):
            self._digests[1].update(chunk)
            self.received += len(chunk)
