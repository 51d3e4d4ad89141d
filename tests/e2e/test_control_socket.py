"""The control socket as such: requests that `wg` would not send, and what is answered."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from support import wg
from support.daemon import Daemon, program, socket_path
from support.waiting import eventually

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
        assert chunk, f"closed after {len(text)} characters: {text[-200:]!r}"
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


def _add_peers(host, count):
    """So many that a reply is larger than what a socket holds unread."""
    lines = "".join(f"public_key={i:064x}\nallowed_ip=10.{i >> 8}.{i & 255}.0/24\n"
                    for i in range(1, count + 1))
    assert _ask(host, f"set=1\n{lines}\n") == "errno=0"


def test_who_is_owed_an_answer_gets_it_whole_beside_silent_clients(host):
    _add_peers(host, 3000)
    with _connection(host) as slow, ExitStack() as stack:
        slow.sendall(b"get=1\n\n")
        slow.recv(1, socket.MSG_PEEK)
        for _ in range(100):
            stack.enter_context(_connection(host))
        (reply,) = _read_replies(slow, 1)
    assert reply.count("public_key=") == 3000 and reply.endswith("errno=0")


def test_three_hundred_clients_at_once_are_all_answered(host):
    _add_peers(host, 3000)

    def work(number):
        request = "set=1\nfwmark=7\n\n" if number % 3 == 0 else "get=1\n\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
            made.settimeout(120)
            made.connect(host.path(socket_path("wg0")))
            made.sendall(request.encode())
            return _read_replies(made, 1)[0]
    with ThreadPoolExecutor(300) as pool:
        replies = list(pool.map(work, range(300)))
    for number, reply in enumerate(replies):
        assert reply.endswith("errno=0")
        assert number % 3 == 0 or reply.count("public_key=") == 3000


# All wait to open the gate, so they begin at once. The last line says that `wg` was content.
_AT_ONCE = r"""
cd "$1" && mkfifo gate && mkdir answers || exit 1
for number in $(seq "$2"); do
  { : < gate; wg show wg0 dump > "answers/$number" 2>&1 && echo whole >> "answers/$number"; } &
done
exec 3<> gate
wait
"""


def test_three_hundred_wg_programs_at_once_get_whole_answers(host, tmp_path):
    _add_peers(host, 3000)
    host.run("sh", "-c", _AT_ONCE, "sh", str(tmp_path), "300", timeout=120)
    answers = [path.read_text() for path in (tmp_path / "answers").iterdir()]
    assert len(answers) == 300
    broken = [answer[-100:] for answer in answers if not answer.endswith("\nwhole\n")]
    assert not broken, f"{len(broken)} of 300: {broken[0]}"
    # A line of the interface, one of each peer, and the last one.
    assert {answer.count("\n") for answer in answers} == {1 + 3000 + 1}


def _cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_the_daemon_rests_and_idle_clients_give_way(pair):
    host = pair[0]
    limited = ["prlimit", "--nofile=40:40", program(), "-f"]
    with Daemon(host, "wg0", "--workers", "1", command=limited) as daemon, ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(_connection(host))
        before = _cpu_s(daemon.pid)
        # Each of these finds no descriptor left, and takes the place of a silent client.
        for _ in range(5):
            assert _get(host)[-1] == "errno=0"
        assert _cpu_s(daemon.pid) - before < 0.5


def test_a_socket_that_cannot_be_watched_is_a_warning_and_its_end_is_noticed(pair, deny_syscall):
    host = pair[0]
    with Daemon(host, "wg0", command=deny_syscall("inotify_init1", "EMFILE")) as daemon:
        assert "max_user_instances" in daemon.log()
        os.unlink(host.path(socket_path("wg0")))
        daemon.await_end(10)
        eventually(lambda: not host.has_link("wg0"), "the interface goes", 5.0)
