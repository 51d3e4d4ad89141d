"""`wring run` follows its file: by --watch, by SIGHUP, and by `wring reload`."""

import fcntl
import os
import pty
import shutil
import signal
import termios
from pathlib import Path

import pytest

from support import wg
from support.daemon import program
from support.echoes import Echoes
from support.run_state import assert_clean, know, pair_of_files, settings, state
from support.running import Run
from support.stream import Stream
from support.transfer import ping
from support.waiting import eventually

LIVE_S = 2.0  # After a change of the file.


def _edit(path, *changes):
    """As an editor does it: a new file in the place of the old one."""
    text = Path(path).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    fresh = Path(f"{path}.new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    fresh.rename(path)


def _reload(host, interface="wg0"):
    return host.run(program(), "reload", interface, check=False)


class _Tunnel:
    """wg0 of a, which follows its file, and wg0 of b, with a stream and echoes through it."""

    def __init__(self, pair, folder):
        self.a, self.b = pair
        self.left, self.right = pair_of_files(folder, "10.9.0.2/32", "10.7.0.2:51820")

    def __enter__(self):
        self.runs = [Run(self.b, self.right, "--watch"), Run(self.a, self.left, "--watch")]
        assert ping(self.a, "10.9.0.2").lost == 0
        self.stream = Stream(self.a, self.b, "10.9.0.2", 7)
        self.echoes = Echoes(self.a, self.b, "10.9.0.2")
        return self

    def finish(self):
        """Goes on for a while after the last change. Nothing was lost, and nothing reset."""
        sent, received = self.echoes.sent, self.stream.received
        eventually(lambda: self.echoes.sent > sent + 20, "echoes go on")
        eventually(lambda: self.stream.received > received, "the stream goes on", 20.0)
        assert self.echoes.finish() == 0
        self.stream.finish()

    def __exit__(self, *error):
        for run in self.runs:
            run.__exit__(*error)


def test_a_changed_psk_peer_and_address_are_live_at_once_and_nothing_is_lost(pair, tmp_path):
    third, psk = tmp_path / "third" / "wg1.conf", wg.new_psk()
    with _Tunnel(pair, tmp_path) as both:
        a, b = both.a, both.b
        # A peer comes: another tunnel of b.
        keys, own = wg.new_keys(), wg.show(a, "wg0")
        third.parent.mkdir()
        third.write_text(f"[Interface]\nPrivateKey = {keys.private}\nAddress = 10.9.1.2/24\n"
                         f"ListenPort = 51821\n[Peer]\nPublicKey = {own.public_key}\n"
                         "AllowedIPs = 10.9.2.1/32\nEndpoint = 10.7.0.1:51820\n")
        third.chmod(0o600)
        peer = (f"[Peer]\nPublicKey = {keys.public}\nAllowedIPs = 10.9.1.2/32\n"
                "Endpoint = 10.7.0.2:51821\n")
        with Run(b, str(third)):
            _edit(both.left, ("PersistentKeepalive = 5\n", "PersistentKeepalive = 5\n" + peer))
            eventually(lambda: keys.public in wg.show(a, "wg0").peers, "the peer is there", LIVE_S)
            # An address comes.
            _edit(both.left, ("Address = 10.9.0.1/24", "Address = 10.9.2.1/32, 10.9.0.1/24"))
            eventually(lambda: "10.9.2.1/32" in a.ip("address", "show", "dev", "wg0"),
                       "the address is there", LIVE_S)
            eventually(lambda: "10.9.1.2" in a.ip("route", "show", "dev", "wg0"),
                       "the route is there", LIVE_S)
            assert ping(a, "10.9.1.2", 3, None, 56, 2.0, "-I", "10.9.2.1").lost == 0
        # A preshared key, in a file of its own. Only it lets the other side in from now on.
        _edit(third, ("AllowedIPs", f"PresharedKey = {psk}\nAllowedIPs"))
        (tmp_path / "1" / "psk").write_text(psk)
        _edit(both.left, ("AllowedIPs = 10.9.1.2/32",
                          "AllowedIPs = 10.9.1.2/32\nPresharedKeyFile = psk"))
        eventually(lambda: wg.show(a, "wg0").peers[keys.public].psk == psk, "the PSK", LIVE_S)
        with Run(b, str(third)):
            eventually(lambda: ping(b, "10.9.2.1", count=1).received == 1, "it gets in", 20.0)
        # The file of the key alone changes.
        other = wg.new_psk()
        (tmp_path / "1" / "psk").write_text(other)
        eventually(lambda: wg.show(a, "wg0").peers[keys.public].psk == other, "the PSK", LIVE_S)
        # The peer goes.
        text = Path(both.left).read_text()
        _edit(both.left, (text[text.index("[Peer]\nPublicKey = " + keys.public):], ""))
        eventually(lambda: keys.public not in wg.show(a, "wg0").peers, "it is gone", LIVE_S)
        both.finish()


def test_a_changed_key_of_our_own_is_live_at_once_and_nothing_is_lost(pair, tmp_path):
    with _Tunnel(pair, tmp_path) as both:
        old, new = wg.show(both.a, "wg0"), wg.new_keys()
        _edit(both.left, (old.private_key, new.private))
        eventually(lambda: wg.show(both.a, "wg0").public_key == new.public, "the key", LIVE_S)
        _edit(both.right, (old.public_key, new.public))
        eventually(lambda: list(wg.show(both.b, "wg0").peers) == [new.public], "the peer", LIVE_S)
        wg.await_handshake(both.b, "wg0", new.public)
        both.finish()


def test_a_default_route_comes_and_goes_and_nothing_is_lost(net, tmp_path):
    """The other side is behind a router: without the mark, datagrams would go into the tunnel."""
    a, _, b = net.routed()
    tunnel = _Tunnel((a, b), tmp_path)
    _edit(tunnel.left, ("10.7.0.2:", "10.7.2.1:"))
    _edit(tunnel.right, ("10.7.0.1:", "10.7.1.1:"))
    with tunnel as both:
        for _ in range(5):
            for old, new in (("10.9.0.2/32", "0.0.0.0/0"), ("0.0.0.0/0", "10.9.0.2/32")):
                _edit(both.left, (f"AllowedIPs = {old}", f"AllowedIPs = {new}"))
                eventually(lambda: (new == "0.0.0.0/0") == ("51820" in both.a.ip("rule")),
                           "the rules", LIVE_S)
                assert _reload(both.a).stdout == "wg0 is as its configuration says\n"
        both.finish()


def test_a_secret_of_kubernetes_is_followed(pair, tmp_path):
    a, mount = pair[0], tmp_path / "mount"
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")

    def publish(version, text):
        (mount / version).mkdir(parents=True)
        (mount / version / "wg0.conf").write_text(text)
        (mount / version / "wg0.conf").chmod(0o600)
        (mount / "..data_tmp").symlink_to(version)
        os.rename(mount / "..data_tmp", mount / "..data")

    text = Path(left).read_text()
    publish("..1", text)
    (mount / "wg0.conf").symlink_to("..data/wg0.conf")
    with Run(a, str(mount / "wg0.conf"), "--watch") as run:
        for number in (2, 3, 4):
            publish(f"..{number}", text.replace("Keepalive = 5", f"Keepalive = {number}"))
            shutil.rmtree(mount / f"..{number - 1}")
            eventually(lambda: wg.show(a, "wg0").only_peer().keepalive == number,
                       "it follows", LIVE_S)
        assert run.log().count("wg0 was changed to what its configuration says: 1 peer\n") == 3
    assert_clean(a, "wg0")


def test_a_file_that_is_written_in_place_is_followed(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(a, left, "--watch") as run:
        text = Path(left).read_text()
        Path(left).write_text(text.replace("Keepalive = 5", "Keepalive = 9"))
        eventually(lambda: wg.show(a, "wg0").only_peer().keepalive == 9, "it follows", LIVE_S)
        Path(left).unlink()
        eventually(lambda: f"cannot open {left}" in run.log(), "it is missed", LIVE_S)
        assert wg.show(a, "wg0").only_peer().keepalive == 9
        Path(left).write_text(text)
        Path(left).chmod(0o600)
        eventually(lambda: wg.show(a, "wg0").only_peer().keepalive == 5, "it follows", LIVE_S)
    assert_clean(a, "wg0")


def test_the_file_of_an_interface_that_is_away_for_a_while_is_followed(pair, tmp_path):
    """wg0 is /etc/wireguard/wg0.conf, even while that is not there."""
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    a.run("mount", "--bind", str(Path(left).parent), "/etc/wireguard")
    with Run(a, "wg0", "--watch") as run:
        Path(left).rename(f"{left}.away")
        eventually(lambda: "cannot open /etc/wireguard/wg0.conf: No such file" in run.log(),
                   "it is missed", LIVE_S)
        _edit(f"{left}.away", ("Keepalive = 5", "Keepalive = 9"))
        Path(f"{left}.away").rename(left)
        eventually(lambda: wg.show(a, "wg0").only_peer().keepalive == 9, "it follows", LIVE_S)
    assert_clean(a, "wg0")


@pytest.mark.parametrize("how", ["watch", "signal", "command"])
def test_a_file_with_mistakes_changes_nothing_and_says_why(pair, tmp_path, how):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(a, left, *(["--watch"] if how == "watch" else [])) as run:
        before = state(a, "wg0"), settings(a, "wg0")
        _edit(left, ("AllowedIPs = 10.9.0.2/32", "AllowedIPs = 10.9.0.2/32, 10.0.0.0/33"),
              ("Address = 10.9.0.1/24", "Address = 10.99.0.1/24"))
        if how == "signal":
            run.process.send_signal(signal.SIGHUP)
        if how == "command":
            done = _reload(a)
            assert done.returncode == 1 and f"{left}:8:27: error: " in done.stderr
            assert "wg0 stays as it is" in done.stderr
        eventually(lambda: "wg0 stays as it is, because its configuration has mistakes"
                   in run.log(), "it is told", LIVE_S)
        assert f"{left}:8:27: error: " in run.log()
        assert (state(a, "wg0"), settings(a, "wg0")) == before
        _edit(left, (", 10.0.0.0/33", ""))
        run.process.send_signal(signal.SIGHUP)
        eventually(lambda: "10.99.0.1/24" in a.ip("address", "show", "dev", "wg0"), "it follows")
    assert_clean(a, "wg0")


def test_a_hook_that_is_not_allowed_is_a_mistake(pair, tmp_path):
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(pair[0], left):
        _edit(left, ("ListenPort", f"PostDown = touch {tmp_path}/hook\nListenPort"))
        done = _reload(pair[0])
        assert done.returncode == 1 and "add --allow-hooks" in done.stderr
    assert not (tmp_path / "hook").exists()


def test_hooks_of_the_start_are_not_run_again_and_those_of_the_end_are_new(pair, tmp_path):
    log = tmp_path / "log"
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820",
                            f"PostUp = echo first >> {log}\nPostDown = echo old >> {log}")
    with Run(pair[0], left, "--allow-hooks"):
        _edit(left, ("echo first", "echo second"), ("echo old", "echo new"))
        assert "hooks (those of the start are not run again)" in _reload(pair[0]).stdout
    assert log.read_text() == "first\nnew\n"


def test_what_neither_file_says_stays(pair, tmp_path):
    """A key that a hook has set, and where a peer has moved to."""
    a, psk = pair[0], wg.new_psk()
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(a, left):
        peer = wg.show(a, "wg0").only_peer().public_key
        wg.configure(a, "wg0", "peer", peer, "preshared-key", "/dev/stdin",
                     "endpoint", "10.7.0.9:7", secret=psk)
        _edit(left, ("Keepalive = 5", "Keepalive = 6"))
        assert _reload(a).returncode == 0
        found = wg.show(a, "wg0").only_peer()
        assert (found.psk, found.endpoint, found.keepalive) == (psk, "10.7.0.9:7", 6)
        _edit(left, ("Endpoint = 10.7.0.2:51820", "Endpoint = 10.7.0.2:51821"))
        assert _reload(a).returncode == 0
        assert wg.show(a, "wg0").only_peer().endpoint == "10.7.0.2:51821"


def test_names_that_did_not_change_are_not_looked_up_again(pair, tmp_path):
    a = pair[0]
    know(a, tmp_path, "10.7.0.2 old.example new.example")
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "old.example:51820")
    added = (f"[Peer]\nPublicKey = {wg.new_keys().public}\nAllowedIPs = 10.9.1.2/32\n"
             "Endpoint = new.example:7\n")
    with Run(a, left):
        eventually(lambda: wg.show(a, "wg0").only_peer().endpoint == "10.7.0.2:51820", "found")
        # A question for the old name would now get another answer.
        know(a, tmp_path, "10.7.0.3 old.example new.example")
        Path(left).write_text(Path(left).read_text() + added)
        assert _reload(a).returncode == 0
        found = sorted(peer.endpoint for peer in wg.show(a, "wg0").peers.values())
        assert found == ["10.7.0.2:51820", "10.7.0.3:7"]


