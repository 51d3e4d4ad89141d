"""`wring exec --name` with `wring enter`, and ports that are published from the inside."""

import contextlib
import os
import signal
import socket
import subprocess

import pytest

from support.daemon import program
from support.executing import FAR, PYTHON, USER, as_user, place, processes_of_user
from support.waiting import eventually

ROOM = "/run/user/wring/room.sock"
# Sends back what comes on port 8000 of the address, after all of it has come.
ECHO = """
import socket, sys
server = socket.create_server((sys.argv[1], 8000),
                              family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
while True:
    with server.accept()[0] as client:
        parts = []
        while part := client.recv(1 << 16):
            parts.append(part)
        client.sendall(b"".join(parts))
"""


@pytest.fixture
def place_(pair):
    yield from place(pair)


def _start(place_, *words):
    child = place_.start(*words, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    return child


def _enter(place_, *words):
    return place_.host.run(*as_user(), program(), "enter", *words, check=False)


def _echoed(host, address, text):
    with host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                     socket.SOCK_STREAM) as client:
        client.settimeout(10.0)
        client.connect((address, 8080))
        found = b""
        with contextlib.suppress(OSError):  # Where nothing answers, the end comes at any step.
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(1 << 16):
                found += part
        return found


def test_a_second_command_enters(place_):
    child = _start(place_, "--name", "room", "--dns", FAR, place_.file, "--", "sh", "-c",
                   "readlink /proc/self/ns/net /proc/self/ns/user /proc/self/ns/mnt > "
                   "/run/user/spaces; echo ready; cat")
    spaces = place_.host.run("cat", "/run/user/spaces").stdout
    done = _enter(place_, "room", "--", "sh", "-c",
                  "readlink /proc/self/ns/net /proc/self/ns/user /proc/self/ns/mnt; "
                  "cat /etc/resolv.conf; id -u; cat /proc/self/status; exit 7")
    assert done.returncode == 7, done
    assert done.stdout.startswith(spaces)
    assert f"nameserver {FAR}\n{USER}\n" in done.stdout
    assert "CapEff:\t0000000000000000" in done.stdout and "NoNewPrivs:\t1" in done.stdout
    assert _enter(place_, "room", "--", "ping", "-c", "1", "-W", "20", FAR).returncode == 0
    assert _enter(place_, "room", "--", "/nowhere").returncode == 127
    child.stdin.close()
    assert child.wait(10.0) == 0
    os.unlink(place_.host.path("/run/user/") + "spaces")


def test_those_that_entered_and_ended_are_forgotten(place_):
    child = _start(place_, "--name", "room", place_.file, "--", "sh", "-c", "echo ready; cat")
    assert _enter(place_, "room", "--", "true").returncode == 0
    before = len(os.listdir(f"/proc/{child.pid}/fd"))
    for _ in range(3):
        assert _enter(place_, "room", "--", "true").returncode == 0
    assert len(os.listdir(f"/proc/{child.pid}/fd")) == before
    child.stdin.close()
    assert child.wait(10.0) == 0


def test_the_folder_stays_the_same_in_there(place_):
    child = _start(place_, "--name", "room", place_.file, "--", "sh", "-c", "echo ready; cat")
    done = place_.host.run(*as_user(), "env", "-C", "/usr", program(), "enter", "room", "--", "pwd")
    assert done.stdout == "/usr\n"
    child.stdin.close()
    assert child.wait(10.0) == 0


def test_one_name_has_one_inside_and_a_killed_one_leaves_it(place_):
    words = ["--name", "room", place_.file, "--", "sh", "-c", "echo ready; cat"]
    first = _start(place_, *words)
    done = place_.run("--name", "room", place_.file, "--", "true")
    assert done.returncode == 125 and "another wring exec has the name room" in done.stderr
    first.kill()
    eventually(lambda: processes_of_user() == [], "all of it ends")
    assert not os.path.exists(place_.host.path("/run/user/") + "wring")
    second = _start(place_, *words)
    second.stdin.close()
    assert second.wait(10.0) == 0


