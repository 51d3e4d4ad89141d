"""`wring exec` on a terminal, by tmux: job control, Ctrl-C, and a window that changes its size."""

import os
import re
import shutil
import subprocess

import pytest

from support.daemon import program
from support.executing import as_user, place
from support.waiting import eventually


@pytest.fixture
def place_(pair):
    yield from place(pair)


class Terminal:
    """A window of tmux in which the user has a shell in the host."""

    def __init__(self, host, folder):
        assert shutil.which("tmux"), "run tools/install-deps.sh"
        self._socket = str(folder / "tmux")
        shell = " ".join([*as_user(), "PS1=outside$", "bash", "--norc", "-i"])
        self._tmux_in(host, "-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "50", shell)
        self.type("")
        self.await_text("outside$")

    def _tmux_in(self, host, *words):
        # The server goes to the background, so it must not die with the thread that started it.
        command = ["nsenter", "--target", str(host.pid), "--net", "--mount", "--", "tmux", "-S",
                   self._socket, *words]
        subprocess.run(command, check=True, timeout=30, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def _tmux(self, *words):
        return subprocess.run(["tmux", "-S", self._socket, *words], check=True, timeout=30,
                              text=True, stdout=subprocess.PIPE).stdout

    def type(self, line):
        self._tmux("send-keys", line, "Enter")

    def to_foreground(self, command):
        """`fg`; returns when the shell has shown which command goes on, and no longer reads."""
        before = self.text().count(command)
        self.type("fg")
        eventually(lambda: self.text().count(command) > before, "the shell continues it")

    def press(self, key):
        self._tmux("send-keys", key)

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def text(self):
        return self._tmux("capture-pane", "-p", "-S", "-")

    def await_text(self, pattern):
        """Waits until a line of the window is all of this."""
        whole = re.compile(rf"^{re.escape(pattern)}\s*$", re.MULTILINE)
        eventually(lambda: whole.search(self.text()),
                   lambda: f"{pattern} is shown:\n{self.text()}", 10.0)

    def await_prompt(self, prompt):
        """Waits until the shell reads: what is typed before may be lost."""
        eventually(lambda: self.text().rstrip().endswith(prompt),
                   lambda: f"{prompt} is the last line:\n{self.text()}", 10.0)

    def close(self):
        self._tmux("kill-server")


@pytest.fixture
def terminal(place_):
    made = Terminal(place_.host, place_.folder)
    yield made
    made.close()


def _line(place_, *words):
    return " ".join([program(), "exec", place_.file, *words])


def test_a_session_of_a_shell(place_, terminal):
    terminal.type(_line(place_, "--shell"))
    terminal.type("PS1=inside$")
    terminal.await_text("inside$")
    terminal.type("echo links $(ip -o link | wc -l)")
    terminal.await_text("links 2")
    # A program in the shell is interrupted, and the shell goes on.
    terminal.type("sh -c 'echo sleeping; exec sleep 1000'")
    terminal.await_text("sleeping")
    terminal.press("C-c")
    terminal.type("echo interrupted $?")
    terminal.await_text("interrupted 130")
    # It is stopped, and goes on in the foreground.
    terminal.type("(trap 'echo woken' CONT; echo looping; while :; do sleep 0.1; done)")
    terminal.await_text("looping")
    terminal.press("C-z")
    eventually(lambda: "Stopped" in terminal.text(), "the job is stopped")
    terminal.await_prompt("inside$")
    terminal.to_foreground("echo looping")
    terminal.await_text("woken")
    terminal.press("C-c")
    terminal.type("echo back again")
    terminal.await_text("back again")
    terminal.type("exit 7")
    terminal.type("echo status $?")
    terminal.await_text("status 7")


def test_a_command_is_one_job_of_the_shell_outside(place_, terminal):
    terminal.type(_line(place_, "--", "sh", "-c", "'echo started; cat; echo read'"))
    terminal.await_text("started")
    terminal.press("C-z")
    eventually(lambda: "Stopped" in terminal.text(), "the shell outside sees it stopped")
    terminal.await_prompt("outside$")
    terminal.type("echo shell again")
    terminal.await_text("shell again")
    terminal.to_foreground("cat; echo read")
    terminal.type("typed")
    eventually(lambda: terminal.text().count("typed") == 2, "cat has the terminal again")
    terminal.press("C-d")
    terminal.await_text("read")
    # In the background, it stops when it wants to read.
    terminal.type(_line(place_, "--", "sh", "-c", "'read line; echo got $line'", "&"))
    before = terminal.text().count("Stopped")
    terminal.type("jobs")
    eventually(lambda: terminal.text().count("Stopped") > before or terminal.type("jobs"),
               "it is stopped when it reads", 10.0, every=0.3)
    terminal.to_foreground("read line; echo got")
    terminal.type("words")
    terminal.await_text("got words")


def test_ctrl_c_ends_the_command_and_the_status_tells(place_, terminal):
    terminal.type(_line(place_, "--", "sh", "-c", "'echo started; exec sleep 1000'"))
    terminal.await_text("started")
    terminal.press("C-c")
    terminal.type("echo status $?")
    terminal.await_text("status 130")


def test_a_window_of_another_size_is_told(place_, terminal):
    script = "'trap \"stty size\" WINCH; echo started; while :; do sleep 0.1; done'"
    terminal.type(_line(place_, "--", "bash", "-c", script))
    terminal.await_text("started")
    terminal.resize(101, 33)
    terminal.await_text("33 101")
    terminal.press("C-c")
