"""Files through `wring proxy` are whole, whatever becomes of the tunnel.

100 of them, up and down in turn, ten at a time, through a path that loses, doubles, turns around
and spoils datagrams and changes its address, to a far end that is killed and started again twice
meanwhile. WRING_CHAOS_FILES is how many; WRING_STACK is the proxy's stack.
"""

import concurrent.futures
import json
import os
import random
import signal
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Optional

import pytest
from relay import Weather
from support.executing import FAR, Place, place, python
from support.netns import Host
from support.proxying import SOCKS, connected, proxy, socks_connect
from support.running import Run
from support.waiting import eventually

_FILES = int(os.environ.get("WRING_CHAOS_FILES", "100"))
_SEED = int(os.environ.get("WRING_CHAOS_SEED", "1"))
_AT_ONCE = 10
_SIZE = 200_000
_PATIENCE_S = 90.0
_WEATHER = Weather(loss=0.02, reordering=0.05, duplication=0.03, corruption=0.01, truncation=0.01,
                   delay_ms=5, jitter_ms=5, new_address_s=4)
# Who connects says which file it is, and whether it brings it (and then hears whether it was the
# right one) or gets it.
_SERVER = """
import random, socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        head = self.request.recv(5, 0x100)
        file = random.Random(int.from_bytes(head[1:], "big")).randbytes(int(sys.argv[2]))
        if head[:1] == b"<":
            self.request.sendall(file)
        else:
            came = b"".join(iter(lambda: self.request.recv(65536), b""))
            self.request.sendall(b"right" if came == file else b"wrong: %d bytes" % len(came))
socketserver.ThreadingTCPServer.request_queue_size = 128
socketserver.ThreadingTCPServer.daemon_threads = True
server = socketserver.ThreadingTCPServer((sys.argv[1], 9000), Handler)
print("ready", flush=True)
server.serve_forever()
"""


class Transfers:
    """Each file on a connection of its own, which nothing may break."""

    def __init__(self, there: Place):
        self._there = there
        self._ended = threading.Condition()
        self.counts: Counter[str] = Counter()

    def run(self, number: int) -> None:
        data = random.Random(number).randbytes(_SIZE)
        # Where nobody answers, a client is told so before anything is sent, and may try again.
        with eventually(self._open, "the far end is reached", _PATIENCE_S, 0.2) as client:
            client.settimeout(_PATIENCE_S)
            up = number % 2 == 0
            client.sendall((b">" if up else b"<") + number.to_bytes(4, "big"))
            if up:
                client.sendall(data)
                client.shutdown(1)
            came = b"".join(iter(lambda: client.recv(65536), b""))
        assert came == (b"right" if up else data), f"{number}: {len(came)} bytes, {came[:30]!r}"
        with self._ended:
            self.counts["up" if up else "down"] += 1
            self._ended.notify_all()

    def _open(self) -> Optional[socket.socket]:
        client = connected(self._there.host, "127.0.0.1", SOCKS)
        if socks_connect(client, FAR, 9000)[1] == 0:
            return client
        client.close()
        self.counts["refused"] += 1
        return None

    def await_ended(self, many: int) -> None:
        with self._ended:
            assert self._ended.wait_for(
                lambda: self.counts["up"] + self.counts["down"] >= many, 2 * _PATIENCE_S)


@contextmanager
def path_through(there: Place):
    """From port 51821 of the far end's host to its daemon; yields what tells what it did."""
    given = {**asdict(_WEATHER), "seed": _SEED, "near": "10.7.0.2", "far": "10.7.0.2",
             "port": 51821, "target": ["10.7.0.2", 51820]}
    script = Path(__file__).with_name("relay.py")
    relay = there.far.popen("/usr/bin/python3", "-B", str(script), json.dumps(given), stdout=-1)
    assert relay.stdout is not None and relay.stdout.readline() == b"ready\n"

    def report() -> dict:
        relay.send_signal(signal.SIGTERM)
        return json.loads(relay.communicate(timeout=10)[0])
    yield report


def endpoint_at(far: Host) -> str:
    return far.run("wg", "show", "wg0", "endpoints").stdout.split()[1]


def restart_far_end(there: Place) -> None:
    """Killed, and started with the endpoint that it had learned, as with SaveConfig."""
    far, peer = there.far, there.keys.public
    endpoint = endpoint_at(far)
    there.far_run.kill()
    eventually(lambda: not far.has_link("wg0"), "its interface is gone")
    there.far_run = Run(far, str(there.folder / "far.conf"), "--interface", "wg0")
    far.run("wg", "set", "wg0", "peer", peer, "endpoint", endpoint, "persistent-keepalive", "1")


@pytest.fixture
def there(net):
    yield from place(net.pair())


def test_every_file_is_whole(there):
    transfers = Transfers(there)
    # The relay changes the address that the far end sees. If the proxy has nothing to send just
    # then, the far end goes on sending to the old one. The keepalive shows the new one.
    with python(there.far, _SERVER, FAR, str(_SIZE)), path_through(there) as report, \
            proxy(there, f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n",
                  endpoint="10.7.0.2:51821\nPersistentKeepalive = 1"), \
            concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [pool.submit(transfers.run, number) for number in range(_FILES)]
        transfers.await_ended(1)
        first = endpoint_at(there.far)
        for part in (1, 2):
            transfers.await_ended(part * _FILES // 3)
            restart_far_end(there)
        for job in jobs:
            job.result()
        # On a fast machine the path has not moved yet.
        eventually(lambda: endpoint_at(there.far) != first, "the path has moved", _PATIENCE_S)
        happened = report()
    print(f"seed {_SEED}: {dict(transfers.counts)}; {happened}")
    assert transfers.counts["up"] + transfers.counts["down"] == _FILES
    for what in ("lost", "corrupted", "duplicated", "reordered", "truncated", "new addresses"):
        assert happened.get(what), what
