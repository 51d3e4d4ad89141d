"""Debian's Prometheus, which scrapes a host each second and evaluates our alerts."""

import json
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any, Mapping

from .netns import Host
from .scraping import PLACE

RULES = Path(__file__).resolve().parents[2] / "contrib" / "prometheus" / "wring.rules.yml"
_CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: wring
    static_configs: [targets: ["{place}"]]
"""


def is_installed() -> bool:
    return shutil.which("prometheus") is not None


def hurried(rules: str, thresholds: Mapping[str, str]) -> str:
    """The rules with minutes of two seconds, and alerts that wait for nothing. `thresholds` has
    what else is replaced, each of which is there once."""
    rules = re.sub(r"^ +for: .*\n", "", rules, flags=re.MULTILINE)
    rules = re.sub(r"\[(\d+)m\]", lambda window: f"[{2 * int(window[1])}s]", rules)
    for old, new in thresholds.items():
        assert rules.count(old) == 1, old
        rules = rules.replace(old, new)
    return rules


class Prometheus:
    """As a context manager it ends it. `folder` is for its configuration and its data."""

    def __init__(self, host: Host, folder: Path, thresholds: Mapping[str, str] = {}):
        self.host = host
        rules = hurried(RULES.read_text(encoding="utf-8"), thresholds)
        (folder / "rules.yml").write_text(rules, encoding="utf-8")
        (folder / "config.yml").write_text(_CONFIG.format(place=PLACE), encoding="utf-8")
        self.process = host.popen(
            "prometheus", f"--config.file={folder}/config.yml",
            f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:9090",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, path: str) -> Any:
        # While it starts, it answers 503.
        done = self.host.run("curl", "-sf", f"http://127.0.0.1:9090/api/v1/{path}", check=False)
        return json.loads(done.stdout)["data"] if done.returncode == 0 and done.stdout else None

    def query(self, expression: str) -> list:
        found = self.ask("query?query=" + urllib.parse.quote(expression))
        return found["result"] if found else []

    def firing(self) -> set[str]:
        """Names of alerts."""
        found = self.ask("alerts")
        return {alert["labels"]["alertname"] for alert in (found or {}).get("alerts", [])
                if alert["state"] == "firing"}

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