def test_the_end_of_the_terminal_ends_it(pair, tmp_path):
    """The kernel sends SIGHUP then, as a process does for a reload."""
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    ours, theirs = pty.openpty()

    def take_terminal():
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    with open(tmp_path / "log", "wb") as log:
        process = a.popen(program(), "run", left, stdin=theirs, stderr=log,
                          preexec_fn=take_terminal)
    os.close(theirs)
    eventually(lambda: " is up\n" in (tmp_path / "log").read_text(), "it is up", 20.0)
    os.close(ours)
    assert process.wait(10.0) == 0
    assert_clean(a, "wg0")


def test_what_cannot_be_reloaded_is_refused(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    done = _reload(a)
    assert done.returncode == 1 and "no `wring run` has wg0" in done.stderr
    done = a.run(program(), "run", "-", "--interface", "wg0", "--watch", check=False)
    assert done.returncode == 1 and "stdin cannot be read again" in done.stderr
    with Run(a, "-", "--interface", "wg0", text=Path(left).read_text()):
        done = _reload(a)
        assert done.returncode == 1 and "came from stdin" in done.stderr
    with Run(a, left), a.socket(2, 2) as other:
        other.bind(("0.0.0.0", 51999))
        _edit(left, ("ListenPort = 51820", "ListenPort = 51999"))
        done = _reload(a)
        assert done.returncode == 1 and "another program has that port" in done.stderr
    assert_clean(a, "wg0")


def test_after_a_kill_the_next_one_can_be_asked(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(a, left) as first:
        first.kill()
    assert "no `wring run` has wg0" in _reload(a).stderr
    with Run(a, left):
        assert _reload(a).returncode == 0
    assert_clean(a, "wg0")
