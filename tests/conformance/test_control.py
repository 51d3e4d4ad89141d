"""The control socket and the program's life: P35 to P41."""

import os
import signal
import socket
import stat
import time

import pytest

from control import Control
from support.daemon import Daemon, program, socket_path
from support.netns import Net
from support.waiting import eventually
from wire.crypto import Key

_EINVAL, _EPROTO, _EADDRINUSE = 22, 71, 98


@pytest.fixture
def host():
    with Net() as net:
        yield net.host("a")


@pytest.fixture
def fresh(host):
    """The control socket of a wring that nobody has configured."""
    with Daemon(host, log_level="error"):
        yield Control(host)


def test_p35_folder_and_socket_are_for_the_owner_only(wring):
    path = wring.host.path(socket_path("wg0"))
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_ISSOCK(os.stat(path).st_mode)


def test_p35_a_stale_socket_is_taken_over_and_a_live_one_is_refused(host):
    with Daemon(host, log_level="error") as first:
        refused = host.run(program(), "-f", "wg0", check=False, timeout=10)
        assert refused.returncode == 1 and refused.stderr
        assert Control(host).get() == ({}, {})
        first.kill()
        assert first.has_socket()  # A killed one leaves it behind.
    with Daemon(host, log_level="error"):
        assert Control(host).get() == ({}, {})


@pytest.mark.parametrize("deleted", ["socket", "interface"])
def test_p35_deleting_the_socket_or_the_interface_ends_the_process(host, deleted):
    with Daemon(host, log_level="error") as daemon:
        if deleted == "socket":
            os.unlink(host.path(socket_path("wg0")))
        else:
            host.ip("link", "del", "wg0")
        assert daemon.await_end() == 0


def test_p36_every_key_that_is_set_is_told_again(fresh):
    private, one, two = Key(), Key(), Key()
    lines = [f"private_key={private.private.hex()}", "listen_port=40000", "fwmark=4660",
             f"public_key={one.public.hex()}", f"preshared_key={'0b' * 32}",
             "endpoint=192.0.2.7:1234", "persistent_keepalive_interval=65535",
             "allowed_ip=0.0.0.0/0", "allowed_ip=10.1.2.3/32", "protocol_version=1",
             f"public_key={two.public.hex()}", "endpoint=[2001:db8::1]:4321",
             "allowed_ip=::/0", "allowed_ip=fd00::1/128"]
    fresh.must_set("replace_peers=true", *lines)
    device, peers = fresh.get()
    assert device == {"private_key": private.private.hex(), "listen_port": "40000",
                      "fwmark": "4660"}
    never = {"last_handshake_time_sec": "0", "last_handshake_time_nsec": "0",
             "rx_bytes": "0", "tx_bytes": "0", "protocol_version": "1"}
    assert peers[one.public.hex()] == {
        **never, "preshared_key": "0b" * 32, "endpoint": "192.0.2.7:1234",
        "persistent_keepalive_interval": "65535", "allowed_ip": ["0.0.0.0/0", "10.1.2.3/32"]}
    assert peers[two.public.hex()] == {
        **never, "endpoint": "[2001:db8::1]:4321", "persistent_keepalive_interval": "0",
        "allowed_ip": ["::/0", "fd00::1/128"]}


def test_p36_requests_are_pipelined_and_each_reply_ends_by_a_blank_line(fresh):
    replies = fresh.ask("get=1\n\nset=1\nfwmark=7\n\nget=1\n\nset=1\nfwmark=0\n\nget=1\n\n", 5)
    assert replies == ["errno=0", "errno=0", "fwmark=7\nerrno=0", "errno=0", "errno=0"]


@pytest.mark.parametrize("lines, number", [
    (["listen_port=65536"], _EINVAL), (["fwmark=x"], _EINVAL), (["private_key=00"], _EINVAL),
    (["no_such_key=1"], _EINVAL), (["public_key=zz"], _EINVAL),
    ([f"public_key={'aa' * 32}", "endpoint=1.2.3.4"], _EINVAL),
    ([f"public_key={'aa' * 32}", "allowed_ip=10.0.0.0/33"], _EINVAL),
    ([f"public_key={'aa' * 32}", "protocol_version=2"], _EINVAL),
    (["no equals sign"], _EPROTO)], ids=lambda value: str(value)[-28:])
