"""The key log, and Wireshark's opinion of what stands on the wire."""

import os
import select
import shutil
import socket
import stat
import struct
import subprocess

import pytest

from rig import INNER4, Wring
from support.daemon import program
from support.netns import Net
from wire import inner

_ETH_P_ALL = 3
_ETHERNET = 1  # The link type of a capture file.
_PSK = b"\x05" * 32


class _CaptureFile:
    """What passes eth0 of a host, in the format that every analyser reads."""

    def __init__(self, host, path):
        self._path = path
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.bind(("eth0", _ETH_P_ALL))

    def write(self):
        with open(self._path, "wb") as file, self._socket:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, _ETHERNET))
            while select.select([self._socket], [], [], 0.0)[0]:
                frame = self._socket.recv(1 << 16)
                file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def _echo(peer, session, sequence):
    """An echo request through the tunnel, and its answer from wring's host."""
    request = inner.echo4(peer.inner4, INNER4, sequence, b"wring" * 8)
    peer.send(session.seal(inner.padded(request)))
    answer = next(text for text in peer.plaintexts(session) if text)
    assert answer[9] == 1 and answer[20] == 0  # ICMP, an echo reply.


def _tshark(capture, shown, *fields, keys=None):
    """Lines of fields of the packets that a display filter lets pass."""
    argv = ["tshark", "-n", "-r", str(capture), "-Y", shown, "-T", "fields"]
    argv += [word for field in fields for word in ("-e", field)]
    argv += ["-o", f"wg.keylog_file:{keys}"] if keys else []
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
def test_p3_wireshark_decrypts_both_roles_with_the_key_log(tmp_path):
    keys, capture = tmp_path / "keys", tmp_path / "capture.pcap"
    with Wring("--keylog", str(keys)) as wring:
        assert "key log" in wring.daemon.log()  # It warns.
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        wire = _CaptureFile(wring.far, capture)
        asked, asking = wring.peer(psk=_PSK), wring.peer()
        _echo(asked, asked.called(), 11)
        _echo(asking, asking.initiate(), 22)
        wire.write()
    echoes = _tshark(capture, "icmp", "icmp.type", "icmp.seq", "ip.src", "ip.dst", keys=keys)
    outer = ("10.7.0.2", "10.7.0.1")
    assert echoes == [
        [kind, str(sequence), f"{outer[way]},{(peer.inner4, INNER4)[way]}",
         f"{outer[1 - way]},{(INNER4, peer.inner4)[way]}"]
        for sequence, peer in ((11, asked), (22, asking)) for way, kind in ((0, "8"), (1, "0"))]
    handshakes = _tshark(capture, "wg.type <= 2", "wg.type", "wg.handshake_ok", keys=keys)
    assert handshakes == [["1", ""], ["2", "1"], ["1", ""], ["2", "1"]]
    assert _tshark(capture, "icmp", "icmp.type") == []  # Without the keys there is nothing to see.


def test_without_the_option_there_is_no_key_log(own_wring, tmp_path):
    assert "key log" not in own_wring.daemon.log()
    links = [os.readlink(f"/proc/{own_wring.daemon.pid}/fd/{number}")
             for number in os.listdir(f"/proc/{own_wring.daemon.pid}/fd")]
    assert not [link for link in links if link.startswith(str(tmp_path))]


@pytest.mark.parametrize("foreground", [True, False], ids=["front", "background"])
@pytest.mark.parametrize("kind", ["in an absent folder", "a folder", "a link", "a pipe", "empty"])
def test_a_path_that_cannot_be_a_key_log_is_refused_in_one_line(tmp_path, kind, foreground):
    path = tmp_path / "keys"
    if kind == "in an absent folder":
        path = tmp_path / "absent" / "keys"
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a link":
        path.symlink_to(tmp_path / "target")
    elif kind == "a pipe":
        os.mkfifo(path)
    with Net() as net:
        host = net.host("a")
        done = host.run(program(), *(["-f"] if foreground else []), "--keylog",
                        "" if kind == "empty" else str(path), "wg0", check=False, timeout=10)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1 and "key" in done.stderr
        assert not host.has_link("wg0") and host.pids() == []
    assert not (tmp_path / "target").exists()
