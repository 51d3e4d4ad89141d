"""`wring exec`: nothing of the command leaves unsealed, and no service outside hears of a name."""

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support.executing import FAR, PYTHON, as_user, place, python
from support.waiting import eventually


@pytest.fixture(params=["666", "600"], ids=["tun", "no-device"])
def place_(pair, request):
    """With a TUN that every user may open, and without."""
    yield from place(pair, request.param)


def _passed(cable):
    """What left over the cable since the last call, without what neighbours say to find each
    other: (protocol, destination port)."""
    found = []
    while True:
        try:
            packet, (_, protocol, kind, _, _) = cable.recvfrom(1 << 16)
        except BlockingIOError:
            return found
        if kind != socket.PACKET_OUTGOING or protocol == 0x0806:
            continue
        version = packet[0] >> 4
        header = (packet[0] & 15) * 4 if version == 4 else 40
        number = packet[9] if version == 4 else packet[6]
        # The host says that a port is closed where a datagram comes for an engine that was killed.
        unreachable = number == socket.IPPROTO_ICMP and packet[header] == 3
        if number not in (0, socket.IPPROTO_ICMPV6) and not unreachable:
            found.append((number, int.from_bytes(packet[header + 2:header + 4], "big")))


# Tries every way out that it can think of, once for each line of stdin.
TRIES = r"""
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    for family, where in ((socket.AF_INET, "10.7.0.2"), (socket.AF_INET, "10.9.0.1"),
                          (socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "fd07::2"),
                          (socket.AF_INET6, "2001:db8::1")):
        for kind, port in ((socket.SOCK_DGRAM, 53), (socket.SOCK_DGRAM, 7),
                           (socket.SOCK_STREAM, 7)):
            with socket.socket(family, kind) as out:
                out.setblocking(False)
                try:
                    out.connect((where, port))
                    out.send(b"in the clear")
                except OSError:
                    pass
    try:
        socket.getaddrinfo("secret.example", 80)
    except OSError:
        pass
    print("tried", flush=True)
"""


