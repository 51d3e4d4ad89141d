"""Numbered datagrams that are sent back: which of them were lost, exactly."""

import socket
import threading
import time

from .netns import Host
from .waiting import eventually


class Echoes:
    """Sends a datagram from `source` to `address` of `sink` every `pause` s, and takes the answers.
    `finish()` ends it, waits for the last answers, and returns how many are missing."""

    def __init__(self, source: Host, sink: Host, address: str, pause: float = 0.01):
        self.sent, self._answered = 0, set[int]()
        self._pause, self._ended = pause, threading.Event()
        self._echo = sink.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._echo.bind((address, 0))
        self._sender = source.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to = self._echo.getsockname()
        for end in (self._echo, self._sender):
            end.settimeout(0.1)
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True)
                         for work in (self._send, self._answer, self._take)]
        for thread in self._threads:
            thread.start()

    def finish(self, timeout: float = 10.0) -> int:
        self._ended.set()
        self._threads[0].join()
        try:
            eventually(lambda: len(self._answered) == self.sent, "all are answered", timeout)
        except AssertionError:
            pass  # The caller sees how many.
        self._closed.set()
        for thread in self._threads:
            thread.join()
        self._echo.close()
        self._sender.close()
        return self.sent - len(self._answered)

    def _send(self) -> None:
        while not self._ended.wait(self._pause):
            self.sent += 1
            try:
                self._sender.sendto(self.sent.to_bytes(4, "big"), self._to)
            except OSError:
                time.sleep(self._pause)  # It counts as lost.

    def _answer(self) -> None:
        while not self._closed.is_set():
            try:
                self._echo.sendto(*self._echo.recvfrom(16))
            except OSError:
                pass

    def _take(self) -> None:
        while not self._closed.is_set():
            try:
                self._answered.add(int.from_bytes(self._sender.recv(16), "big"))
            except OSError:
                pass
