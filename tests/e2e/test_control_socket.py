"""The control socket as such: requests that `wg` would not send, and what is answered."""

import socket
from contextlib import contextmanager

import pytest

from support import wg
from support.daemon import Daemon, socket_path

PEER = "aa" * 32
OTHER = "bb" * 32


@pytest.fixture
def host(pair):
    with Daemon(pair[0], log_level="error"):
        yield pair[0]


@contextmanager
def _connection(host):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(5)
        made.connect(host.path(socket_path("wg0")))
        yield made


def _read_replies(connection, count):
    """Reads `count` replies, each up to and without its blank line."""
    text = ""
    while text.count("\n\n") < count:
        chunk = connection.recv(65536)
        assert chunk, f"closed after {text!r}"
        text += chunk.decode()
    assert text.endswith("\n\n")
    return text.split("\n\n")[:-1]


def _ask(host, request):
    with _connection(host) as connection:
        connection.sendall(request.encode())
        return _read_replies(connection, 1)[0]


def _get(host):
    return _ask(host, "get=1\n\n").splitlines()


def test_requests_are_pipelined_on_one_connection(host):  # P36
    with _connection(host) as connection:
        connection.sendall(b"get=1\n\nset=1\nfwmark=7\n\nget=1\n\nset=1\nfwmark=0\n\nget=1\n\n")
        replies = _read_replies(connection, 5)
    assert replies[1] == replies[3] == "errno=0"
    assert "fwmark=7" in replies[2].splitlines()
    for reply in (replies[0], replies[4]):
        assert "fwmark" not in reply and reply.splitlines()[-1] == "errno=0"


def test_a_request_may_come_one_byte_at_a_time(host):  # P36
    with _connection(host) as connection:
        for byte in b"set=1\nfwmark=9\n\n":
            connection.sendall(bytes([byte]))
        assert _read_replies(connection, 1) == ["errno=0"]
    assert "fwmark=9" in _get(host)


BAD_VALUES = ["private_key=zz", "private_key=" + "aa" * 31, "listen_port=65536", "listen_port=-1",
              "listen_port=1x", "fwmark=4294967296", "replace_peers=false", "public_key=abc"]
BAD_PEER_VALUES = ["preshared_key=12", "endpoint=1.2.3.4", "endpoint=1.2.3.4:65536",
                   "endpoint=nonsense:1", "endpoint=[::1:1", "persistent_keepalive_interval=65536",
                   "allowed_ip=10.0.0.0/33", "allowed_ip=fd00::/129", "allowed_ip=ten/8",
                   "replace_allowed_ips=1", "protocol_version=2", "update_only=yes", "remove=1"]


@pytest.mark.parametrize("line", BAD_VALUES + [f"public_key={PEER}\n{bad}"
                                               for bad in BAD_PEER_VALUES])
def test_a_bad_value_is_einval(host, line):  # P37
    assert _ask(host, f"set=1\n{line}\n\n") == "errno=-22"
    assert _get(host)[-1] == "errno=0"


@pytest.mark.parametrize("line", ["no equals sign", "listen_port"])
def test_a_malformed_line_is_eproto(host, line):  # P37
    assert _ask(host, f"set=1\n{line}\n\n") == "errno=-71"


def test_an_unknown_key_is_refused(host):  # P36
    assert _ask(host, "set=1\nno_such_key=1\n\n") in ("errno=-22", "errno=-71")
    assert _ask(host, f"set=1\npublic_key={PEER}\nlisten_port=5\n\n") in ("errno=-22", "errno=-71")


def test_a_taken_port_is_eaddrinuse(host):  # P37
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 42000))
        host.ip("link", "set", "wg0", "up")
        assert _ask(host, "set=1\nlisten_port=42000\n\n") == "errno=-98"


def test_a_client_that_hangs_up_or_talks_nonsense_harms_nobody(host):
    for nonsense in (b"", b"get=1", b"\n\n\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000,
                     b"set=1\nprivate_key=" + b"a" * 200_000):
        with _connection(host) as connection:
            try:
                connection.sendall(nonsense)
            except (BrokenPipeError, ConnectionResetError):
                pass  # It may well have hung up on us.
    assert _get(host)[-1] == "errno=0"


def test_a_client_that_stays_and_says_nothing_blocks_nobody(host):
    with _connection(host), _connection(host) as half:
        half.sendall(b"set=1\nfwmark=")
        assert _get(host)[-1] == "errno=0"
        wg.configure(host, "wg0", "fwmark", "3")
        assert wg.show(host, "wg0").fwmark == 3


def test_update_only_makes_no_peer_and_edits_one_that_is_there(host):  # P39
    line = "update_only=true\npersistent_keepalive_interval=5\n"
    assert _ask(host, f"set=1\npublic_key={PEER}\n{line}\n") == "errno=0"
    assert f"public_key={PEER}" not in _get(host)
    assert _ask(host, f"set=1\npublic_key={PEER}\n\n") == "errno=0"
    assert _ask(host, f"set=1\npublic_key={PEER}\n{line}\n") == "errno=0"
    assert "persistent_keepalive_interval=5" in _get(host)


def test_a_single_allowed_ip_is_removed_by_a_minus(host):  # P39
    ips = "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/8\n"
    assert _ask(host, f"set=1\npublic_key={PEER}\n{ips}\n") == "errno=0"
    assert _ask(host, f"set=1\npublic_key={PEER}\nallowed_ip=-10.0.0.0/8\n\n") == "errno=0"
    assert [line for line in _get(host) if line.startswith("allowed_ip")] == ["allowed_ip=fd00::/8"]
    # That of another peer is not ours to remove.
    assert _ask(host, f"set=1\npublic_key={OTHER}\nallowed_ip=-fd00::/8\n\n") == "errno=0"
    assert "allowed_ip=fd00::/8" in _get(host)


def test_replace_peers_and_remove(host):  # P39
    assert _ask(host, f"set=1\npublic_key={PEER}\npublic_key={OTHER}\n\n") == "errno=0"
    assert _ask(host, f"set=1\npublic_key={PEER}\nremove=true\n\n") == "errno=0"
    keys = [line for line in _get(host) if line.startswith("public_key")]
    assert keys == [f"public_key={OTHER}"]
    assert _ask(host, f"set=1\nreplace_peers=true\npublic_key={PEER}\n\n") == "errno=0"
    keys = [line for line in _get(host) if line.startswith("public_key")]
    assert keys == [f"public_key={PEER}"]
