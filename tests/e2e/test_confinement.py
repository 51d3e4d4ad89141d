"""What a running wring may still do, and where it may run."""

import base64
import os
import signal
import subprocess
from pathlib import Path

import pytest

from support import wg
from support.daemon import Daemon, program
from support.memory import kib, swappable_kib
from support.transfer import ping, send_tcp
from support.tunnel import PORT, End, tunnel
from support.waiting import eventually

_NET_BIND_SERVICE, _NET_ADMIN = 1 << 10, 1 << 12
_KEPT = _NET_ADMIN | _NET_BIND_SERVICE

# What Docker gives a container that asks for nothing.
_DOCKER = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
           "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap")


def _status(pid, task=None):
    """The lines of a process's status, or of one of its threads."""
    path = f"/proc/{pid}/task/{task}/status" if task else f"/proc/{pid}/status"
    return dict(line.split(":\t", 1) for line in Path(path).read_text().splitlines())


def _threads(pid):
    return {int(task): _status(pid, task) for task in os.listdir(f"/proc/{pid}/task")}


def _capabilities(status):
    return {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd",
                                                     "CapAmb")}


def _exercise(one, two):
    """Traffic, and every change of a running interface that takes more than memory."""
    assert ping(one.host, two.inner4).lost == 0
    send_tcp(one.host, two.host, two.inner4, 1_000_000)
    one.configure("listen-port", PORT + 1)
    one.host.ip("link", "set", "wg0", "mtu", "1300")
    one.host.ip("link", "set", "wg0", "down")
    one.host.ip("link", "set", "wg0", "up")
    one.host.run("wg", "show", "wg0", "dump")
    assert ping(one.host, two.inner4).lost == 0


def test_every_thread_is_confined_and_the_tunnel_can_still_be_changed(ends):
    one, two = ends
    control = _status(one.daemon.pid)
    assert _capabilities(control) == {"CapInh": 0, "CapPrm": _KEPT, "CapEff": _KEPT, "CapBnd": 0,
                                      "CapAmb": 0}
    for task, status in _threads(one.daemon.pid).items():
        assert status["NoNewPrivs"].strip() == "1", status["Name"]
        assert status["Seccomp"].strip() == "2", status["Name"]
        if task != one.daemon.pid:
            assert not any(_capabilities(status).values()), status["Name"]
    _exercise(one, two)
    one.configure("fwmark", "7")
    one.configure("listen-port", 443)
    two.configure("peer", one.keys.public, "endpoint", "10.7.0.1:443")
    one.configure("fwmark", "0")
    assert ping(one.host, two.inner4).lost == 0


def test_without_any_capability_packets_cross_and_a_privileged_change_is_refused(pair):
    with tunnel(*pair, arguments=("--drop-all",)) as (one, two):
        assert not any(_capabilities(_status(one.daemon.pid)).values())
        _exercise(one, two)
        refused = one.host.run("wg", "set", "wg0", "listen-port", "443", check=False)
        assert "Permission denied" in refused.stderr
        assert wg.show(one.host, "wg0").listen_port == PORT + 1
        assert ping(one.host, two.inner4).lost == 0


def test_it_goes_on_as_another_user(pair):
    with tunnel(*pair, arguments=("--user", "nobody")) as (one, two):
        for status in _threads(one.daemon.pid).values():
            assert set(status["Uid"].split()) == {str(_nobody())}, status["Name"]
            assert status["Groups"].strip() == "", status["Name"]
        assert _capabilities(_status(one.daemon.pid))["CapEff"] == _KEPT
        _exercise(one, two)
        # The folder is root's: the file stays, in nobody's way.
        for end in (one, two):
            end.daemon.process.terminate()
            assert end.daemon.process.wait(5) == 0
            assert not end.host.has_link("wg0")
        with one.start():
            one.add_peer(two, "10.7.0.2")


def _nobody():
    return int(subprocess.run(["id", "-u", "nobody"], check=True, capture_output=True).stdout)


def test_an_unknown_user_is_a_clear_error(pair):
    done = pair[0].run(program(), "-f", "--user", "no-such-user", "wg0", check=False)
    assert done.returncode == 1
    assert done.stderr == ("wring: there is no user no-such-user; make one with "
                           "`useradd --system no-such-user`\n")
    assert not pair[0].has_link("wg0")


def _in_docker(*more):
    """The command line in front of a program that confines it as Docker does."""
    capabilities = ",".join(["-all", *(f"+{name}" for name in (*_DOCKER, *more))])
    return ["setpriv", "--bounding-set", capabilities, "--inh-caps", capabilities]


