"""Where it starts: in a user namespace, in a container, without /proc, /run, IPv6 or syslog.

In each place it carries packets, or one line says what is missing and what to do.
"""

import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from support import wg
from support.daemon import Daemon, program
from support.environments import Container, UserNamespace, UserNamespaceWithoutDevice
from support.transfer import ping, send_tcp
from support.tunnel import PORT, End
from support.waiting import eventually


def _works(one, two):
    """Traffic over IPv4, every change that takes more than memory, and what signals ask for."""
    one.add_peer(two, two.outer)
    two.add_peer(one, one.outer)
    assert ping(one.host, two.inner4).lost == 0
    send_tcp(two.host, one.host, one.inner4, 1_000_000)
    one.configure("fwmark", 7)
    one.configure("listen-port", PORT + 1)
    two.configure("peer", one.keys.public, "endpoint", f"{one.outer}:{PORT + 1}")
    assert ping(one.host, two.inner4).lost == 0
    assert wg.show(one.host, "wg0").fwmark == 7
    one.host.ip("link", "set", "wg0", "mtu", "1300")
    one.host.ip("link", "set", "wg0", "down")
    one.host.ip("link", "set", "wg0", "up")
    assert ping(one.host, two.inner4).lost == 0
    # It counts a packet for nobody, and logs the count when it is asked to.
    one.host.run("ping", "-c", "1", "-W", "0.1", "10.9.0.77", check=False)
    one.daemon.process.send_signal(signal.SIGUSR1)
    eventually(lambda: "dropped no_peer" in one.daemon.log(), "it says what it dropped")


def _ends(two_host, one_host):
    """The end in the odd place, and an ordinary one at the other end of a cable."""
    one, two = End(one_host, 1), End(two_host, 2)
    one.outer, two.outer = "10.7.0.2", "10.7.0.1"
    return one, two


def _warnings(daemon):
    """What it warned of, without time stamps."""
    return re.findall(r" (?:warning|error): wg0: (.*)", daemon.log())


# What a place without the right to lock memory, or without io_uring, is told of; and what SIGUSR1
# asked for.
_TOLERATED = ("cannot lock memory", "packets go by epoll: cannot use io_uring", "dropped ")


def _unexpected(daemon):
    return [line for line in _warnings(daemon) if not line.startswith(_TOLERATED)]


def _shortages(**wanted):
    """What a daemon that may not go past this machine's limits says of its sockets."""
    limits = {key: int(Path(f"/proc/sys/net/core/{key}").read_text()) for key in wanted}
    short = {key: size for key, size in wanted.items() if limits[key] < size}
    words = {"rmem_max": "comes in", "wmem_max": "goes out"}
    sizes = " and ".join(f"{limits[key]} bytes instead of {size} for what {words[key]}"
                         for key, size in short.items())
    settings = " ".join(f"net.core.{key}={size}" for key, size in short.items())
    return [f"the UDP sockets have {sizes}, so that more is lost when traffic comes in bursts; on "
            f"the host, run `sysctl -w {settings}`"] if short else []


def test_a_user_namespace(net):
    b, a = net.host("b"), net.host("a", UserNamespace)
    net.cable(b, "eth0", a, "eth0")
    one, two = _ends(b, a)
    with one.start("--workers", "2") as daemon, two.start():
        _works(one, two)
        # Once, although it opened its sockets several times.
        assert _unexpected(daemon) == _shortages(rmem_max=8 << 20, wmem_max=2 << 20)
        assert "qlen 4096" in a.ip("link", "show", "dev", "wg0")
        assert a.ip("-6", "-o", "address", "show", "dev", "wg0", "scope", "link") == ""


@pytest.fixture
def contained(net):
    """Ends whose first daemon is to run in a container, and the container's command lines."""
    assert shutil.which("podman") and shutil.which("runc"), "run tools/install-deps.sh"
    b, a = net.host("b"), net.host("a")
    net.cable(b, "eth0", a, "eth0")
    # podman wants a short path.
    with tempfile.TemporaryDirectory(prefix="wring-") as folder:
        yield *_ends(b, a), Container(a, Path(folder))


# In the network namespace of the host, so that a cable reaches it.
_NET_ADMIN = ("--network=host", "--cap-add=NET_ADMIN", "--device=/dev/net/tun")


def test_a_container_with_net_admin_and_the_device(contained):
    one, two, container = contained
    with one.start(command=container.command(*_NET_ADMIN)) as daemon, two.start():
        _works(one, two)
        assert _unexpected(daemon) == []
        # Its filter of system calls forbids io_uring.
        assert "packets go by epoll" in daemon.log()