def _tries(child):
    child.stdin.write(b"go\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"tried\n"


def test_nothing_of_the_command_leaves_unsealed_before_during_and_after_the_tunnel(place_):
    sealed = (socket.IPPROTO_UDP, 51820)
    cable = place_.host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    cable.bind(("eth0", 3))
    cable.setblocking(False)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    words = ["--dns", "10.7.0.2", "--", PYTHON, "-c", TRIES]
    with cable:
        # A peer whose endpoint is not known: the command starts, and nothing can leave.
        unknown = place_.write("unknown.conf", endpoint="nowhere.invalid:51820")
        _passed(cable)
        child = place_.start(unknown, *words, **pipes)
        assert child.stdout.readline() == b"ready\n"
        _passed(cable)  # The host asked for the name of the peer.
        _tries(child)
        assert [each for each in _passed(cable) if each[1] != 53] == []
        child.kill()

        child = place_.start(place_.file, *words, **pipes)
        assert child.stdout.readline() == b"ready\n"
        _tries(child)
        eventually(lambda: sealed in _passed(cable), "it goes through the tunnel")
        _tries(child)
        assert set(_passed(cable)) == {sealed}
        os.kill(place_.engine(), signal.SIGKILL)
        eventually(lambda: len(place_.host.pids()) <= 2, "the engine has gone")
        _passed(cable)
        _tries(child)
        time.sleep(0.2)  # Whatever it sent would have left by now.
        assert _passed(cable) == []
        child.kill()


# Answers every question for an address with 192.0.2.77, on port 53 of the address.
NAME_SERVER = r"""
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    question, sender = server.recvfrom(512)
    end = question.index(b"\0", 12) + 5
    kind = question[end - 4:end - 2]
    answers = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x4d" if kind == b"\0\1" else b""
    head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if answers else b"\0\0") + b"\0\0\0\0"
    server.sendto(head + question[12:end] + answers, sender)
"""


@pytest.mark.parametrize("by_file", [True, False], ids=["file", "option"])
def test_names_are_looked_up_inside_by_the_tunnels_server(place_, by_file):
    file = place_.write("dns.conf", extra=f"DNS = {FAR if by_file else '192.0.2.9'}, inner.example")
    words = [file, *([] if by_file else ["--dns", FAR])]
    with python(place_.far, NAME_SERVER, FAR):
        done = place_.run(*words, "--", "getent", "ahostsv4", "some.example")
        assert "192.0.2.77" in done.stdout, done
    shown = place_.run(*words, "--", "cat", "/etc/resolv.conf").stdout
    assert f"nameserver {FAR}\nsearch inner.example\n" in shown
    before = Path("/etc/resolv.conf").read_text()
    assert "wring" not in before


SOCKETS = ("/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve",
           "/run/dbus/system_bus_socket", "/run/avahi-daemon/socket", "/run/user/bus")
CONNECTS = """
import socket, sys
for path in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(path)
            print("connected", path)
        except OSError as error:
            print("refused")
"""


class StandIns:
    """Services that look names up, in a host. They count who connects, and from where."""

    def __init__(self, host):
        self.count = self.from_inside = 0
        self._network = os.stat(f"/proc/{host.pid}/ns/net").st_ino
        self._listeners = []
        for path in SOCKETS:
            outside = host.path("/run/") + path.removeprefix("/run/")
            os.makedirs(os.path.dirname(outside), exist_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            # A path of this length does not fit into an address.
            folder = os.open(os.path.dirname(outside), os.O_PATH)
            listener.bind(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
            os.close(folder)
            os.chmod(outside, 0o777)
            listener.listen()
            self._listeners.append(listener)
            threading.Thread(target=self._serve, args=[listener], daemon=True).start()

    def _serve(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.count += 1
            peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid = struct.unpack_from("i", peer)[0]
            try:
                # It waits for an answer as long as we look.
                self.from_inside += os.stat(f"/proc/{pid}/ns/net").st_ino != self._network
            except OSError:
                pass
            client.close()

    def close(self):
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def test_no_service_outside_hears_of_a_name(place_):
    host = place_.host
    services = StandIns(host)
    asks = ["getent", "hosts", "secret.example"]
    connects = [PYTHON, "-c", CONNECTS, *SOCKETS]
    # The stand-ins work, or the rest would prove nothing.
    host.run(*as_user(), *asks, check=False)
    eventually(lambda: services.count > 0, "the C library asks nscd")
    done = host.run(*as_user(), *connects)
    assert done.stdout.count("connected") == len(SOCKETS)
    assert services.from_inside == 0
    place_.run(place_.file, "--", *asks)
    done = place_.run(place_.file, "--", *connects)
    assert done.stdout.count("refused") == len(SOCKETS), done
    assert services.from_inside == 0
    services.close()
    os.unlink(host.path("/run/user/") + "bus")


def test_a_resolv_conf_that_leads_nowhere_is_told(place_):
    place_.host.run("sh", "-c", "mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && "
                    "rm -f /mnt/etc/resolv.conf && ln -s /nowhere/resolv.conf "
                    "/mnt/etc/resolv.conf && mount --bind /mnt/etc /etc")
    done = place_.run(place_.file, "--dns", FAR, "--", "true")
    assert done.returncode == 0 and done.stderr.count("/etc/resolv.conf") == 1, done
    assert place_.run(place_.file, "--", "true").stderr == ""


def test_a_folder_of_a_service_may_hold_the_hosts_resolv_conf(place_):
    host = place_.host
    host.run("sh", "-c", "mkdir -p /run/systemd/resolve && "
             "echo nameserver 127.0.0.53 > /run/systemd/resolve/stub-resolv.conf && "
             "mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && "
             "rm /mnt/etc/resolv.conf && ln -s ../run/systemd/resolve/stub-resolv.conf "
             "/mnt/etc/resolv.conf && mount --bind /mnt/etc /etc")
    assert "127.0.0.53" in host.run("cat", "/etc/resolv.conf").stdout
    shown = place_.run(place_.file, "--dns", FAR, "--", "cat", "/etc/resolv.conf")
    assert f"nameserver {FAR}\n" in shown.stdout, shown
    assert "127.0.0.53" not in shown.stdout
    assert "127.0.0.53" in host.run("cat", "/etc/resolv.conf").stdout
