"""`wring events`: what happens, as it happens."""

import json
import re
import subprocess

import pytest

from support.daemon import Daemon, program
from support.pages import ROOT, names, rows
from support.transfer import ping
from support.tunnel import tunnel


PAGE = "docs/events.md"
TYPES = {"number": (int, float), "string": str, "string or null": (str, type(None))}


def events_of(page):
    return [names(row["event"])[0] for row in rows(page, "event")]


def assert_as_documented(found):
    """An event has the members that its page gives it, of their types, and no other."""
    members = {names(row["member"])[0]: row["type"] for row in rows(PAGE, "member")
               if row["in"] == "all" or found["event"] in names(row["in"])}
    assert found["event"] in events_of(PAGE) and list(found) == list(members)
    for name, kind in members.items():
        assert isinstance(found[name], TYPES[kind])


class Events:
    """`wring events` with these words, and what it printed."""

    def __init__(self, host, *words):
        self.process = host.popen(program(), "events", *words, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        if "--json" in words:
            self.until("listening")

    def until(self, event, **wanted):
        """The next event of that name that has what is wanted."""
        for line in self.process.stdout:
            found = json.loads(line)
            assert_as_documented(found)
            if found["event"] == event and wanted.items() <= found.items():
                return found
        raise AssertionError(f"it ended: {self.process.stderr.read()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def ends(pair):
    with tunnel(*pair, a_endpoint=None) as both:
        yield both


def test_handshakes_roaming_and_drops_are_told_as_they_happen(ends):
    one, two = ends
    with Events(two.host, "--json", "wg0") as events, Events(two.host) as lines:
        assert lines.process.stdout.readline().split()[2:] == ["wg0", "listening"]
        assert ping(one.host, two.inner4).lost == 0
        told = events.until("handshake", interface="wg0", public_key=one.keys.public)
        assert told["endpoint"] == "10.7.0.1:51820" and told["format"] == 1
        one.configure("listen-port", 51999)
        assert ping(one.host, two.inner4).lost == 0
        assert events.until("roaming")["endpoint"] == "10.7.0.1:51999"
        two.host.run("ping", "-c", "3", "-i", "0.2", "-W", "1", "10.9.0.77", check=False)
        assert events.until("drops", reason="no_peer")["count"] > 0
        # For people the same, a line each.
        line = lines.process.stdout.readline()
        assert line.split()[2:] == ["wg0", "handshake", one.keys.public, "10.7.0.1:51820"]


def test_a_peer_that_goes_is_lost_and_then_back(ends):
    one, two = ends
    with Events(one.host, "--json", "wg0") as events:
        assert ping(one.host, two.inner4).lost == 0
        events.until("handshake")
        # Stopped, it hears nothing; a new session is wanted at once, because its keys are gone.
        two.host.ip("link", "set", "wg0", "down")
        one.host.ip("link", "set", "wg0", "down")
        one.host.ip("link", "set", "wg0", "up")
        one.host.popen("ping", "-i", "0.5", two.inner4, stdout=subprocess.DEVNULL)
        assert events.until("lost")["public_key"] == two.keys.public
        two.host.ip("link", "set", "wg0", "up")
        events.until("handshake")
        assert events.until("back")["public_key"] == two.keys.public


def test_interfaces_that_come_are_listened_to_and_one_that_goes_ends_it(net):
    host = net.host("c")
    with Daemon(host, "wg0", log_level="error") as first, Events(host, "--json") as every:
        with Events(host, "--json", "wg0") as one:
            with Daemon(host, "wg1", log_level="error"):
                every.until("listening", interface="wg1")
                host.add_address("wg1", "10.9.0.1/24")
                host.ip("link", "set", "wg1", "up")
                host.run("ping", "-c", "1", "-W", "1", "10.9.0.77", check=False)
                assert every.until("drops", interface="wg1")["reason"] == "no_peer"
            first.stop()
            assert one.process.wait(10) == 1
            assert "its engine ended" in one.process.stderr.read()
        assert every.process.poll() is None


def test_errors_say_what_is_wrong(net):
    host = net.host("c")
    for words, says in [(("wg7",), "serves an interface wg7"), ((), "start one first")]:
        done = host.run(program(), "events", *words, check=False)
        assert done.returncode == 1 and says in done.stderr and done.stderr.count("\n") == 1


def test_the_documents_have_each_event():
    reported = re.findall(r'return "(\w+)"', (ROOT / "src/daemon/event_text.h").read_text())
    known = {"listening", "drops", "missed", *reported}
    assert len(reported) == 4 and set(events_of(PAGE)) == known
    manual = (ROOT / "docs/man/wring-events.1.scd").read_text()
    section = manual.split("# EVENTS\n")[1].split("\n# ")[0]
    assert set(re.findall(r"^\*(\w+)\*$", section, re.MULTILINE)) == known
