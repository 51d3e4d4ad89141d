"""Starts that cannot work: one line that says why and what to do, status 1, nothing left."""

import pytest

from support.daemon import Daemon, program
from support.transfer import ping
from support.tunnel import tunnel


def _refused(host, *argv, foreground=True, interface="wg0", options=()):
    """Runs what must fail and returns its line on standard error."""
    done = host.run(*argv, program(), *(["-f"] if foreground else []), *options, interface,
                    check=False, timeout=10, env={"LOG_LEVEL": "error"})
    assert done.returncode == 1, done
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def _nothing_left(host, interface="wg0"):
    assert not host.has_link(interface)
    assert host.run("sh", "-c", "ls /run/wireguard/*.sock", check=False).stdout == ""
    assert host.pids() == []


FOREGROUND = pytest.mark.parametrize("foreground", [True, False], ids=["front", "background"])


@FOREGROUND
@pytest.mark.parametrize("name", ["sixteen-letters-", "a" * 100, "with/slash", ".", "..", "a b"])
def test_a_name_that_no_interface_can_have(pair, name, foreground):
    line = _refused(pair[0], foreground=foreground, interface=name)
    assert name in line or "name" in line
    assert pair[0].pids() == []


@FOREGROUND
def test_a_name_that_another_kind_of_interface_has(pair, foreground):
    a, _ = pair
    line = _refused(a, foreground=foreground, interface="eth0")
    assert "eth0" in line
    assert a.has_link("eth0") and a.pids() == []


@FOREGROUND
def test_a_name_that_a_running_daemon_has(pair, foreground):  # P35
    with tunnel(*pair) as (one, two):
        assert ping(one.host, two.inner4).lost == 0
        line = _refused(one.host, foreground=foreground)
        assert "wg0" in line
        assert one.daemon.has_socket()
        assert ping(one.host, two.inner4).lost == 0  # The running one did not notice.


@FOREGROUND
def test_no_tun_device(pair, foreground):
    a, _ = pair
    line = _refused(a, "unshare", "--mount", "sh", "-c",
                    'mount -t tmpfs none /dev/net && exec "$@"', "sh", foreground=foreground)
    assert "/dev/net/tun" in line
    _nothing_left(a)


@FOREGROUND
def test_no_permission(pair, foreground):
    a, _ = pair
    line = _refused(a, "setpriv", "--bounding-set=-all", "--inh-caps=-all", foreground=foreground)
    assert "ermi" in line  # Permission denied, or: not permitted.
    assert "root" in line or "CAP_NET_ADMIN" in line
    _nothing_left(a)


@FOREGROUND
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_io_uring_forbidden(pair, deny_syscall, error, foreground):
    a, _ = pair
    *denying, _, _ = deny_syscall("io_uring_setup", error)
    line = _refused(a, *denying, foreground=foreground, options=("--io", "uring"))
    assert "io_uring" in line
    _nothing_left(a)


@FOREGROUND
def test_system_calls_that_cannot_be_filtered(pair, deny_syscall, foreground):  # P41
    a, _ = pair
    *denying, _, _ = deny_syscall("seccomp", "EINVAL")
    done = a.run(*denying, program(), *(["-f"] if foreground else []), "wg0", check=False,
                 timeout=10)
    assert done.returncode == 1
    assert "cannot filter system calls" in done.stderr and "--no-seccomp" in done.stderr
    _nothing_left(a)


def test_a_socket_folder_that_cannot_be_made(pair):
    a, _ = pair
    a.run("touch", "/run/wireguard")
    line = _refused(a)
    assert "wireguard" in line
    a.run("rm", "/run/wireguard")
    _nothing_left(a)


def test_a_failed_start_does_not_spoil_the_next(pair):
    a, _ = pair
    _refused(a, "setpriv", "--bounding-set=-all", "--inh-caps=-all")
    with Daemon(a) as daemon:
        assert daemon.running()


@pytest.mark.parametrize("argv", [["--version"], ["--help"]])
def test_version_and_help_need_no_privilege(pair, argv):
    done = pair[0].run("setpriv", "--bounding-set=-all", "--inh-caps=-all", program(), *argv)
    assert "wring" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("argv", [[], ["--no-such-option", "wg0"], ["--workers", "0", "wg0"],
                                  ["--workers", "many", "wg0"], ["wg0", "wg1"],
                                  ["--log-level", "loud", "wg0"]])
def test_a_wrong_command_line_is_refused(pair, argv):
    done = pair[0].run(program(), *argv, check=False, timeout=10)
    assert done.returncode not in (0, 134, 139) and done.stderr
    _nothing_left(pair[0])


@pytest.mark.parametrize("cpus, said", [
    ("0,", "names no CPUs"), ("1-0", "names no CPUs"), ("0-", "names no CPUs"),
    ("all", '"all" names no CPUs'), ("-1", "names no CPUs"), ("0,0", "CPU 0 is named twice"),
    ("0,4000", "CPU 4000 is not there"), ("0-4294967295", "is not there")])
def test_cpus_that_there_are_not(pair, cpus, said):
    assert said in _refused(pair[0], options=(f"--cpus={cpus}",))
    _nothing_left(pair[0])


def test_cpus_and_workers_that_contradict_each_other(pair):
    assert "leave --workers out" in _refused(pair[0], options=("--cpus", "0", "--workers", "2"))
    _nothing_left(pair[0])


def test_the_program_knows_no_way_to_leave_out_the_cipher(pair):
    assert "--null-cipher" in _refused(pair[0], options=("--null-cipher",))
    _nothing_left(pair[0])


def _with(**environment):
    return ["env", *(f"{name}={value}" for name, value in environment.items())]


def test_a_cipher_that_there_is_not(pair):
    line = _refused(pair[0], *_with(WRING_AEAD="aes"))
    assert "WRING_AEAD=aes" in line and "take one of: " in line and "libsodium" in line
    _nothing_left(pair[0])


@pytest.mark.parametrize("name", ["WG_TUN_FD", "WG_UAPI_FD"])
@pytest.mark.parametrize("foreground", [True, False], ids=["front", "background"])
def test_a_descriptor_that_is_not_open(pair, name, foreground):
    line = _refused(pair[0], *_with(**{name: 77}), foreground=foreground)
    assert line == (f"wring: cannot use {name}=77: Bad file descriptor; unset it, or hand in an "
                    "open descriptor\n")
    _nothing_left(pair[0])


def test_one_descriptor_for_both_interface_and_control_socket(pair):
    line = _refused(pair[0], *_with(WG_TUN_FD=0, WG_UAPI_FD=0))
    assert "WG_TUN_FD and WG_UAPI_FD are both 0" in line and "unset one" in line
    _nothing_left(pair[0])
