"""DNS of `wring run` by a real systemd-resolved and its resolvectl."""

import pytest

from support.daemon import program
from support.resolved import Resolved, obstacle
from support.run_state import pair_of_files
from support.running import Run
from support.waiting import eventually

pytestmark = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))


@pytest.fixture
def resolved(pair):
    return Resolved(pair[0])


def _files(folder, dns):
    return pair_of_files(folder, "10.9.0.2/32", "10.7.0.2:51820", f"DNS = {dns}")[0]


def _edit(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


def test_servers_and_domains_are_set_changed_and_taken_back(resolved, tmp_path):
    host = resolved.host
    path = _files(tmp_path, "10.9.0.9, fd09::9, corp.example")
    with Run(host, path, env=resolved.env) as run:
        # "~." has all names looked up by these servers.
        assert resolved.of_link("wg0") == (["10.9.0.9", "fd09::9"], ["corp.example", "~."])
        _edit(path, "DNS = 10.9.0.9, fd09::9, corp.example", "DNS = 10.9.0.8, other.example")
        assert "DNS" in host.run(program(), "reload", "wg0").stdout
        assert resolved.of_link("wg0") == (["10.9.0.8"], ["other.example", "~."])
        _edit(path, "DNS = 10.9.0.8, other.example\n", "")
        assert "DNS" in host.run(program(), "reload", "wg0").stdout
        assert resolved.of_link("wg0") == ([], [])
        assert "resolvectl" not in run.log()
    assert not host.has_link("wg0")


def test_names_are_asked_of_the_tunnels_server(resolved, pair, tmp_path):
    """A question leaves by the tunnel, to the server of the file, and to no other."""
    a, b = pair
    left, right = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", "DNS = 10.9.0.2")
    with Run(b, right), Run(a, left, env=resolved.env):
        with b.socket(2, 2) as server:
            server.bind(("10.9.0.2", 53))
            server.settimeout(10.0)
            asking = a.popen("env", *(f"{name}={value}" for name, value in resolved.env.items()),
                             "resolvectl", "query", "host.example.org")
            question, sender = server.recvfrom(512)
            assert b"\x04host\x07example\x03org" in question and sender[0] == "10.9.0.1"
            asking.kill()
            asking.wait()


def test_a_killed_one_leaves_nothing_for_the_next(resolved, tmp_path):
    host = resolved.host
    path = _files(tmp_path, "10.9.0.9")
    with Run(host, path, env=resolved.env) as first:
        first.kill()
    _edit(path, "DNS = 10.9.0.9\n", "")
    eventually(lambda: not host.has_link("wg0"), "the engine ends")
    with Run(host, path, env=resolved.env) as run:
        assert "clearing up" in run.log() and "resolvectl" not in run.log()
        assert resolved.of_link("wg0") == ([], [])
