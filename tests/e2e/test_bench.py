"""`wring bench` measures, and leaves nothing behind. How fast anything is is no matter here."""

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from support.daemon import program
from support.environments import UserNamespace, UserNamespaceWithoutDevice
from support.processes import words_of
from support.waiting import eventually

SHORT = ("--seconds", "0.2")
FIGURES = {"tcp1_bit_per_s", "tcp4_bit_per_s", "small_packets_per_s", "round_trip_at_rest_s",
           "round_trip_under_load_s", "cpu_s_per_gb", "handshakes_per_s"}


def _ways(done):
    said = json.loads(done.stdout)
    assert said["format"] == 1 and said["seconds"] == 0.2
    return {way["name"]: way for way in said["ways"]}


def _measured(way, but=()):
    for figure in FIGURES - set(but):
        assert way[figure] > 0, (way["name"], figure)
    for figure in but:
        assert way[figure] is None


def _whole(done):
    assert done.returncode == 0, done.stderr
    ways = _ways(done)
    assert list(ways) == ["wring", "no cipher", "no tunnel"]
    _measured(ways["wring"])
    _measured(ways["no cipher"], ["handshakes_per_s"])
    _measured(ways["no tunnel"], ["handshakes_per_s", "cpu_s_per_gb"])
    assert done.stderr == ""  # no bar where there is no terminal


def _processes():
    """Every process of wring that makes an interface of a bench."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        words = words_of(int(entry))
        if words[0].endswith(b"/wring") and {b"bench0", b"bench1"} & set(words):
            found.append((int(entry), int(_parent_of(entry))))
    return found


def _parent_of(pid):
    try:
        return re.findall(r"^PPid:\t(\d+)", Path(f"/proc/{pid}/status").read_text(),
                          re.MULTILINE)[0]
    except OSError:
        return 0


def test_root_gets_every_figure_and_the_host_stays_as_it_was(net):
    host = net.host("a")
    before = host.ip("-o", "link"), host.run("ls", "/run").stdout
    _whole(host.run(program(), "bench", "--json", *SHORT, timeout=60))
    assert (host.ip("-o", "link"), host.run("ls", "/run").stdout) == before
    assert host.pids() == []


def test_an_ordinary_user_gets_the_same(net):
    # The root of this place is an ordinary user outside.
    _whole(net.host("a", UserNamespace).run(program(), "bench", "--json", *SHORT, timeout=60))


def test_a_user_without_any_capability_gets_the_same(net):
    host = net.host("a")
    host.run("sh", "-c", "mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all"]
    _whole(host.run(*user, program(), "bench", "--json", *SHORT, timeout=60))


def test_a_place_without_the_device_says_so(net):
    host = net.host("a", UserNamespaceWithoutDevice)
    done = host.run(program(), "bench", *SHORT, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("wring bench: cannot open /dev/net/tun")
    assert done.stderr.count("\n") == 1


def test_a_place_that_refuses_namespaces_says_so(net):
    user = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all '
            '--inh-caps=-all --reuid=0 "$@"', "sh"]
    done = net.host("a").run(*user, program(), "bench", *SHORT, check=False)
    assert done.returncode == 1
    assert "namespaces" in done.stderr and "wring doctor" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_one_that_is_ended_early_leaves_nothing(net, number):
    host = net.host("a")
    bench = host.popen(program(), "bench", "--seconds", "30", stderr=subprocess.DEVNULL)
    # `ip netns` of the host would not show them: the namespaces have no names.
    engines = eventually(lambda: [pid for pid, parent in _processes() if parent == bench.pid],
                         "its engines run", 10.0)
    bench.send_signal(number)
    assert bench.wait(10) != 0
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in engines),
               "its engines end")
    assert host.pids() == [] and not host.has_link("bench0")


def test_a_bar_is_drawn_on_a_terminal_and_cleared(net):
    main, end = pty.openpty()
    host = net.host("a")
    bench = host.popen(program(), "bench", *SHORT, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    drawn = b""
    try:
        while piece := os.read(main, 4096):
            drawn += piece
    except OSError:
        pass  # the other end is closed
    os.close(main)
    table, _ = bench.communicate(timeout=60)
    assert bench.returncode == 0
    for what in (b"wring: TCP, 1 stream", b"handshakes", b"no cipher: small packets", b"no tunnel"):
        assert what in drawn
    assert b"[####" in drawn and drawn.endswith(b"\r\x1b[K")
    assert b"no cipher" in table and b"TCP, 4 streams" in table and b"\x1b" not in table


@pytest.fixture
def served(ends):
    """`wring bench --serve` behind a tunnel, on host b."""
    _, far = ends
    server = far.host.popen(program(), "bench", "--serve", "--listen", far.inner4,
                            stderr=subprocess.PIPE, text=True)
    assert "serving at 10.9.0.2:51822" in server.stderr.readline()
    yield server
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0


def test_a_peer_is_measured_through_a_tunnel(ends, served):
    near, _ = ends
    before = near.peer(ends[1]).tx_bytes
    done = near.host.run(program(), "bench", "--peer", "10.9.0.2", "--json", *SHORT)
    (way,) = _ways(done).values()
    _measured(way, ["cpu_s_per_gb", "handshakes_per_s"])
    assert way["name"] == "10.9.0.2:51822"
    # It went through the tunnel, all of it.
    assert near.peer(ends[1]).tx_bytes - before > way["tcp1_bit_per_s"] / 8 * 0.2


def test_a_peer_that_does_not_serve_is_an_error(ends):
    near, _ = ends
    done = near.host.run(program(), "bench", "--peer", "10.9.0.2", *SHORT, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("wring bench: 10.9.0.2:51822: ")


def test_a_server_answers_nothing_that_is_larger_than_its_question(ends, served):
    near, _ = ends
    script = """
import socket, sys
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.settimeout(5)
probe.connect(("10.9.0.2", 51822))
for datagram in (b"", b"x", b"wrb1q", b"GET / HTTP", bytes(1400)):
    probe.send(datagram)
probe.send(b"wrb1q" + bytes(19))
print(len(probe.recv(2048)))
"""
    assert near.host.run("python3", "-c", script).stdout == "16\n"


@pytest.mark.parametrize("words, said", [
    (("--serve", "--peer", "x"), "excludes"), (("--listen", "::1"), "--serve"),
    (("--seconds", "0"), "--seconds"), (("--seconds", "61"), "--seconds"),
    (("--port", "0"), "--port"), (("surplus",), "surplus")])
def test_words_that_make_no_sense_are_refused(words, said):
    done = subprocess.run([program(), "bench", *words], text=True, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 1 and said in done.stderr and done.stdout == ""