def test_a_container_in_a_user_namespace_of_its_own(contained):
    one, _, container = contained
    command = container.command(*container.in_user_namespace())
    with Daemon(one.host, command=command) as daemon:
        wg.configure(one.host, "wg0", "fwmark", 7, "listen-port", PORT)
        assert wg.show(one.host, "wg0").fwmark == 7
        assert _unexpected(daemon) == []


def _refusal(host, *argv):
    """Runs a start that must fail and returns its one line."""
    done = host.run(*argv, "wg0", check=False, env={"LOG_LEVEL": "error"})
    assert done.returncode == 1, done
    assert not host.has_link("wg0")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("options, said", [
    (("--network=host", "--device=/dev/net/tun"),
     "wring: cannot create the interface wg0: Operation not permitted; run as root, or with "
     "CAP_NET_ADMIN (in a container: --cap-add NET_ADMIN)"),
    (("--network=host", "--cap-add=NET_ADMIN"),
     "wring: cannot open /dev/net/tun: No such file or directory; load the module with `modprobe "
     "tun`, or give the container the device (--device /dev/net/tun)"),
], ids=["without-net-admin", "without-the-device"])
def test_a_container_that_lacks_something(contained, options, said):
    one, _, container = contained
    assert _refusal(one.host, *container.command(*options)) == said


def test_a_container_whose_run_cannot_be_written(contained):
    one, _, container = contained
    command = container.command(*_NET_ADMIN, "--read-only", "--read-only-tmpfs=false",
                                shares_sockets=False)
    assert _refusal(one.host, *command) == (
        "wring: cannot make the folder /var/run/wireguard: Read-only file system; mount a tmpfs on "
        "/run (in a container: --tmpfs /run), or hand in a socket as WG_UAPI_FD")


def _inside(script):
    """Runs what follows in a namespace of mounts of its own, changed by `script`."""
    return ["unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh"]


def test_a_run_that_cannot_be_written(pair):
    line = _refusal(pair[0], *_inside("mount -o remount,bind,ro /run"), program(), "-f")
    assert "cannot make the folder /var/run/wireguard: Read-only file system; mount" in line


def test_a_device_that_its_user_may_not_open(net):
    host = net.host("a", UserNamespaceWithoutDevice)
    assert _refusal(host, program(), "-f") == (
        "wring: cannot open /dev/net/tun: Permission denied; run as root, or let this user open it "
        "(chmod 666 /dev/net/tun)")


@pytest.mark.parametrize("script", ["umount -l /proc", "mount -o remount,bind,ro /proc/sys"],
                         ids=["no-proc", "read-only-proc-sys"])
def test_without_proc(net, script):
    b, a = net.host("b"), net.host("a")
    net.cable(b, "eth0", a, "eth0")
    one, two = _ends(b, a)
    command = [*_inside(f"mount --bind /proc/sys /proc/sys && {script}"), program(), "-f"]
    with one.start(command=command) as daemon, two.start():
        _works(one, two)
        assert _unexpected(daemon) == []


def test_a_host_on_which_ipv6_is_off(net):
    b, a = net.host("b"), net.host("a")
    for host in (a, b):
        host.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        host.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
    net.cable(b, "eth0", a, "eth0")
    one, two = _ends(b, a)
    with one.start() as daemon, two.start():
        _works(one, two)
        assert _unexpected(daemon) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_kernel_without_ipv6(net, deny_syscall, workers):
    b, a = net.host("b"), net.host("a")
    net.cable(b, "eth0", a, "eth0")
    one, two = _ends(b, a)
    command = [*deny_syscall("socket_inet6", "EAFNOSUPPORT"), "--workers", str(workers)]
    with one.start(command=command) as daemon, two.start():
        _works(one, two)
        assert _unexpected(daemon) == []


@pytest.mark.parametrize("call, error", [("io_uring_setup", "EPERM"), ("bpf", "EPERM")])
def test_a_filter_that_forbids_what_is_only_faster(net, deny_syscall, call, error):
    b, a = net.host("b"), net.host("a")
    net.cable(b, "eth0", a, "eth0")
    one, two = _ends(b, a)
    with one.start(command=[*deny_syscall(call, error), "--workers", "3"]) as daemon, two.start():
        _works(one, two)
        assert _unexpected(daemon) == []


def test_in_the_background_without_syslog(net):
    host = net.host("a", UserNamespace)
    # Where the machine has a log, it is hidden.
    no_log = _inside("{ [ ! -S /dev/log ] || mount --bind /dev/null /dev/log; }")
    started = host.run(*no_log, program(), "wg0", env={"LOG_LEVEL": "error"})
    said = [line for line in started.stderr.splitlines() if "cannot lock memory" not in line]
    assert len(said) == 1 and said[0].endswith(
        "wg0: no syslog listens on /dev/log, so the log is lost until one does; use -f to log to "
        "stderr")
    assert host.run("wg", "show", "wg0", "listen-port").returncode == 0
