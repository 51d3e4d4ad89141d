"""`wring exec`: a command whose only way out is the tunnel, started by an ordinary user."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from support.daemon import program
from support.executing import (FAR, FAR6, INNER, PAGE, USER, WEB_SERVER, as_user, place,
                               processes_of_user, python)
from support.waiting import eventually


@pytest.fixture(params=["666", "600"], ids=["tun", "no-device"])
def place_(pair, request):
    """With a TUN that every user may open, and without."""
    yield from place(pair, request.param)


def test_a_page_behind_the_tunnel(place_):
    with python(place_.far, WEB_SERVER, FAR):
        done = place_.run(place_.file, "--", "curl", "-s", f"http://{FAR}/")
    assert (done.returncode, done.stdout, done.stderr) == (0, PAGE, "")


def test_both_versions_of_ip_and_ping_work(place_):
    """A lost initiation is repeated after five seconds."""
    for address in (FAR, FAR6):
        done = place_.run(place_.file, "--", "ping", "-c", "1", "-W", "20", address)
        assert done.returncode == 0, done


def test_the_command_is_the_same_user_without_any_capability(place_):
    done = place_.run(place_.file, "--", "sh", "-c", "id -u; id -g; cat /proc/self/status")
    lines = done.stdout.splitlines()
    assert lines[:2] == [str(USER), str(USER)]
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert f"{name}:\t0000000000000000" in lines
    assert "NoNewPrivs:\t1" in lines


def test_the_inside_has_the_tunnel_and_nothing_else(place_):
    done = place_.run(place_.file, "--", "sh", "-c",
                      "ip -o link; echo; ip -4 route; ip -6 route")
    links, routes = done.stdout.split("\n\n")
    assert [line.split(": ")[1].split("@")[0] for line in links.splitlines()] == ["lo", "wg0"]
    assert all(" dev wg0 " in line for line in routes.splitlines()), routes
    assert "default dev wg0" in routes


def test_the_interface_passes_packets_when_the_command_starts(place_):
    for _ in range(5):
        done = place_.run(place_.file, "--", "ip", "-o", "link", "show", "dev", "wg0")
        flags = done.stdout.split("<")[1].split(">")[0].split(",")
        assert "LOWER_UP" in flags and "NO-CARRIER" not in flags, done.stdout
        assert " state DOWN " not in done.stdout and "LOWERLAYERDOWN" not in done.stdout


def test_root_may_call_it_too(place_):
    host = place_.host
    done = host.run(program(), "exec", place_.file, "--", "sh", "-c", f"ping -c 1 {FAR} && id -u",
                    check=False)
    assert done.returncode == 0 and done.stdout.endswith("\n0\n"), done
    assert not host.has_link("wg0")


STATUSES = {
    "the command's own": (["sh", "-c", "exit 7"], 7),
    "that of a signal": (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
    "a command that is not there": (["/nowhere/command"], 127),
    "a file that is no program": (["/etc/passwd"], 126),
}


@pytest.mark.parametrize("case", STATUSES)
def test_the_exit_status(place_, case):
    words, status = STATUSES[case]
    assert place_.run(place_.file, "--", *words).returncode == status


@pytest.mark.parametrize("words, said", [
    (["/nowhere.conf", "--", "true"], "cannot open /nowhere.conf"),
    (["CONFIG"], "say what to run"),
    (["CONFIG", "true"], "put -- before the command"),
    (["CONFIG", "--shell", "--", "true"], "no command may follow"),
    (["CONFIG", "--dns", "x", "--", "true"], "--dns x: no IP address"),
])
def test_what_cannot_be_started_is_refused(place_, words, said):
    done = place_.run(*[place_.file if word == "CONFIG" else word for word in words])
    assert done.returncode == 125 and said in done.stderr, done


def test_words_reach_the_command_as_they_are(place_):
    odd = ["[a,b]", "{}", "", "--", "-x", "--dns", "a b"]
    done = place_.run(place_.file, "--", "printf", "<%s>", *odd)
    assert done.stdout == "".join(f"<{word}>" for word in odd)


def test_stdin_and_the_working_folder_are_the_commands(place_):
    done = place_.host.run(*as_user(), "env", "-C", "/usr", program(), "exec", place_.file, "--",
                           "sh", "-c", "cat; pwd", input="what was typed\n")
    assert done.stdout == "what was typed\n/usr\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(place_, number):
    name = number.name[3:]
    script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    child = place_.start(place_.file, "--", "sh", "-c", script, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(number)
    assert child.stdout.readline() == f"got {name}\n".encode()
    assert child.wait(10.0) == 9


def test_what_the_command_leaves_behind_ends_with_it(place_):
    done = place_.run(place_.file, "--", "sh", "-c", "setsid sleep 1000 & exit 3")
    assert done.returncode == 3
    assert processes_of_user() == []


@pytest.mark.parametrize("victim", ["supervisor", "keeper"])
def test_nothing_is_left_by_one_that_is_killed(place_, victim):
    script = "setsid sleep 1000 & (sleep 1000 & sleep 1000) & echo ready; sleep 1000"
    child = place_.start(place_.file, "--", "sh", "-c", script, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    pid = child.pid
    if victim == "keeper":
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pid = next(int(each) for each in children if int(each) != place_.engine())
    os.kill(pid, signal.SIGKILL)
    child.wait(10.0)
    eventually(lambda: processes_of_user() == [], "all of it ends")


def test_the_status_is_the_commands_where_the_engine_ends_first(place_):
    script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    child = place_.start(place_.file, "--", "sh", "-c", script, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    os.kill(place_.engine(), signal.SIGKILL)
    assert child.wait(10.0) == 0


def test_a_port_that_is_taken_is_told(place_):
    file = place_.write("port.conf", extra="ListenPort = 4444")
    with place_.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 4444))
        done = place_.run(file, "--", "true")
    assert done.returncode == 125 and "another program has that port" in done.stderr, done


def test_hooks_and_marks_are_left_out_and_told(place_):
    file = place_.write("hooks.conf", extra="PostUp = touch /run/user/hook\nFwMark = 7")
    done = place_.run(file, "--", "true")
    assert done.returncode == 0, done
    assert "hooks.conf:4:" in done.stderr and "hooks.conf:5:" in done.stderr


def test_several_at_once_do_not_meet(place_):
    children = [place_.start(place_.file, "--", "sh", "-c", f"ip -4 addr show wg0; exit {number}",
                             stdout=subprocess.PIPE) for number in range(3)]
    for number, child in enumerate(children):
        assert INNER in child.communicate(timeout=20)[0].decode()
        assert child.returncode == number
