"""`wring proxy` under many connections, and with readers that stall.

WRING_DOWNLOAD_MB is how much a reader that stalls gets: 200 MB where nothing else is said. With
`pytest -rP` the memory of each process is printed.
"""

import concurrent.futures
import hashlib
import os
import random
import resource
import socket
import subprocess
import threading
import time

import pytest

from support.executing import FAR, processes_of_user, python
from support.proxying import (SOCKS, STACK, connected, echo_server, memory_by_process, memory_kib,
                              proxy, socks_connect)
from support.waiting import eventually

# lwIP has 2,048. Where the limit of descriptors is low, as many as it allows.
CONNECTIONS = min(10_000 if STACK == "kernel" else 2_048,
                  (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 800) // 8)
# What may be there for one reader that stalls: with lwIP, its window.
STALLED_KIB = 1024 if STACK == "kernel" else 6 * 1024
# The engine's buffers are as many as ever, and it touches more of them when it falls behind.
ENGINE_KIB = 16 * 1024

# Opens them all, and says so; then sends and reads a few bytes on each, and leaves.
_CLIENTS = """
import asyncio, resource, socket, sys
port, far, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
request = b"\\5\\1\\0" + b"\\5\\1\\0\\1" + socket.inet_aton(far) + b"\\0\\7"
async def open_one(gate):
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        reply = await reader.readexactly(12)
        assert reply[3] == 0, reply
        return reader, writer
async def exchange(reader, writer, number):
    writer.write(b"%d" % number)
    assert await reader.readexactly(len(b"%d" % number)) == b"%d" % number
async def main():
    gate = asyncio.Semaphore(200)
    ends = await asyncio.gather(*(open_one(gate) for _ in range(count)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(exchange(*end, number) for number, end in enumerate(ends)))
    print("exchanged", flush=True)
asyncio.run(main())
"""

DOWNLOAD_MB = int(os.environ.get("WRING_DOWNLOAD_MB", "200"))
# Sends so many MB of a seed to who connects, and prints their SHA-256.
_SOURCE = """
import hashlib, random, socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
client, _ = server.accept()
made, digest = random.Random(7), hashlib.sha256()
for _ in range(int(sys.argv[3])):
    part = made.randbytes(1 << 20)
    digest.update(part)
    client.sendall(part)
client.close()
print(digest.hexdigest(), flush=True)
"""


class StallingReader:
    """Reads in pieces of all sizes, rests now and then, and notes what the proxy holds."""

    def __init__(self, client: socket.socket):
        self._client, self._random = client, random.Random(3)
        self._begun, self._until_rest = time.monotonic(), 0.0
        self.digest, self.size = hashlib.sha256(), 0
        self.seen: list[tuple[float, int, dict[str, int]]] = []

    def look(self) -> None:
        self.seen.append((time.monotonic() - self._begun, self.size, memory_by_process()))

    def read(self, megabytes: int) -> None:
        for _ in range(megabytes):
            self._read(1 << 20)
            if self.size % (16 << 20) == 0:
                self.look()

    def _read(self, left: int) -> None:
        while left:
            got = self._client.recv(min(left, self._random.choice((100, 65536, 1 << 20))))
            assert got
            self.digest.update(got)
            self.size += len(got)
            left -= len(got)
            self._until_rest -= len(got)
            if self._until_rest <= 0:
                self._until_rest = self._random.expovariate(1 / (8 << 20))
                threading.Event().wait(self._random.uniform(0, 0.05))

    def growth_kib(self, program: str) -> int:
        """Of the processes that run it, over what was seen first."""
        totals = [sum(kib for name, kib in memory.items() if name.startswith(program + " "))
                  for _, _, memory in self.seen]
        assert min(totals) > 0
        return max(totals) - totals[0]

    def __str__(self) -> str:
        lines = [f"{at:.1f} s, {size >> 20} MB: " + ", ".join(
            f"{name} {kib} KiB" for name, kib in memory.items()) for at, size, memory in self.seen]
        return "\n".join([*lines[::max(1, len(lines) // 12)], lines[-1]])


@pytest.fixture(scope="module")
def running(place_):
    section = f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n"
    with echo_server(place_.far, FAR, 7), proxy(place_, section) as made:
        yield made


def descriptors() -> int:
    """Of all processes of the proxy."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes_of_user())


def test_thousands_of_connections_at_once(running):
    before, files = memory_kib(), descriptors()
    clients = running.place.host.popen("/usr/bin/python3", "-c", _CLIENTS, str(SOCKS), FAR,
                                       str(CONNECTIONS), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
    assert clients.stdout.readline() == b"ready\n"
    assert running.figure("wring_proxy_connections_open") == CONNECTIONS
    each = (memory_kib() - before) * 1024 / CONNECTIONS
    print(f"{each:.0f} bytes a connection")
    assert each < 8192
    if CONNECTIONS == 2_048:
        with connected(running.place.host, "127.0.0.1", SOCKS) as one_more:
            assert socks_connect(one_more, FAR, 7)[1] == 1
    clients.stdin.write(b"\n")
    clients.stdin.flush()
    assert clients.stdout.readline() == b"exchanged\n"
    assert clients.wait(60.0) == 0
    # It keeps 64 pipes.
    eventually(lambda: descriptors() < files + 2 * 64 + 32, "the sockets are closed")


def test_a_reader_that_stalls_costs_no_memory(place_, running):
    """And every byte is right in the end. What is there once a third has come is there at the end,
    after a pause, and at all times between."""
    with python(place_.far, _SOURCE, FAR, "9999", str(DOWNLOAD_MB)) as source, \
            connected(place_.host, "127.0.0.1", SOCKS) as client:
        assert socks_connect(client, FAR, 9999)[1] == 0
        reader = StallingReader(client)
        reader.read(DOWNLOAD_MB // 3)
        reader.seen.clear()
        reader.look()
        threading.Event().wait(1.0)
        reader.look()
        reader.read(DOWNLOAD_MB - DOWNLOAD_MB // 3)
        reader.look()
        assert client.recv(1) == b""
        right = source.stdout.readline().decode().strip()
    print(reader)
    assert reader.digest.hexdigest() == right
    assert reader.growth_kib("wring-proxy") < STALLED_KIB
    assert reader.growth_kib("wring") < ENGINE_KIB


def test_megabytes_both_ways_at_once(place_, running):
    """Each byte that comes back is the one that was sent."""
    sent = [random.Random(number).randbytes(10 << 20) for number in range(4)]

    def exchange(number: int) -> bytes:
        with connected(place_.host, "127.0.0.1", SOCKS) as client:
            assert socks_connect(client, FAR, 7)[1] == 0

            def write() -> None:
                client.sendall(sent[number])
                client.shutdown(socket.SHUT_WR)
            writer = threading.Thread(target=write)
            writer.start()
            digest = hashlib.sha256()
            while got := client.recv(1 << 20):
                digest.update(got)
            writer.join()
            return digest.digest()

    with concurrent.futures.ThreadPoolExecutor(len(sent)) as threads:
        came_back = list(threads.map(exchange, range(len(sent))))
    assert came_back == [hashlib.sha256(each).digest() for each in sent]


def test_a_reader_that_never_reads_holds_back_the_sender(place_, running):
    sent = 0
    server = place_.far.socket(socket.AF_INET, socket.SOCK_STREAM)
    with server:
        server.bind((FAR, 9998))
        server.listen()
        with connected(place_.host, "127.0.0.1", SOCKS) as client:
            assert socks_connect(client, FAR, 9998)[1] == 0
            taken, _ = server.accept()
            with taken:
                client.setblocking(False)
                idle = 0
                while idle < 20:
                    try:
                        sent += client.send(bytes(1 << 16))
                        idle = 0
                    except BlockingIOError:
                        idle += 1
                        threading.Event().wait(0.05)
    # What the kernel keeps in four sockets, and one pipe.
    assert sent < 64 << 20
