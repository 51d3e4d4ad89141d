"""Debian's Prometheus reads a live tunnel: the queries of the dashboard, and alerts."""

import json
import shutil
import subprocess
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.netns import Net
from support.scraping import PLACE, Metrics
from support.transfer import ping
from support.tunnel import tunnel
from support.waiting import eventually

CONTRIB = Path(__file__).resolve().parents[2] / "contrib"
RULES = CONTRIB / "prometheus" / "wring.rules.yml"
_CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: wring
    static_configs: [targets: ["{place}"]]
"""

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus")


class Prometheus:
    """One that asks each second, with alerts that wait for nothing."""

    def __init__(self, host, folder):
        self.host = host
        rules = RULES.read_text(encoding="utf-8")
        lines = [line for line in rules.splitlines() if not line.strip().startswith("for: ")]
        (folder / "rules.yml").write_text("\n".join(lines), encoding="utf-8")
        (folder / "config.yml").write_text(_CONFIG.format(place=PLACE), encoding="utf-8")
        self.process = host.popen(
            "prometheus", f"--config.file={folder}/config.yml",
            f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:9090",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, path):
        # While it starts, it answers 503.
        done = self.host.run("curl", "-sf", f"http://127.0.0.1:9090/api/v1/{path}", check=False)
        return json.loads(done.stdout)["data"] if done.returncode == 0 and done.stdout else None

    def query(self, expression):
        found = self.ask("query?query=" + urllib.parse.quote(expression))
        return found["result"] if found else []

    def firing(self):
        found = self.ask("alerts")
        return {alert["labels"]["alertname"] for alert in (found or {}).get("alerts", [])
                if alert["state"] == "firing"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    with Net() as net, tunnel(*net.pair()) as (one, two), ExitStack() as stack:
        stack.enter_context(Metrics(one.host, "wg0"))
        prometheus = stack.enter_context(Prometheus(one.host, tmp_path_factory.mktemp("p")))
        assert ping(one.host, two.inner4).lost == 0
        yield one, two, prometheus


def test_rules_are_right_and_each_alert_fires_and_clears():
    for words in (["check", "rules", RULES.name], ["test", "rules", "wring.rules.test.yml"],
                  ["check", "config", "prometheus.yml"]):
        done = subprocess.run(["promtool", *words], cwd=RULES.parent, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = (RULES.parent / "wring.rules.test.yml").read_text(encoding="utf-8")
    for line in RULES.read_text(encoding="utf-8").splitlines():
        if "- alert: " in line:
            alert = line.split("- alert: ")[1]
            assert tested.count(f"alertname: {alert}") >= 2, alert  # it fires, and it clears


def queries():
    dashboard = json.loads((CONTRIB / "grafana" / "wring.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_query_of_the_dashboard_returns_data(watched):
    one, two, prometheus = watched
    eventually(lambda: len(prometheus.query("wring_up[1m]")) and
               prometheus.query("rate(wring_up[10s]) + 1"), "there are two scrapes", 30.0, 0.5)
    assert prometheus.query('up{job="wring"}')[0]["value"][1] == "1"
    for title, expression in queries():
        plain = expression.replace("$__rate_interval", "10s").replace("$interface", ".*")
        eventually(lambda: prometheus.query(plain), f"{title}: {expression}", 15.0, 0.5)


def test_an_alert_fires_on_a_live_tunnel_and_clears(watched):
    one, two, prometheus = watched
    assert "WringDown" not in prometheus.firing()
    one.daemon.stop()
    eventually(lambda: "WringDown" in prometheus.firing(), "the alert fires", 30.0, 0.5)
    with one.start():
        eventually(lambda: "WringDown" not in prometheus.firing(), "it clears", 30.0, 0.5)
