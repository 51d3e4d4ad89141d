"""`wring show` beside the real `wg show` on the same engine."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from support import wg
from support.daemon import Daemon, program
from support.drops import dropped
from support.transfer import ping
from support.waiting import eventually

FIELDS = ["public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys",
          "endpoints", "allowed-ips", "latest-handshakes", "transfer", "persistent-keepalive",
          "dump"]


def show(host, *words, check=True, env=None):
    return host.run(program(), "show", *words, check=check, env=env)


def both(host, *words, env=None):
    """What `wring show` and `wg show` print."""
    return (show(host, *words, env=env).stdout,
            host.run("wg", "show", *words, env=env).stdout)


@pytest.fixture
def host(net):
    host = net.host("a")
    with Daemon(host, log_level="error"):
        yield host


def configure(host, interface="wg0"):
    """One peer with everything, one with nothing, one whose endpoint has a zone."""
    private = wg.new_keys().private
    wg.configure(host, interface, "private-key", "/dev/stdin", "fwmark", "0x1234", secret=private)
    full, bare, zoned = (wg.new_keys().public for _ in range(3))
    wg.configure(host, interface, "peer", full, "preshared-key", "/dev/stdin", "endpoint",
                 "192.0.2.9:99", "persistent-keepalive", 3665, "allowed-ips",
                 "10.0.0.0/8,fd00::/16,0.0.0.0/0,::1/128", secret=wg.new_psk())
    wg.configure(host, interface, "peer", bare)
    wg.configure(host, interface, "peer", zoned, "endpoint", "[fe80::7%lo]:9",
                 "allowed-ips", "::/0")


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_byte_for_byte_that_of_wg(host, field):
    unset = both(host, "wg0", field)
    assert unset[0] == unset[1]
    configure(host)
    ours, theirs = both(host, "wg0", field)
    assert ours == theirs != ""
    # wireguard-tools up to 1.0.20250521 leave the name out of some of these lines.
    assert show(host, "all", field).stdout == "".join(
        f"wg0\t{line}\n" for line in theirs.splitlines())


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_a_used_tunnel_is_that_of_wg(ends, field):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0

    def same():  # A keepalive may come between the two.
        ours, theirs = both(one.host, "wg0", field)
        return ours == theirs and ours
    assert eventually(same, "wring and wg say the same")


def without_ours(text):
    """Without the lines that `wg` does not have."""
    names = "dropped|rate|engine|pump|workers|offloads|cipher"
    return re.sub(rf"^  (?:\x1b\[1m)?(?:{names})(?:\x1b\[0m)?: .*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("env", [{}, {"WG_COLOR_MODE": "always"}, {"WG_COLOR_MODE": "never"},
                                 {"WG_HIDE_KEYS": "never"}, {"WG_HIDE_KEYS": "always"}])
def test_the_form_for_people_has_every_line_of_wg(host, env):
    for _ in range(2):
        ours, theirs = both(host, "wg0", env=env)
        assert without_ours(ours) == theirs
        configure(host)


def test_the_latest_handshake_is_the_first_peer_and_its_age_is_in_words(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    for _ in range(3):
        wg.configure(one.host, "wg0", "peer", wg.new_keys().public)

    def same():  # The second may have changed between the two.
        ours, theirs = both(one.host, "wg0")
        return without_ours(ours) == theirs and ours
    text = eventually(same, "wring and wg say the same")
    assert re.search(r"latest handshake: (Now|\d+ seconds? ago)\n", text)
    assert text.index("latest handshake") < text.index("peer:", text.index("peer:") + 1)
    eventually(lambda: re.search(r"handshake: \d+ seconds? ago\n", show(one.host, "wg0").stdout),
               "the handshake gets older")


def test_what_was_dropped_is_shown_by_reason(ends):
    one, _ = ends
    one.host.run("ping", "-c", "1", "-W", "1", "-I", "wg0", "10.9.0.77", check=False)
    count = dropped(one, "no_peer")
    assert count > 0
    assert re.search(rf"^  dropped: .*\b{count} no_peer\b", show(one.host, "wg0").stdout,
                     re.MULTILINE)


def test_several_interfaces_are_shown_and_listed(host):
    with Daemon(host, "wg1", log_level="error"):
        assert show(host, "interfaces").stdout == "wg0 wg1\n"
        for words in ((), ("all",)):
            text = show(host, *words).stdout
            assert re.findall(r"^interface: (\S+)$", text, re.MULTILINE) == ["wg0", "wg1"]
        assert show(host, "all", "fwmark").stdout == "wg0\toff\nwg1\toff\n"
        # One that was killed is left out, and its socket stays for `wg` or the next start.
        killed = Daemon(host, "wg2", log_level="error")
        killed.kill()
        assert killed.has_socket()
        assert show(host, "interfaces").stdout == "wg0 wg1\n"
        assert killed.has_socket()
        gone = show(host, "wg2", check=False)
        assert gone.returncode == 1 and "wg2.sock behind" in gone.stderr


def test_without_interfaces_there_is_nothing_to_show(net):
    host = net.host("a")
    for words in ((), ("all",), ("interfaces",), ("all", "dump")):
        done = show(host, *words)
        assert (done.stdout, done.stderr) == ("", "")


def test_errors_say_what_is_wrong_and_what_there_is(host):
    for words, says in [(("wg7",), "there are: wg0"), (("lo",), "no WireGuard in userspace"),
                        (("wg0", "colour"), "is no field; there are: public-key"),
                        (("../wg0",), "is no name for an interface"),
                        (("interfaces", "--json"), "takes nothing with it"),
                        (("wg0", "dump", "--json"), 'leave "dump" out'),
                        (("wg0", "dump", "more"), "see wring show --help")]:
        done = show(host, *words, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr and done.stderr.count("\n") == 1
        assert done.stderr.startswith("wring show: ")


def test_an_ordinary_user_is_told_to_be_root(host):
    for words in (("wg0",), ("all",)):
        done = host.run("setpriv", "--reuid", "65534", "--clear-groups", program(), "show", *words,
                        check=False)
        assert done.returncode == 1 and "Permission denied; run as root" in done.stderr


def test_json_has_the_same_as_the_fields(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    configure(one.host)
    before = time.time()
    made = json.loads(show(one.host, "wg0", "--json").stdout)
    assert made["format"] == 1 and before <= made["time"] <= time.time()
    (interface,) = made["interfaces"]
    shown = wg.show(one.host, "wg0")
    assert (interface["name"], interface["public_key"], interface["listen_port"],
            interface["fwmark"]) == ("wg0", shown.public_key, shown.listen_port, 0x1234)
    assert [peer["public_key"] for peer in interface["peers"]] == list(shown.peers)
    for peer in interface["peers"]:
        other = shown.peers[peer["public_key"]]
        assert peer["has_preshared_key"] == (other.psk is not None)
        assert peer["endpoint"] == other.endpoint
        assert frozenset(peer["allowed_ips"]) == other.allowed_ips
        assert int(peer["latest_handshake"] or 0) == other.latest_handshake
        assert peer["persistent_keepalive_s"] == other.keepalive
        assert peer["rx_bytes_per_s"] is peer["tx_bytes_per_s"] is None
    tunnel = next(peer for peer in interface["peers"] if peer["latest_handshake"])
    assert tunnel["rx_bytes"] > 0 and 0 <= tunnel["handshake_age_s"] < 60


@pytest.mark.parametrize("workers, options, env", [
    (3, (), {}), (1, ("--no-offload",), {"WRING_AEAD": "libsodium", "LOG_LEVEL": "verbose"})])
def test_how_the_engine_works_is_shown(net, workers, options, env):
    host = net.host("a")
    every = [*os.environ.get("WRING_OPTIONS", "").split(), *options]
    with Daemon(host, "wg0", "--workers", str(workers), *options, env=env,
                log_level="error") as daemon:
        engine = json.loads(show(host, "--json").stdout)["interfaces"][0]["engine"]
        text = show(host).stdout
        ours, theirs = both(host, "wg0", "dump")
        log = daemon.log()
    assert ours == theirs
    version = host.run(program(), "--version", env=env).stdout
    assert version == f"wring {engine['version']}\ncipher: {engine['cipher']}\n"
    if env:
        assert engine["cipher"] == "libsodium"
        assert "packets are sealed and opened by libsodium" in log
    assert engine["pump"] in (["epoll"] if "epoll" in every else ["io_uring", "epoll"])
    assert engine["workers"] == workers
    offloads = set() if "--no-offload" in every else {"tun", "udp"}
    assert offloads <= set(engine["offloads"]) <= offloads | ({"tun-udp"} if offloads else set())
    for name in ("pump", "workers", "cipher"):
        assert f"  {name}: {engine[name]}\n" in text
    assert f"  offloads: {','.join(engine['offloads']) or 'none'}\n" in text


def test_json_has_no_secret(host):
    configure(host)
    shown = wg.show(host, "wg0")
    for env in ({}, {"WG_HIDE_KEYS": "never"}):
        text = show(host, "--json", env=env).stdout
        assert shown.private_key not in text
        assert not any(peer.psk in text for peer in shown.peers.values() if peer.psk)


def test_json_without_interfaces_is_whole(net):
    assert json.loads(show(net.host("a"), "--json").stdout)["interfaces"] == []


def watch(host, *words, **options):
    return host.popen(program(), "show", *words, "--watch", **options)


def test_watched_into_a_pipe_one_line_of_json_follows_the_other_with_rates(ends):
    one, two = ends
    watching = watch(one.host, "wg0", "--json", stdout=subprocess.PIPE, text=True)
    first = json.loads(watching.stdout.readline())
    assert first["interfaces"][0]["peers"][0]["tx_bytes_per_s"] is None
    assert ping(one.host, two.inner4).lost == 0
    for line in watching.stdout:
        peer = json.loads(line)["interfaces"][0]["peers"][0]
        if peer["tx_bytes_per_s"]:
            break
    assert peer["rx_bytes_per_s"] > 0
    watching.send_signal(signal.SIGINT)
    assert watching.wait(10) == 0


def test_watched_fields_and_blocks_follow_each_other(host):
    watching = watch(host, "wg0", "fwmark", stdout=subprocess.PIPE, text=True)
    assert [watching.stdout.readline() for _ in range(2)] == ["off\n"] * 2
    watching.terminate()
    assert watching.wait(10) == 0
    watching = watch(host, stdout=subprocess.PIPE, text=True)
    for _ in range(2):
        block = iter(watching.stdout.readline, "\n")
        assert next(block) == "interface: wg0\n"
        assert not any("\x1b" in line for line in block)
    watching.terminate()
    assert watching.wait(10) == 0


def test_a_watched_interface_that_ends_ends_the_watch(net):
    host = net.host("a")
    with Daemon(host, log_level="error") as daemon:
        watching = watch(host, "wg0", "fwmark", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
        assert watching.stdout.readline() == "off\n"
        daemon.stop()
        assert watching.wait(10) == 1
        assert "serves an interface wg0" in watching.stderr.read()


class Terminal:
    """A command on a terminal of 5 lines, and all that it wrote there."""

    def __init__(self, host, *words):
        self._ours, theirs = pty.openpty()
        self.text = ""
        os.set_blocking(self._ours, False)
        host.run("true")
        subprocess.run(["stty", "rows", "5", "cols", "80"], stdin=theirs, check=True)
        self.process = host.popen(program(), "show", *words, stdin=theirs, stdout=theirs,
                                  stderr=theirs)
        os.close(theirs)

    def await_text(self, text, timeout=10):
        deadline = time.monotonic() + timeout
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} in {self.text!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self._ours, 65536).decode()
                except OSError:  # The last writer has gone.
                    assert text in self.text, self.text

    def close(self):
        os.close(self._ours)


ENTER, LEAVE, HOME = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l", "\x1b[H\x1b[J"


def test_watched_on_a_terminal_it_is_redrawn_and_the_terminal_given_back(host):
    configure(host)
    terminal = Terminal(host, "wg0", "--watch")
    try:
        terminal.await_text(HOME)
        assert terminal.text.startswith(ENTER)
        terminal.text = ""
        terminal.await_text(HOME)
        terminal.text = ""
        terminal.await_text(HOME)
        # The terminal has five lines, and one stays empty.
        drawing = terminal.text.split(HOME)[0]
        assert drawing.count("\r\n") <= 4
        # Stopped, it gives the terminal back, and takes it again when it goes on.
        terminal.process.send_signal(signal.SIGTSTP)
        terminal.await_text(LEAVE)
        eventually(lambda: stopped(terminal.process.pid), "the command is stopped")
        terminal.text = ""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.await_text(ENTER)
        terminal.text = ""
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(10) == 0
        terminal.await_text(LEAVE)
    finally:
        terminal.close()


def stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"
