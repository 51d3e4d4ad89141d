"""`wring set` beside the real `wg set`: the same words have the same effect."""

import pytest

from support import wg
from support.daemon import Daemon, program
from support.transfer import ping

A, B = wg.new_keys().public, wg.new_keys().public
PRIVATE, PSK = wg.new_keys().private, wg.new_psk()


@pytest.fixture(name="host")
def _host(host_of_both):
    return host_of_both


def dump(host, interface):
    return host.run("wg", "show", interface, "dump").stdout


def both(host, *words, secret="", env=None):
    """Runs both commands, insists that they agree, and returns wring's."""
    ours = host.run(program(), "set", "wg0", *words, input=secret, check=False, env=env)
    theirs = host.run("wg", "set", "wg1", *words, input=secret, check=False, env=env)
    assert ours.returncode == theirs.returncode, ours.stderr + theirs.stderr
    assert bool(ours.stderr) == bool(theirs.stderr), ours.stderr + theirs.stderr
    assert dump(host, "wg0") == dump(host, "wg1")
    return ours


STEPS = [
    (("listen-port", "4000", "fwmark", "0x1234"), ""),
    (("private-key", "/dev/stdin"), PRIVATE + "\n"),
    (("peer", A), ""),
    (("peer", A, "allowed-ips", "10.0.0.0/8, fd00::/16,192.0.2.1", "endpoint", "192.0.2.9:99",
      "persistent-keepalive", "25", "peer", B, "preshared-key", "/dev/stdin"), PSK),
    (("peer", B, "allowed-ips", "10.0.0.0/8", "endpoint", "[2001:db8::1]:1"), ""),
    (("peer", B, "endpoint", "[fe80::1%lo]:1"), ""),
    (("peer", B, "endpoint", "localhost:7"), ""),
    (("peer", A, "allowed-ips", "", "persistent-keepalive", "off"), ""),
    (("peer", B, "preshared-key", "/dev/null", "persistent-keepalive", "0"), ""),
    (("peer", A, "remove", "endpoint", "192.0.2.9:98"), ""),
    (("peer", A, "remove"), ""),
    (("fwmark", "off"), ""),
    (("fwmark", "4294967295"), ""),
    (("private-key", "/dev/null"), ""),
]


def test_a_history_of_changes_is_the_same_by_both(host):
    for words, secret in STEPS:
        assert both(host, *words, secret=secret).returncode == 0
    assert wg.show(host, "wg0").peers.keys() == {B}


REFUSED = [
    ("listen-port", "x"), ("listen-port",), ("fwmark", "4294967296"), ("fwmark", "x"),
    ("private-key", "/no/such/file"), ("peer",), ("peer", "x"), ("peer", A[:-2] + "=="),
    ("endpoint", "192.0.2.1:9"), ("colour", "blue"),
    ("peer", A, "listen-port", "9"), ("peer", A, "endpoint", "192.0.2.1"),
    ("peer", A, "endpoint", "[2001:db8::1:9"), ("peer", A, "persistent-keepalive", "65536"),
    ("peer", A, "allowed-ips", "10.0.0.0/33"), ("peer", A, "allowed-ips", "10.0.0/8"),
    ("peer", A, "allowed-ips", "10.0.0.0/8,"), ("peer", A, "preshared-key", "/no/such/file"),
    ("peer", A, "endpoint", "no-such-host.invalid.:9"), (),
]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_words_that_wg_refuses_are_refused_and_change_nothing(host, words):
    once = {"WG_ENDPOINT_RESOLUTION_RETRIES": "0"}
    done = both(host, "fwmark", "7", *words, env=once) if words else both(host)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("wring set: ") and done.stderr.count("\n") == 1
    assert wg.show(host, "wg0").fwmark == 0


def test_a_resolver_that_does_not_answer_is_asked_again(host):
    words = ("set", "wg0", "peer", A, "endpoint", "no-such-host.example:9")
    done = host.run("unshare", "-m", "sh", "-c",
                    'echo "nameserver 127.0.0.1" > /run/resolv.conf; '
                    'mount --bind /run/resolv.conf "$(realpath /etc/resolv.conf)"; exec "$@"',
                    "sh", program(), *words, check=False,
                    env={"WG_ENDPOINT_RESOLUTION_RETRIES": "1"})
    assert done.returncode == 1
    again, last = done.stderr.splitlines()
    assert again.endswith("trying again in 1.00 seconds")
    assert "no-such-host.example" in again and "no-such-host.example" in last
    assert wg.show(host, "wg0").peers == {}


def test_a_sign_changes_the_prefixes_and_none_replaces_them(host):
    def allowed(words):
        host.run(program(), "set", "wg0", "peer", A, "allowed-ips", words)
        return wg.show(host, "wg0").peers[A].allowed_ips
    assert allowed("10.0.0.0/8,::/0") == {"10.0.0.0/8", "::/0"}
    assert allowed("+192.0.2.0/24") == {"10.0.0.0/8", "::/0", "192.0.2.0/24"}
    assert allowed("-::/0,-10.0.0.0/8") == {"192.0.2.0/24"}
    assert allowed("fd00::/8") == {"fd00::/8"}


def test_a_file_of_a_key_with_more_in_it_is_refused(host, tmp_path):
    for number, text in enumerate((PRIVATE[:-1], PRIVATE + " x", PRIVATE + PRIVATE, "\n")):
        path = tmp_path / str(number)
        path.write_text(text)
        assert both(host, "private-key", str(path)).returncode == 1


def test_a_taken_port_and_a_missing_interface_say_what_to_do(net):
    host = net.host("a")
    with Daemon(host, "wg0", log_level="silent"), Daemon(host, "wg1", log_level="silent"):
        wg.configure(host, "wg1", "listen-port", 4000)
        for interface in ("wg0", "wg1"):
            host.ip("link", "set", interface, "up")
        done = host.run(program(), "set", "wg0", "listen-port", "4000", check=False)
        assert done.returncode == 1
        assert done.stderr == ("wring set: wg0 refused the change: Address already in use; another "
                               "program has that port; choose another listen-port\n")
        done = host.run(program(), "set", "wg7", "listen-port", "4001", check=False)
        assert done.returncode == 1 and "there are: wg0 wg1" in done.stderr


def test_a_changed_keepalive_drops_no_session(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    before = one.peer(two).latest_handshake
    one.host.run(program(), "set", "wg0", "peer", two.keys.public, "persistent-keepalive", "20")
    assert ping(one.host, two.inner4).lost == 0
    assert (one.peer(two).latest_handshake, one.peer(two).keepalive) == (before, 20)
