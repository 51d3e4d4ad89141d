"""`wring run` as a service: what it tells its manager, and what it does as process 1."""

import os
import signal
import socket
from pathlib import Path

import pytest

from support.daemon import program
from support.processes import name_of
from support.running import Run
from support.waiting import eventually
from support.wg import new_keys


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "wg0.conf"
    path.write_text(f"[Interface]\nPrivateKey = {new_keys().private}\nAddress = 10.9.0.1/24\n")
    path.chmod(0o600)
    return path


class Manager:
    """Hears what services say, as systemd does."""

    def __init__(self, folder: Path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(10.0)
        self.variables = {"NOTIFY_SOCKET": str(folder / "notify")}

    def next(self) -> dict[str, str]:
        text = self._socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def next_but_watchdog(self) -> dict[str, str]:
        while (said := self.next()) == {"WATCHDOG": "1"}:
            pass
        return said


def _children(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _names_of_children(pid):
    return sorted(name_of(each) for each in _children(pid))


def test_it_says_when_it_is_ready_reloads_and_stops(net, tmp_path, file):
    host, manager = net.host("a"), Manager(tmp_path)
    with Run(host, str(file), "--allow-hooks", env=manager.variables) as run:
        assert manager.next() == {"READY": "1", "STATUS": "wg0 is up"}
        assert host.has_link("wg0")
        run.process.send_signal(signal.SIGHUP)
        assert manager.next().keys() == {"RELOADING", "MONOTONIC_USEC"}
        assert manager.next() == {"READY": "1", "STATUS": "wg0 is as its configuration says"}
        file.write_text("[Interface]\nPrivateKey = none\n")
        run.process.send_signal(signal.SIGHUP)
        assert "RELOADING" in manager.next()
        assert "has mistakes" in manager.next()["STATUS"]
        assert run.stop() == 0
        assert manager.next() == {"STOPPING": "1"}


def test_neither_hooks_nor_the_engine_know_the_manager(net, tmp_path, file):
    host, manager = net.host("a"), Manager(tmp_path)
    file.write_text(f"{file.read_text()}PostUp = env > {tmp_path}/seen\n")
    with Run(host, str(file), "--allow-hooks", env=manager.variables) as run:
        (engine,) = _children(run.process.pid)
        variables = Path(f"/proc/{engine}/environ").read_bytes()
    assert b"NOTIFY_SOCKET" not in variables and variables
    assert "NOTIFY_SOCKET" not in (tmp_path / "seen").read_text()


def test_the_watchdog_hears_nothing_while_the_engine_does_not_answer(net, tmp_path, file):
    host, manager = net.host("a"), Manager(tmp_path)
    with Run(host, str(file), env={**manager.variables, "WATCHDOG_USEC": "200000"}) as run:
        assert manager.next_but_watchdog()["READY"] == "1"
        assert manager.next() == {"WATCHDOG": "1"}
        (engine,) = _children(run.process.pid)
        os.kill(engine, signal.SIGSTOP)
        eventually(lambda: "not told that all is well" in run.log(), "it says so", 10.0)
        os.kill(engine, signal.SIGCONT)
        assert manager.next() == {"WATCHDOG": "1"}


def test_as_process_1_it_reaps_orphans_and_stops_at_once(net, file):
    host = net.host("a")
    # The shell ends at once, and leaves a child to process 1.
    file.write_text(f"{file.read_text()}PostUp = sh -c 'sleep 0.1 & sleep 0.2 & sleep 600 &'\n")
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", program(), "run",
             "--allow-hooks", str(file)]
    outer = host.popen(*words)
    (first,) = eventually(lambda: _children(outer.pid), "process 1 is there")
    eventually(lambda: _names_of_children(first) == ["sleep", "wring"],
               "the engine and the orphan that runs are left", 20.0)
    os.kill(first, signal.SIGTERM)
    assert outer.wait(10.0) == 0
