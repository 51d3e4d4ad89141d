"""`SaveConfig = true`: the file after `wring run`, beside what wg-quick makes of it."""

import os
import re
import stat
from pathlib import Path

import pytest

from support import wg
from support.daemon import program
from support.quick import WgQuick
from support.run_state import assert_clean, know, pair_of_files
from support.running import Run
from support.waiting import eventually

_PEERS = [wg.new_keys().public for _ in range(3)]
_SAVED = """# A comment that goes.
[Interface]
PrivateKey = {private}
Address = 10.9.0.1/24, fd09::1/64
SaveConfig = true
{extra}
[Peer]
PublicKey = {first}
AllowedIPs = {allowed}
PresharedKey = {psk}
Endpoint = 10.7.0.2:51820
PersistentKeepalive = 25

[Peer]
PublicKey = {second}
"""
CASES = {
    "no more than needed": ("", "10.9.0.2/32"),
    "hooks and an MTU": ("MTU = 1300\nTable = 1234\nFwMark = 0x77\nPreUp = true\nPostUp = true\n"
                         "PreDown = true\nPostDown = true", "10.9.0.2/32"),
    "a default route": ("ListenPort = 51820", "0.0.0.0/0, ::/0"),
}


def _read(path):
    """Sections, each with its entries in one form. The link-local address is the kernel's."""
    sections = []
    for line in filter(None, map(str.strip, Path(path).read_text().splitlines())):
        if line.startswith("["):
            sections.append([line])
            continue
        key, value = (part.strip() for part in line.split("=", 1))
        if key == "FwMark":
            value = str(int(value, 0))
        for item in value.split(", ") if key == "AllowedIPs" else [value]:
            if not item.startswith("fe80:"):
                sections[-1].append((key, item))
    # The port may be one that the kernel chose.
    return [[section[0]] + sorted(entry for entry in section[1:] if entry[0] != "ListenPort"
                                  or entry[1] == "51820") for section in sections]


def _change(host):
    """What an administrator may do while a tunnel is up."""
    host.add_address("wg0", "10.10.0.1/16")
    host.ip("address", "delete", "fd09::1/64", "dev", "wg0")
    host.ip("link", "set", "wg0", "mtu", "1290")
    wg.configure(host, "wg0", "peer", _PEERS[1], "allowed-ips", "10.99.0.0/16",
                 "endpoint", "[fd07::9]:7")
    wg.configure(host, "wg0", "peer", _PEERS[2], "persistent-keepalive", 5)


@pytest.mark.parametrize("name", CASES)
def test_the_state_at_the_end_is_what_wg_quick_saves(pair, tmp_path, name):
    host, quick = pair[0], WgQuick(pair[0], tmp_path)
    extra, allowed = CASES[name]
    text = _SAVED.format(private=wg.new_keys().private, psk=wg.new_psk(), first=_PEERS[0],
                         second=_PEERS[1], extra=extra, allowed=allowed)
    path = quick.write("wg0", text)
    quick.up(path)
    _change(host)
    quick.down(path)
    eventually(lambda: host.pids() == [], "the engine of wg-quick ends")
    theirs = _read(path)
    path = quick.write("wg0", text)
    with Run(host, str(path), "--allow-hooks"):
        _change(host)
    assert _read(path) == theirs
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["wg0.conf"]
    assert_clean(host, "wg0")
    # It can be run again, and stays what it is.
    with Run(host, str(path), "--allow-hooks"):
        pass
    assert _read(path) == theirs


def test_names_stay_and_links_are_followed(pair, tmp_path):
    a, psk = pair[0], wg.new_psk()
    know(a, tmp_path, "10.7.0.2 b.example")
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "b.example:51820",
                            "SaveConfig = true\nDNS = 10.9.0.9, example.com")
    file = Path(left)
    file.write_text(file.read_text().replace("[Peer]\n", "[Peer]\n# friendly_name = office\n"))
    link = tmp_path / "wg0.conf"
    link.symlink_to("1/wg0.conf")
    with Run(a, str(link)):
        eventually(lambda: wg.show(a, "wg0").only_peer().endpoint == "10.7.0.2:51820", "found")
        peer = wg.show(a, "wg0").only_peer().public_key
        wg.configure(a, "wg0", "peer", peer, "preshared-key", "/dev/stdin", secret=psk)
    assert link.is_symlink()
    saved = file.read_text()
    for line in ("# friendly_name = office", "Endpoint = b.example:51820",
                 f"PresharedKey = {psk}", "DNS = 10.9.0.9", "DNS = example.com"):
        assert f"{line}\n" in saved


REFUSED = {
    "key file": ("PrivateKey = [^\n]*", "PrivateKeyFile = key"),
    "preshared key file": ("AllowedIPs", "PresharedKeyFile = key\nAllowedIPs"),
    "variable": ("10.7.0.2:51820", "${WHERE}:51820"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_comes_from_elsewhere_is_never_written_into_the_file(pair, tmp_path, case):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", "SaveConfig = true")
    (tmp_path / "1" / "key").write_text(wg.new_keys().private)
    file = Path(left)
    file.write_text(re.sub(*REFUSED[case], file.read_text(), count=1))
    text = file.read_text()
    for words in (("run", left), ("check", left)):
        done = a.run(program(), *words, env={"WHERE": "10.7.0.2"}, check=False)
        assert done.returncode == 1
        assert "error: SaveConfig would write into this file" in done.stdout + done.stderr
    assert file.read_text() == text
    assert_clean(a, "wg0")


def test_stdin_cannot_be_saved(pair, tmp_path):
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", "SaveConfig = true")
    done = pair[0].run(program(), "run", "-", "--interface", "wg0",
                       input=Path(left).read_text(), check=False)
    assert done.returncode == 1 and "stdin cannot be written to" in done.stderr


def test_a_file_that_was_spoilt_meanwhile_is_left_alone(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", "SaveConfig = true")
    with Run(a, left) as run:
        Path(left).write_text("Address\n")
        assert a.run(program(), "reload", "wg0", check=False).returncode == 1
        assert run.stop() == 1
        assert "has mistakes, so SaveConfig left it as it is" in run.log()
    assert Path(left).read_text() == "Address\n"
    assert_clean(a, "wg0")


def test_a_folder_that_cannot_be_written_leaves_the_file_and_is_told(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", "SaveConfig = true")
    text = Path(left).read_text()
    with Run(a, left) as run:
        # A folder in the place of the new file cannot be removed, not even by root.
        (tmp_path / "1" / "wg0.conf.tmp").mkdir()
        assert run.stop() == 1
        assert f"cannot make {left}.tmp" in run.log()
    assert Path(left).read_text() == text
    assert_clean(a, "wg0")
