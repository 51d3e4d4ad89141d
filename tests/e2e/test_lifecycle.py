"""How a daemon starts, moves, idles and ends."""

import fcntl
import os
import signal
import struct
import subprocess
import time

import pytest

from support import wg
from support.capture import Capture
from support.daemon import Daemon, program, socket_path
from support.transfer import await_reach, ping, reaches, send_tcp
from support.tunnel import End
from support.waiting import eventually

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_TUNSETOFFLOAD, _TUN_F_CSUM_TSO4_TSO6 = 0x400454D0, 0x0007


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_cleanly(ends, number):  # P41
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    assert one.daemon.stop(number) == 0


def test_deleting_the_interface_ends_it(ends):  # P35
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    one.host.ip("link", "del", "wg0")
    assert one.daemon.await_end() == 0


def test_deleting_the_socket_ends_it(ends):  # P35
    one, _ = ends
    one.host.run("rm", socket_path("wg0"))
    assert one.daemon.await_end() == 0


def test_folder_and_socket_are_for_the_owner_only(ends):  # P35
    one, _ = ends
    modes = one.host.run("stat", "-c", "%a %U", "/run/wireguard", socket_path("wg0")).stdout
    assert modes.splitlines() == ["700 root", "600 root"]


@pytest.mark.parametrize("attempt", range(3))
def test_in_the_background_it_answers_as_soon_as_the_parent_returns(pair, attempt):  # P41
    a, _ = pair
    # Its three standard streams must not be kept open either, or this would not return.
    a.run(program(), "wg0", timeout=10)
    assert a.run("wg", "show", "wg0", "listen-port").returncode == 0
    assert a.has_link("wg0")
    (daemon,) = a.pids()
    assert os.readlink(f"/proc/{daemon}/cwd") == "/"
    os.kill(daemon, signal.SIGTERM)
    eventually(lambda: not a.pids(), "the daemon ends")
    assert not a.has_link("wg0") and not os.path.exists(a.path(socket_path("wg0")))


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 1>&- 2>&-"])
@pytest.mark.parametrize("foreground", [True, False], ids=["front", "background"])
def test_standard_streams_that_are_closed_are_no_place_for_other_descriptors(
        pair, foreground, closed):  # P41
    a, _ = pair
    starting = a.popen("sh", "-c", f"exec {program()} {'-f' if foreground else ''} wg0 {closed}",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not foreground:
        assert starting.wait(timeout=10) == 0
    eventually(lambda: os.path.exists(a.path(socket_path("wg0"))), "the socket is there")
    assert a.run("wg", "show", "wg0", "listen-port").returncode == 0
    (daemon,) = a.pids()
    assert {os.readlink(f"/proc/{daemon}/fd/{number}") for number in range(3)} == {"/dev/null"}
    os.kill(daemon, signal.SIGTERM)
    starting.wait(timeout=5)
    eventually(lambda: not a.pids(), "the daemon ends")
    assert not a.has_link("wg0")


def test_the_environment_can_keep_it_in_the_foreground(pair):  # P41
    with Daemon(pair[0], command=[program()], env={"WG_PROCESS_FOREGROUND": "1"}) as daemon:
        assert daemon.running()


@pytest.mark.parametrize("left_over", [False, True], ids=["fresh", "with-a-former-owners-offloads"])
def test_a_tun_descriptor_can_be_handed_in(pair, left_over):  # P41
    a, b = pair
    one, two = End(a, 1), End(b, 2)
    with a.inside():
        tun = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", b"wg0", _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(tun, _TUNSETIFF, request)
        if left_over:
            fcntl.ioctl(tun, _TUNSETOFFLOAD, _TUN_F_CSUM_TSO4_TSO6)
    try:
        daemon = one.start(env={"WG_TUN_FD": str(tun)}, pass_fds=[tun])
    finally:
        os.close(tun)
    with daemon, two.start():
        one.add_peer(two, "10.7.0.2")
        two.add_peer(one)
        assert ping(a, two.inner4).lost == 0
        send_tcp(b, a, one.inner4, 1_000_000)
        send_tcp(a, b, two.inner4, 1_000_000)


_HAND_IN_A_SOCKET = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
os.set_inheritable(listener.fileno(), True)
os.environ["WG_UAPI_FD"] = str(listener.fileno())
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_listening_control_socket_can_be_handed_in(pair):  # P41
    a, _ = pair
    a.run("mkdir", "-m", "700", "/run/wireguard")
    with Daemon(a, command=["/usr/bin/python3", "-c", _HAND_IN_A_SOCKET, socket_path("wg0"),
                            program(), "-f"]):
        wg.configure(a, "wg0", "fwmark", "0x5")
        assert wg.show(a, "wg0").fwmark == 5


_HAND_IN_A_TUN = """
import fcntl, os, struct, sys
number = int(sys.argv[1])
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"wg0", 0x1001))
os.dup2(tun, number, inheritable=True)
if tun != number:
    os.close(tun)
os.environ["WG_TUN_FD"] = str(number)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("number", [0, 1, 2, 9])
@pytest.mark.parametrize("foreground", [True, False], ids=["front", "background"])
def test_a_tun_descriptor_may_have_the_number_of_a_standard_stream(pair, number, foreground):  # P41
    a, _ = pair
    options = "-f" if foreground else ""
    started = a.popen("/usr/bin/python3", "-c", _HAND_IN_A_TUN, str(number), program(),
                      *options.split(), "wg0", stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
    eventually(lambda: os.path.exists(a.path(socket_path("wg0"))), "the socket is there")
    assert a.run("wg", "show", "wg0", "listen-port").returncode == 0
    assert a.has_link("wg0")
    eventually(lambda: foreground or started.poll() == 0, "the parent returns")
    (daemon,) = a.pids()
    folder = f"/proc/{daemon}/fd"
    places = {int(fd): os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
    assert {places[standard] for standard in range(3)} == {"/dev/null"}
    assert sum(place == "/dev/net/tun" for place in places.values()) == 1
    os.kill(daemon, signal.SIGTERM)
    eventually(lambda: not a.pids(), "the daemon ends")
    started.wait(timeout=5)
    assert not a.has_link("wg0")


def test_an_interface_moved_to_another_namespace_works_on_there(net):
    a, b = net.pair()
    jail = net.host("jail")
    one, two = End(a, 1), End(b, 2)
    with one.start(), two.start():
        one.add_peer(two, "10.7.0.2", "persistent-keepalive", 1)
        two.add_peer(one)
        a.ip("link", "set", "wg0", "netns", str(jail.pid))
        jail.add_address("wg0", f"{one.inner4}/24")
        jail.ip("link", "set", "wg0", "up")
        await_reach(jail, two.inner4, 8.0)
        assert ping(b, one.inner4).lost == 0
        send_tcp(jail, b, two.inner4, 1_000_000)
        jail.ip("link", "set", "wg0", "mtu", "1300")
        assert ping(jail, two.inner4, size=1272).lost == 0
        jail.ip("link", "set", "wg0", "down")
        eventually(lambda: one.daemon.log().endswith(": down\n"), "it knows that it is down")
        with Capture(a) as wire:
            time.sleep(2.2)  # Two keepalives would have come in that time.
            assert [each for each in wire.datagrams() if each.outgoing] == []
        jail.ip("link", "set", "wg0", "up")
        await_reach(jail, two.inner4, 8.0)
        one.daemon.stop()
        assert not jail.has_link("wg0")


def test_idle_memory_stays_below_16_megabytes(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    for end in ends:
        eventually(lambda: end.daemon.resident_kib() < 16 * 1024, "16 MiB hold the idle daemon")


def test_log_level_silent_says_nothing_and_verbose_does(pair):
    for level, talks in (("silent", False), ("verbose", True)):
        with Daemon(pair[0], log_level=level) as daemon:
            pair[0].ip("link", "set", "wg0", "up")
            eventually(lambda: wg.show(pair[0], "wg0").listen_port, "it is up and has logged it")
            assert bool(daemon.log()) == talks


@pytest.mark.slow
def test_two_idle_peers_fall_silent(ends):  # P26
    one, two = ends
    with Capture(one.host) as wire:
        # One packet each way: after more than one the other end would owe two keepalives.
        assert ping(one.host, two.inner4, count=1).lost == 0
        wire.datagrams()
        # At most a passive keepalive of each end, 10 s after the last data, and no more after it.
        time.sleep(13)
        assert len(wire.datagrams()) <= 2
        time.sleep(14)
        assert wire.datagrams() == []
    assert reaches(one.host, two.inner4)


@pytest.mark.slow
def test_fifty_times_down_and_up_leave_no_descriptor_thread_or_memory_behind(ends):
    one, two = ends

    def down_and_up(times):
        for _ in range(times):
            one.host.ip("link", "set", "wg0", "down")
            one.host.ip("link", "set", "wg0", "up")
            await_reach(one.host, two.inner4)
        folder = f"/proc/{one.daemon.pid}"
        return len(os.listdir(f"{folder}/fd")), len(os.listdir(f"{folder}/task"))

    before, memory = down_and_up(5), one.daemon.resident_kib()
    assert down_and_up(50) == before
    assert one.daemon.resident_kib() < memory + 512
