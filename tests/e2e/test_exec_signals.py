"""`wring exec`: whoever sends a signal, the command gets it once."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.daemon import program
from support.executing import PYTHON, as_user, place
from support.processes import words_of
from support.waiting import eventually

# Says how often it was told to end, and ends once stdin does. Without print(), which a signal must
# not find at work.
COUNTS = """
import os, signal, sys
got = []
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
signal.signal(signal.SIGTERM, lambda *_: (got.append(1), say("got", len(got))))
signal.signal(signal.SIGWINCH, lambda *_: say("counted", len(got)))
say("ready", os.getpgrp() == os.getpgid(os.getppid()))
sys.stdin.read()
sys.exit(10 + len(got))
"""


@pytest.fixture
def place_(pair):
    yield from place(pair)


def _line(place_, *words):
    return [program(), "exec", place_.file, "--", *words]


def _start(place_, *command):
    return place_.host.popen(*as_user(), *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _ends_with(child, status):
    child.stdin.close()
    assert child.wait(10.0) == status


def test_one_of_the_same_process_group(place_):
    script = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(child.stdout.readline().decode(), end="", flush=True)
child.terminate()
print(child.stdout.readline().decode(), end="", flush=True)
sys.exit(child.wait())
"""
    child = _start(place_, PYTHON, "-c", script, *_line(place_, PYTHON, "-c", COUNTS))
    assert child.stdout.readline() == b"ready True\n"
    assert child.stdout.readline() == b"got 1\n"
    _ends_with(child, 11)


def test_it_ends_while_it_waits_for_the_configuration(place_):
    child = _start(place_, program(), "exec", "--name", "room", "-", "--", "true")
    room = place_.host.path("/run/user/") + "wring"
    eventually(lambda: _reads_stdin(child.pid), "it reads its stdin", 10.0)
    assert os.path.exists(f"{room}/room.sock")
    child.send_signal(signal.SIGINT)
    assert child.wait(10.0) == -signal.SIGINT
    child.stdin.close()
    eventually(lambda: not os.path.exists(room), "the room is removed")


def _reads_stdin(pid):
    # The number of read(), and its first argument.
    return Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 ")


def test_one_outside_the_pid_namespace(place_):
    # As `podman stop` does, for which the sender has no number in there.
    child = _start(place_, "unshare", "--user", "--map-current-user", "--keep-caps", "--pid",
                   "--fork", "--mount-proc", "sh", "-c", 'echo $$; "$@"; exit $?', "sh",
                   *_line(place_, PYTHON, "-c", COUNTS))
    assert child.stdout.readline() == b"1\n"
    assert child.stdout.readline() == b"ready True\n"
    # The keeper is in another network namespace.
    supervisor = next(pid for pid in place_.host.pids()
                      if words_of(pid)[1:2] == [b"exec"])
    os.kill(supervisor, signal.SIGTERM)
    assert child.stdout.readline() == b"got 1\n"
    _ends_with(child, 11)


@pytest.mark.parametrize("in_group", [True, False], ids=["its-group", "a-group-of-its-own"])
def test_one_that_sends_it_to_the_whole_group(place_, in_group):
    leaves = "" if in_group else "import os; os.setpgid(0, 0)"
    child = _start(place_, *_line(place_, PYTHON, "-c", leaves + COUNTS))
    assert child.stdout.readline() == f"ready {in_group}\n".encode()
    os.killpg(child.pid, signal.SIGTERM)
    assert child.stdout.readline() == b"got 1\n"
    # To the supervisor alone, which passes on what has the lower number first.
    child.send_signal(signal.SIGWINCH)
    assert child.stdout.readline() == b"counted 1\n"
    _ends_with(child, 11)


def test_children_that_it_was_born_with_live_on(place_):
    done = place_.host.run(*as_user(), "sh", "-c", '(sleep 0.7; echo lived on) & exec "$@"', "sh",
                           *_line(place_, "true"), check=False)
    assert (done.returncode, done.stdout) == (0, "lived on\n"), done


def test_a_command_that_is_stopped_and_continued_at_once_leaves_the_supervisor_running(place_):
    script = COUNTS.replace('say("ready"', 'say(os.getpid(), "ready"')
    child = _start(place_, *_line(place_, PYTHON, "-c", script))
    command = int(child.stdout.readline().split()[0])
    for _ in range(200):
        os.kill(command, signal.SIGSTOP)
        os.kill(command, signal.SIGCONT)
    _ends_with(child, 10)