@pytest.mark.parametrize("io_uring", ["allowed", "forbidden"])
def test_it_runs_in_a_container_with_net_admin(pair, deny_syscall, io_uring):
    command = _in_docker("net_admin") + ([program(), "-f"] if io_uring == "allowed" else
                                         deny_syscall("io_uring_setup", "EPERM"))
    with tunnel(*pair) as (one, two):
        one.daemon.stop()
        with one.start(command=command) as daemon:
            assert _capabilities(_status(daemon.pid))["CapEff"] == _KEPT
            assert ("packets go by epoll" in daemon.log()) == (io_uring == "forbidden")
            one.add_peer(two, "10.7.0.2")
            _exercise(one, two)


def test_a_container_without_net_admin_is_told_what_is_missing(pair):
    done = pair[0].run(*_in_docker(), program(), "-f", "wg0", check=False)
    assert done.returncode == 1
    assert "CAP_NET_ADMIN" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not pair[0].has_link("wg0")


def _may_lock_memory():
    return subprocess.run(["prlimit", "--memlock=unlimited:unlimited", "true"],
                          capture_output=True).returncode == 0


def _add_two_thousand_peers(end):
    peers = "".join(f"[Peer]\nPublicKey = {base64.b64encode(os.urandom(32)).decode()}\n"
                    f"AllowedIPs = 10.{128 + number // 256}.{number % 256}.0/24\n"
                    for number in range(2000))
    before = end.host.run("wg", "showconf", "wg0").stdout
    wg.apply(end.host, "addconf", "wg0", peers)
    assert len(wg.show(end.host, "wg0").peers) == 2001
    return before


@pytest.mark.skipif(not _may_lock_memory(),
                    reason="CAP_SYS_RESOURCE is missing, or a limit without end")
@pytest.mark.parametrize("options", [(), ("--user", "nobody"), ("--drop-all",)],
                         ids=["root", "user", "drop-all"])
def test_no_page_that_holds_data_may_be_swapped_out(pair, options):
    with tunnel(*pair, arguments=options) as (one, two):
        before = _add_two_thousand_peers(one)
        # An allocator cannot give locked memory back in parts.
        wg.apply(one.host, "syncconf", "wg0", before)
        _exercise(one, two)
        assert swappable_kib(Path(f"/proc/{one.daemon.pid}/smaps").read_text()) == 0
        # What is counted there is address space, of which a good part is never used.
        status = _status(one.daemon.pid)
        assert kib(status["VmLck"]) > kib(status["RssAnon"])


@pytest.mark.parametrize("limit_kib", [0, 64, 8192])
def test_where_memory_may_not_be_locked_it_says_so_and_serves_two_thousand_peers(pair, limit_kib):
    one, two = (End(host, number) for number, host in enumerate(pair, 1))
    limit = f"--memlock={limit_kib << 10}:{limit_kib << 10}"
    command = [*_in_docker("net_admin"), "prlimit", limit, program(), "-f"]
    with one.start(command=command) as daemon, two.start():
        assert daemon.log().count("cannot lock memory") == 1
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one)
        _add_two_thousand_peers(one)
        _exercise(one, two)
        assert kib(_status(daemon.pid)["VmLck"]) == 0


_WITH_CORES = ["sh", "-c", 'ulimit -c "$(ulimit -H -c)" && cd "$0" && exec "$@"']


def _dumps_core(process, number):
    """Whether the kernel wrote a core when the signal ended the process."""
    process.send_signal(number)
    _, status = os.waitpid(process.pid, 0)
    assert os.WTERMSIG(status) == number
    return os.WCOREDUMP(status)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV], ids=["SIGABRT", "SIGSEGV"])
def test_no_core_is_left_where_another_program_leaves_one(pair, tmp_path, number):
    anything = pair[0].popen(*_WITH_CORES, str(tmp_path), "sleep", "60")
    eventually(lambda: _status(anything.pid)["Name"] == "sleep", "it runs")
    if not _dumps_core(anything, number):
        pytest.skip("this system writes no cores")
    for core in tmp_path.iterdir():
        core.unlink()
    with Daemon(pair[0], command=[*_WITH_CORES, str(tmp_path), program(), "-f"]) as daemon:
        # A dump that root takes all the same (gcore) is empty, too.
        assert int(Path(f"/proc/{daemon.pid}/coredump_filter").read_text(), 16) == 0
        assert not _dumps_core(daemon.process, number)
    assert list(tmp_path.iterdir()) == []
