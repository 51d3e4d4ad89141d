"""`wring exec` by an ordinary user in a host, with a tunnel to a second host."""

import os
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional

from . import wg
from .daemon import program
from .netns import Host
from .processes import send_to_each, words_of
from .running import Run
from .waiting import eventually

# Nobody else uses it, nor do tests beside this one, so that whatever it leaves can be found.
USER = 1_000_000 + os.getpid()
# The system's, which every user may run.
PYTHON = "/usr/bin/python3"
INNER, FAR = "10.9.0.2", "10.9.0.1"  # Of the command, and of the host at the tunnel's other end.
INNER6, FAR6 = "fd09::2", "fd09::1"

PAGE = "the page behind the tunnel\n"
# Serves one page on port 80 of the address, for ever.
WEB_SERVER = f"""
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write({PAGE!r}.encode())
server = http.server.ThreadingHTTPServer((sys.argv[1], 80), Handler)
print("ready", flush=True)
server.serve_forever()
"""

CONFIG = """[Interface]
PrivateKey = {private}
Address = {inner}/24, {inner6}/64
{extra}
[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = {endpoint}
"""
FAR_CONFIG = """[Interface]
PrivateKey = {private}
Address = {far}/24, {far6}/64
ListenPort = 51820
[Peer]
PublicKey = {public}
AllowedIPs = {inner}/32, {inner6}/128
"""


def as_user() -> list[str]:
    """Runs what follows as the ordinary user, by `exec`."""
    return ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups",
            "--inh-caps=-all", "env", "-u", "LOG_LEVEL", "HOME=/", "XDG_RUNTIME_DIR=/run/user",
            "SHELL=/bin/bash"]


@contextmanager
def python(host: Host, script: str, *words: str) -> Iterator[subprocess.Popen]:
    """A script of Python that prints "ready" and goes on, in a host."""
    child = host.popen(PYTHON, "-c", script, *words, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        yield child
    finally:
        child.kill()


def processes_of_user() -> list[int]:
    """Those that run anywhere on this machine."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = Path(f"/proc/{entry}/status").read_text()
        except OSError:
            continue  # It ended while we looked.
        if f"\nUid:\t{USER}\t" in status and "\nState:\tZ" not in status:
            found.append(int(entry))
    return found


class Place:
    """A host in which the user may call `wring exec`, and the other end of the tunnel."""

    def __init__(self, host: Host, far: Host, folder: Path, device_mode: str = "666"):
        self.host, self.far, self.folder = host, far, folder
        self.keys, self.far_keys = wg.new_keys(), wg.new_keys()
        host.run("sh", "-c", "mount -t tmpfs tmpfs /dev/net && mknod /dev/net/tun c 10 200 && "
                 f"chmod {device_mode} /dev/net/tun && mkdir -m 700 /run/user && "
                 f"chown {USER} /run/user")
        self.file = self.write()
        far_file = self.save("far.conf", FAR_CONFIG.format(
            private=self.far_keys.private, public=self.keys.public, far=FAR, far6=FAR6,
            inner=INNER, inner6=INNER6))
        self.far_run = Run(far, far_file, "--interface", "wg0")

    def write(self, name: str = "wg0.conf", allowed: str = "0.0.0.0/0, ::/0",
              endpoint: str = "10.7.0.2:51820", extra: str = "") -> str:
        return self.save(name, CONFIG.format(
            private=self.keys.private, public=self.far_keys.public, inner=INNER, inner6=INNER6,
            allowed=allowed, endpoint=endpoint, extra=extra))

    def save(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, USER if name != "far.conf" else 0, -1)
        return str(path)

    def run(self, *words: str, input: str = "", env: Optional[Mapping[str, str]] = None
            ) -> subprocess.CompletedProcess:
        """`wring exec WORDS`, to its end."""
        return self.host.run(*as_user(), *_variables(env), program(), "exec", *words,
                             input=input, check=False)

    def start(self, *words: str, **options) -> subprocess.Popen:
        return self.host.popen(*as_user(), program(), "exec", *words, **options)

    def engine(self) -> int:
        """The pid of the engine that runs for the user in this host."""
        def find() -> Optional[int]:
            for pid in self.host.pids():
                words = words_of(pid)
                if words[0].endswith(b"/wring") and b"-f" in words and pid in processes_of_user():
                    return pid
            return None
        return eventually(find, "the engine runs", 10.0)

    def close(self) -> None:
        self.far_run.stop(signal.SIGTERM)


def _variables(env: Optional[Mapping[str, str]]) -> list[str]:
    return [f"{name}={value}" for name, value in (env or {}).items()]


def place(pair: tuple[Host, Host], device_mode: str = "666") -> Iterator[Place]:
    """For a fixture. Insists that nothing of the user is left at the end."""
    host, far = pair
    with tempfile.TemporaryDirectory(prefix="wring-exec-") as folder:
        os.chmod(folder, 0o755)
        made = Place(host, far, Path(folder), device_mode)
        try:
            yield made
            eventually(lambda: processes_of_user() == [], "no process of the user is left")
            assert os.listdir(made.host.path("/run/user/")) == []
        finally:
            send_to_each(processes_of_user(), signal.SIGKILL)
            made.close()
