"""Metrics of a host, as Prometheus gets them."""

import re
import subprocess
from pathlib import Path
from typing import Mapping, Optional

from .daemon import program
from .netns import Host
from .waiting import eventually

PLACE = "127.0.0.1:9586"
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(host: Host, path: str, *words: str) -> tuple[int, str]:
    """Status and body of a request by curl."""
    done = host.run("curl", "-s", "-w", "\n%{http_code}", *words, f"http://{PLACE}{path}")
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


class Samples:
    """What a page says."""

    def __init__(self, text: str):
        self.text = text
        self._found: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, line
            labels = dict(_LABEL.findall(match.group(2) or ""))
            self._found.append((match.group(1), labels, float(match.group(3))))

    def all(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        return [(has, value) for found, has, value in self._found
                if found == name and labels.items() <= has.items()]

    def value(self, name: str, **labels: str) -> float:
        """Of the only one with these labels."""
        ((_, value),) = self.all(name, **labels)
        return value


def scrape(host: Host) -> Samples:
    status, text = get(host, "/metrics")
    assert status == 200, text
    return Samples(text)


class Metrics:
    """`wring metrics` with these words. As a context manager it ends it and expects status 0."""

    def __init__(self, host: Host, *words: str, env: Optional[Mapping[str, str]] = None):
        self.host = host
        self.process = host.popen(program(), "metrics", "--listen", PLACE, *words, env=env,
                                  stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.first_line = self.process.stderr.readline()
        assert "serving" in self.first_line, self.first_line + self.process.stderr.read()

    def __enter__(self) -> "Metrics":
        return self

    def __exit__(self, kind, *_) -> None:
        self.process.terminate()
        status = self.process.wait(10)
        assert kind is not None or status == 0


def promtool() -> Optional[str]:
    path = Path("/usr/bin/promtool")
    return str(path) if path.exists() else None


def await_info(host: Host, name: str) -> None:
    """Waits until somebody listens, and a peer is called so."""
    def done() -> bool:
        if host.run("curl", "-s", f"http://{PLACE}/healthz", check=False).returncode != 0:
            return False
        return any(labels["name"] == name for labels, _ in scrape(host).all("wireguard_peer_info"))
    eventually(done, f"a peer is called {name}", 20.0, 0.3)
