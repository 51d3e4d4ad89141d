"""Traffic between hosts: ping with its losses, TCP and UDP with every byte checked, iperf3."""

import hashlib
import json
import random
import re
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from .netns import Host
from .waiting import eventually

_CHUNK = 1 << 18
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the socket module lacks it.


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@dataclass(frozen=True)
class PingResult:
    sent: int
    received: int
    duplicates: int
    text: str

    @property
    def lost(self) -> int:
        return self.sent - self.received


def parse_ping(text: str) -> PingResult:
    if re.search(r"connect: .*unreachable", text):
        return PingResult(0, 0, 0, text)  # There is no route: nothing was sent.
    found = re.search(r"(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?", text)
    if not found:
        raise AssertionError(f"ping did not run:\n{text}")
    return PingResult(int(found[1]), int(found[2]), int(found[3] or 0), text)


def ping(host: Host, address: str, count: int = 3, interval: float | None = None, size: int = 56,
         wait: float = 2.0, *options: str) -> PingResult:
    """Sends `count` echo requests of `size` bytes, `interval` s apart or all at once; waits
    `wait` s for the last answers. Once one has come, ping waits for the others no longer than its
    interval, which is why a short one would make losses out of a busy machine's delays."""
    pace = ("-i", "1", "-l", str(count)) if interval is None else ("-i", str(interval))
    done = host.run("ping", "-n", "-c", str(count), *pace, "-s", str(size),
                    "-W", str(wait), *options, address, check=False,
                    timeout=count * ((interval or 1) + wait) + 10)
    return parse_ping(done.stdout + done.stderr)


def reaches(host: Host, address: str, wait: float = 1.0) -> bool:
    return ping(host, address, count=1, wait=wait).received == 1


def await_reach(host: Host, address: str, timeout: float = 10.0) -> None:
    """Pings, once at a time, until an answer comes."""
    eventually(lambda: reaches(host, address, 0.5), f"{host.name} reaches {address}", timeout)


def send_tcp(source: Host, sink: Host, address: str, size: int, timeout: float = 60.0,
             seed: int = 1) -> None:
    """Sends `size` random bytes over one TCP connection to the sink, which listens on `address`,
    and insists that the checksums of both ends agree. `timeout` bounds each single wait."""
    result: dict[str, object] = {}

    def receive(listener: socket.socket) -> None:
        digest, received = hashlib.sha256(), 0
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(timeout)
                while chunk := connection.recv(_CHUNK):
                    digest.update(chunk)
                    received += len(chunk)
        except OSError as error:
            result["error"] = error
        result.update(received=received, digest=digest.hexdigest())

    with sink.socket(_family(address), socket.SOCK_STREAM) as listener, \
            source.socket(_family(address), socket.SOCK_STREAM) as sender:
        listener.settimeout(timeout)
        listener.bind((address, 0))
        listener.listen(1)
        receiver = threading.Thread(target=receive, args=(listener,), daemon=True)
        receiver.start()
        sender.settimeout(timeout)
        sender.connect((address, listener.getsockname()[1]))
        rng, digest, left = random.Random(seed), hashlib.sha256(), size
        while left > 0:
            chunk = rng.randbytes(min(left, _CHUNK))
            digest.update(chunk)
            sender.sendall(chunk)
            left -= len(chunk)
        sender.shutdown(socket.SHUT_WR)
        receiver.join(timeout + 5)
    assert result.get("received") == size, f"{result.get('received')} of {size} bytes: {result}"
    assert result["digest"] == digest.hexdigest(), "the bytes came, but not as they were sent"


def send_udp(source: Host, sink: Host, address: str, count: int, size: int = 200,
             quiet: float = 0.5, pause: float = 0.0) -> list[int]:
    """Sends `count` numbered datagrams of `size` bytes; returns the numbers that arrived, in that
    order and with duplicates. Ends when nothing came for `quiet` seconds. Sleeps for `pause`
    seconds after every 20 datagrams."""
    arrived: list[int] = []
    with sink.socket(_family(address), socket.SOCK_DGRAM) as receiver, \
            source.socket(_family(address), socket.SOCK_DGRAM) as sender:
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 8 << 20)
        receiver.bind((address, 0))
        receiver.settimeout(quiet)
        port = receiver.getsockname()[1]
        for number in range(count):
            sender.sendto(number.to_bytes(4, "big").ljust(size, b"\xa5"), (address, port))
            if pause and number % 20 == 19:
                time.sleep(pause)
        try:
            while len(arrived) < 2 * count:
                datagram = receiver.recv(size + 1)
                assert datagram[4:] == b"\xa5" * (size - 4), "a datagram was altered"
                arrived.append(int.from_bytes(datagram[:4], "big"))
        except TimeoutError:
            pass
    return arrived


@contextmanager
def listening_iperf3(server: Host, address: str) -> Iterator[None]:
    """iperf3 that serves one client."""
    listening = server.popen("iperf3", "-s", "-1", "-B", address, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: ":5201" in server.run("ss", "-ltnH").stdout, "iperf3 listens")
        yield
    finally:
        listening.kill()
        listening.wait()


def iperf3(server: Host, client: Host, address: str, *options: str, seconds: int = 5) -> dict:
    """Runs iperf3 from client to server and returns its report."""
    with listening_iperf3(server, address):
        report = client.run("iperf3", "-J", "-c", address, "-t", str(seconds), *options,
                            timeout=seconds + 30)
        return json.loads(report.stdout)
