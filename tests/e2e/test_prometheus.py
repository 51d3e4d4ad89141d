"""Debian's Prometheus reads a live tunnel: the queries of the dashboard. Promtool tests the rules;
test_alerts.py has them fire."""

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.netns import Net
from support.prometheus import RULES, Prometheus, is_installed
from support.scraping import Metrics
from support.transfer import ping
from support.tunnel import tunnel
from support.waiting import eventually

CONTRIB = Path(__file__).resolve().parents[2] / "contrib"
pytestmark = pytest.mark.skipif(not is_installed(), reason="no prometheus")


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