def test_the_commands_that_entered_are_told_that_it_ended(place_):
    child = _start(place_, "--name", "room", place_.file, "--", "sh", "-c", "echo ready; cat")
    entered = place_.host.popen(*as_user(), program(), "enter", "room", "--", "sh", "-c",
                                "echo in; exec sleep 1000", stdout=subprocess.PIPE)
    assert entered.stdout.readline() == b"in\n"
    child.stdin.close()
    assert child.wait(10.0) == 0
    assert entered.wait(10.0) == -signal.SIGHUP


@pytest.mark.parametrize("words, said", [
    (["room", "--", "true"], "no wring exec of this user has the name room"),
    (["room"], "say what to run"),
    (["../x", "--", "true"], "../x: up to 15 letters, digits and _=+.- are a name"),
])
def test_what_cannot_be_entered(place_, words, said):
    done = _enter(place_, *words)
    assert done.returncode == 125 and said in done.stderr, done


def test_the_socket_of_another_user_is_not_entered(place_):
    folder = place_.host.path("/run/user/") + "wring"
    os.mkdir(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as others:
        others.bind(f"{folder}/room.sock")
        os.chmod(f"{folder}/room.sock", 0o777)
        others.listen()
        done = _enter(place_, "room", "--", "true")
    os.unlink(f"{folder}/room.sock")
    os.rmdir(folder)
    assert done.returncode == 125 and "the name room is another user's" in done.stderr, done


def test_a_folder_that_others_made_is_not_used(place_):
    place_.host.run("mkdir", "-m", "777", "/run/user/wring")
    done = place_.run("--name", "room", place_.file, "--", "true")
    assert done.returncode == 125 and "others may write to the folder" in done.stderr, done
    place_.host.run("rmdir", "/run/user/wring")


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1"])
def test_a_published_port_leads_inside(place_, inside):
    child = _start(place_, "-p", "8080:8000", place_.file, "--", PYTHON, "-c", ECHO, inside)
    text = os.urandom(3_000_000)
    for _ in range(2):
        assert _echoed(place_.host, "127.0.0.1", text) == text
    # To the host itself only: nobody asked for more.
    with pytest.raises(ConnectionRefusedError):
        _echoed(place_.far, "10.7.0.1", b"x")
    child.terminate()
    child.wait(10.0)
    with pytest.raises(ConnectionRefusedError):
        _echoed(place_.host, "127.0.0.1", b"x")


@pytest.mark.parametrize("address, written", [("10.7.0.1", "10.7.0.1"), ("fd07:0::1", "[fd07::1]")])
def test_a_port_may_be_published_to_others(place_, address, written):
    child = _start(place_, "-p", f"{written}:8080:8000", place_.file, "--", PYTHON, "-c", ECHO,
                   "127.0.0.1")
    assert _echoed(place_.far, address, b"from afar") == b"from afar"
    child.terminate()
    child.wait(10.0)


def test_a_port_behind_which_nothing_answers_is_closed(place_):
    child = _start(place_, "-p", "8080:8000", place_.file, "--", "sh", "-c", "echo ready; cat")
    try:
        assert _echoed(place_.host, "127.0.0.1", b"x") == b""
    except ConnectionResetError:
        pass
    child.stdin.close()
    assert child.wait(10.0) == 0


@pytest.mark.parametrize("mapping, said", [
    ("80", "is no HOST:INSIDE"), ("0:80", "is no HOST:INSIDE"), ("x:1:2", "is no HOST:INSIDE"),
    ("80:8000", "ports below 1024 take root"), ("8099:8000", "another program has that port"),
])
def test_a_port_that_cannot_be_published_is_told(place_, mapping, said):
    with place_.host.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 8099))
        taken.listen()
        done = place_.run("-p", mapping, place_.file, "--", "true")
    assert done.returncode == 125 and said in done.stderr, done
