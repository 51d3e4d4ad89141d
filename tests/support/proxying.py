"""`wring proxy` by an ordinary user in a host, with a tunnel to a second host."""

import datetime
import ipaddress
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .daemon import program
from .executing import INNER, INNER6, Place, as_user, processes_of_user, python
from .netns import Host
from .waiting import eventually

SOCKS, HTTP, INFO = 1080, 8080, 9080

# The stack that the proxy is to use: "kernel" or "lwip"; tests of the proxy run with both.
STACK = os.environ.get("WRING_STACK", "kernel")

TUNNEL = """[Interface]
PrivateKey = {private}
Address = {inner}, {inner6}
{interface}
[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = {endpoint}

"""


def save_config(place: Place, sections: str, interface: str = "",
                allowed: str = "0.0.0.0/0, ::/0", endpoint: str = "10.7.0.2:51820",
                private: str = "") -> str:
    """Returns the path of a configuration with the tunnel and these sections. Further lines of
    [Peer] may follow the endpoint."""
    return place.save("proxy.conf", TUNNEL.format(
        private=private or place.keys.private, public=place.far_keys.public, inner=INNER,
        inner6=INNER6, interface=interface, allowed=allowed, endpoint=endpoint) + sections)


def memory_by_process() -> dict[str, int]:
    """What each process of the proxy holds that it does not share with others, in KiB."""
    found = {}
    for pid in processes_of_user():
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found[f"{name} {pid}"] = sum(int(line.split()[1]) for line in text.splitlines()
                                     if line.startswith(("Private_Clean", "Private_Dirty")))
    return found


def memory_kib() -> int:
    """The sum over all of them."""
    return sum(memory_by_process().values())


class Proxy:
    """A proxy that runs, with the sections of the tunnel and those that are given."""

    def __init__(self, place: Place, sections: str, *words: str, interface: str = "",
                 allowed: str = "0.0.0.0/0, ::/0", endpoint: str = "10.7.0.2:51820",
                 private: str = "", before: Sequence[str] = (), stack: str = STACK, **options):
        self.place = place
        self.file = save_config(place, sections, interface, allowed, endpoint, private)
        self._log = tempfile.TemporaryFile()
        options.setdefault("stderr", self._log)
        self.process = place.host.popen(*as_user(), *before, program(), "proxy", "-c", self.file,
                                        "-i", f"127.0.0.1:{INFO}", "--stack", stack, *words,
                                        **options)
        try:
            eventually(self._serves, "the proxy serves", 20.0)
        except BaseException:
            self.process.kill()
            print(self.log())
            raise

    def _serves(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log()}")
        return self.get("/readyz").returncode == 0

    def get(self, path: str, *words: str) -> subprocess.CompletedProcess:
        """What the server of -i says."""
        return self.curl(f"http://127.0.0.1:{INFO}{path}", *words)

    def curl(self, *words: str) -> subprocess.CompletedProcess:
        return self.place.host.run("curl", "-s", "-S", "--max-time", "20", *words, check=False)

    def figure(self, name: str, **labels: str) -> int:
        """The sum of the samples of that family that have these labels."""
        page = self.get("/metrics", "-H", "Accept: text/plain;version=0.0.4").stdout
        found = 0
        for line in page.splitlines():
            if line.startswith(name + "{") and all(
                    f'{label}="{value}"' in line for label, value in labels.items()):
                found += int(line.rsplit(" ", 1)[1])
        return found

    def log(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20.0)


@contextmanager
def proxy(place: Place, sections: str, *words: str, **options) -> Iterator[Proxy]:
    made: Optional[Proxy] = None
    try:
        made = Proxy(place, sections, *words, **options)
        yield made
    finally:
        if made is not None:
            print(made.log())
            if made.process.poll() is None:
                assert made.stop() == 0


def connected(host: Host, address: str, port: int) -> socket.socket:
    """A connection of the test's own, from within a host."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    client = host.socket(family, socket.SOCK_STREAM)
    client.settimeout(20.0)
    client.connect((address, port))
    return client


def connected_at(host: Host, path: str) -> socket.socket:
    """The same to a UNIX socket."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(20.0)
    client.connect(host.path(path))
    return client


def listening(host: Host, address: str, port: int = 0) -> socket.socket:
    """Within a host; by itself at a free port."""
    listener = host.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    listener.settimeout(20.0)
    return listener


def accepted(listener: socket.socket) -> socket.socket:
    client, _ = listener.accept()
    client.settimeout(20.0)
    return client


def reset(client: socket.socket) -> None:
    """Closes it so that the other end sees a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def received(client: socket.socket, size: int) -> bytes:
    """So many bytes, or less if they end. MSG_WAITALL does nothing where there is a time-out."""
    got = b""
    while len(got) < size and (part := client.recv(size - len(got))):
        got += part
    return got


def socks_address(host: str, port: int) -> bytes:
    for kind, family in ((b"\1", socket.AF_INET), (b"\4", socket.AF_INET6)):
        try:
            return kind + socket.inet_pton(family, host) + struct.pack(">H", port)
        except OSError:
            continue
    return b"\3" + bytes([len(host)]) + host.encode() + struct.pack(">H", port)


def socks_request(client: socket.socket, command: int, host: str, port: int) -> bytes:
    """Greets without a password and asks; returns the reply."""
    client.sendall(b"\5\1\0")
    assert client.recv(2) == b"\5\0"
    client.sendall(b"\5" + bytes([command]) + b"\0" + socks_address(host, port))
    head = received(client, 4)
    rest = {1: 4, 4: 16}[head[3]] + 2 if len(head) == 4 else 0
    return head + received(client, rest)


def socks_connect(client: socket.socket, host: str, port: int) -> bytes:
    return socks_request(client, 1, host, port)


_ECHO = """
import asyncio, resource, sys
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, sys.argv[1], int(sys.argv[2]), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def echo_server(host: Host, address: str, port: int):
    """Sends back what comes, for a `with` block."""
    return python(host, _ECHO, address, str(port))


_DNS = """
import json, socket, sys
names = json.loads(sys.argv[2])
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(4096)
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = int.from_bytes(query[at + 1:at + 3], "big")
    family, number = (socket.AF_INET6, 28) if kind == 28 else (socket.AF_INET, 1)
    found = [each for each in names.get(".".join(labels), []) if (":" in each) == (kind == 28)]
    head = query[:2] + b"\\x81\\x80\\0\\1" + len(found).to_bytes(2, "big") + bytes(4)
    answer = head + query[12:at + 5]
    for each in found:
        data = socket.inet_pton(family, each)
        answer += b"\\xc0\\x0c" + number.to_bytes(2, "big") + b"\\0\\1\\0\\0\\0\\5"
        answer += len(data).to_bytes(2, "big") + data
    server.sendto(answer, client)
"""


def dns_answerer(host: Host, address: str, names: dict[str, tuple[str, ...]]):
    """A name server, for a `with` block."""
    return python(host, _DNS, address, json.dumps(names))


def self_signed(address: str) -> tuple[str, str]:
    """A key and its certificate for that address, in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256()))
    form = serialization.Encoding.PEM
    return (key.private_bytes(form, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode(),
            certificate.public_bytes(form).decode())