def test_p37_a_bad_request_is_answered_by_a_negative_errno_and_changes_nothing(fresh, lines,
                                                                              number):
    assert fresh.set("fwmark=5", *lines) == -number
    assert fresh.get() == ({}, {})  # A reply to get has errno=0, see Control.get.


def test_p37_a_taken_port_is_eaddrinuse(wring):
    with wring.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 42000))
        before = wring.control.get()[0]["listen_port"]
        assert wring.control.set("listen_port=42000") == -_EADDRINUSE
        assert wring.control.get()[0]["listen_port"] == before


def test_p38_what_is_zero_is_left_out_and_a_zero_key_clears(fresh):
    ours, peer = Key(), Key()
    assert fresh.get() == ({}, {})
    fresh.must_set(f"private_key={ours.private.hex()}", "fwmark=1",
                   f"public_key={peer.public.hex()}", f"preshared_key={'01' * 32}")
    assert set(fresh.get()[0]) == {"private_key", "fwmark"}
    fresh.must_set(f"private_key={'00' * 32}", "fwmark=0", f"public_key={peer.public.hex()}",
                   f"preshared_key={'00' * 32}")
    device, peers = fresh.get()
    assert device == {}
    assert "preshared_key" not in peers[peer.public.hex()]
    assert "endpoint" not in peers[peer.public.hex()]


def test_p38_a_peer_that_is_ourselves_is_ignored(fresh):
    ours = Key()
    fresh.must_set(f"private_key={ours.private.hex()}")
    fresh.must_set(f"public_key={ours.public.hex()}", "allowed_ip=10.0.0.0/8")
    assert fresh.get()[1] == {}
    fresh.must_set(f"private_key={Key().private.hex()}", f"public_key={Key().public.hex()}")
    assert len(fresh.get()[1]) == 1


def test_p39_remove_update_only_and_replace(fresh):
    one, two = Key().public.hex(), Key().public.hex()
    fresh.must_set(f"public_key={one}", "remove=true")  # An absent one is no error.
    fresh.must_set(f"public_key={one}", "update_only=true", "allowed_ip=10.0.0.0/8")
    assert fresh.get()[1] == {}
    fresh.must_set(f"public_key={one}", "allowed_ip=10.0.0.0/8", "allowed_ip=fd00::/8")
    fresh.must_set(f"public_key={one}", "update_only=true", "allowed_ip=10.1.0.0/16")
    assert fresh.get()[1][one]["allowed_ip"] == ["10.0.0.0/8", "10.1.0.0/16", "fd00::/8"]
    fresh.must_set(f"public_key={one}", "allowed_ip=-10.0.0.0/8")
    assert fresh.get()[1][one]["allowed_ip"] == ["10.1.0.0/16", "fd00::/8"]
    fresh.must_set(f"public_key={one}", "replace_allowed_ips=true", "allowed_ip=10.2.0.0/16")
    assert fresh.get()[1][one]["allowed_ip"] == ["10.2.0.0/16"]
    fresh.must_set(f"public_key={two}", "allowed_ip=-10.2.0.0/16")  # Not this peer's to give up.
    assert fresh.get()[1][one]["allowed_ip"] == ["10.2.0.0/16"]
    fresh.must_set("replace_peers=true", f"public_key={two}")
    assert set(fresh.get()[1]) == {two}
    fresh.must_set(f"public_key={two}", "remove=true")
    assert fresh.get()[1] == {}


def test_p39_an_endpoint_may_name_a_zone(fresh):
    key = Key().public.hex()
    fresh.must_set(f"public_key={key}", "endpoint=[fe80::1%lo]:51820")
    # Shown by its number: `wg` crashes on a name that its own namespace does not have.
    assert fresh.get()[1][key]["endpoint"] == "[fe80::1%1]:51820"


def test_p39_editing_a_peer_keeps_session_counters_and_timestamp(wring, peer):
    old = peer.initiation().message
    peer.rest()
    session = peer.initiate()
    assert peer.works(session)
    before = peer.state()
    ips = [f"allowed_ip={peer.inner4}/32", "allowed_ip=10.88.0.0/16"]
    for lines in (["persistent_keepalive_interval=100"], [f"endpoint={peer.endpoint}"],
                  ["replace_allowed_ips=true", *ips], ["update_only=true", ips[1]],
                  [f"preshared_key={'07' * 32}"]):
        peer.configure(*lines)
        assert peer.works(session), lines
    after = peer.state()
    assert after["last_handshake_time_nsec"] == before["last_handshake_time_nsec"]
    assert int(after["rx_bytes"]) > int(before["rx_bytes"])
    refused = wring.control.dropped()["handshake_replayed"]
    peer.send(old)  # Made before the one that was taken.
    eventually(lambda: wring.control.dropped()["handshake_replayed"] > refused, "it is refused")


def test_p40_the_last_handshake_is_wall_clock_time_and_the_endpoint_the_one_last_learned(wring):
    peer = wring.peer(endpoint=False)
    assert peer.last_handshake() == 0 and "endpoint" not in peer.state()
    before = time.time()
    peer.initiate()
    assert before - 1 <= peer.last_handshake() <= time.time() + 1
    assert peer.state()["endpoint"] == peer.endpoint
    peer.configure("remove=true")


@pytest.mark.parametrize("attempt", range(3))
def test_p41_in_the_background_it_answers_as_soon_as_the_parent_returns(host, attempt):
    host.run(program(), "wg0", timeout=10)
    assert host.has_link("wg0")
    assert Control(host).get() == ({}, {})
    (daemon,) = host.pids()
    os.kill(daemon, signal.SIGTERM)
    eventually(lambda: not host.pids(), "it ends")
    assert not host.has_link("wg0") and not os.path.exists(host.path(socket_path("wg0")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_p41_in_the_foreground_it_stays_until_a_signal_and_leaves_nothing(host, number):
    with Daemon(host, command=[program()], env={"WG_PROCESS_FOREGROUND": "1"}) as daemon:
        assert daemon.running()
        assert daemon.stop(number) == 0  # It insists that interface and socket are gone.


# Makes the interface and listens at the socket's path, as a program does that starts a daemon
# with open descriptors, and becomes the daemon.
_HAND_IN = """
import fcntl, os, socket, struct, sys
path, *command = sys.argv[1:]
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"wg0", 0x1001))  # TUNSETIFF: TUN, NO_PI
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen()
for name, number in (("WG_TUN_FD", tun), ("WG_UAPI_FD", listener.fileno())):
    os.set_inheritable(number, True)
    os.environ[name] = str(number)
os.execv(command[0], command)
"""


def test_p41_open_descriptors_are_taken_from_the_environment(host):
    host.run("mkdir", "-m", "700", "/run/wireguard")
    launcher = ["/usr/bin/python3", "-c", _HAND_IN, socket_path("wg0"), program(), "-f"]
    with Daemon(host, log_level="error", command=launcher):
        Control(host).must_set("fwmark=3")
        assert Control(host).get()[0] == {"fwmark": "3"}


def test_counters_of_what_was_dropped_are_told_on_sigusr1_too(own_wring):
    peer = own_wring.peer()
    session = peer.initiate()
    again = session.seal(peer.packet(b"again"))
    for _ in range(4):
        peer.send(again)
    eventually(lambda: own_wring.control.dropped()["replayed"] == 3, "three are dropped")
    assert "mac1_invalid" not in own_wring.control.dropped()  # Only what has happened.
    assert "wg0: dropped replayed: 3" not in own_wring.daemon.log()
    os.kill(own_wring.daemon.pid, signal.SIGUSR1)
    eventually(lambda: "wg0: dropped replayed: 3" in own_wring.daemon.log(), "the log tells it")
    assert "mac1_invalid" not in own_wring.daemon.log()


def test_wg_passes_over_the_counters(own_wring):
    peer = own_wring.peer()
    session = peer.initiate()
    for _ in range(4):
        peer.send(b"nonsense")
    assert peer.works(session)
    assert own_wring.control.dropped()["malformed_datagram"] == 4
    host, key = own_wring.host, peer.key.public_base64
    assert key in host.run("wg", "show", "wg0").stdout
    assert host.run("wg", "show", "wg0", "dump").stdout.count("\n") == 2
    conf = host.run("wg", "showconf", "wg0").stdout
    assert "dropped" not in conf and key in conf
    host.run("wg", "syncconf", "wg0", "/dev/stdin", input=conf)
    assert peer.works(session)
