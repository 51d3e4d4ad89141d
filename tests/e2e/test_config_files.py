"""`wring check` and `wring strip`, with the tables in tests/configs and beside wg-quick and wg."""

import collections
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.daemon import Daemon, program

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
BAD, GOOD = sorted(CONFIGS.glob("bad/*.conf")), sorted(CONFIGS.glob("good/*.conf"))
PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
PSK = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="
PLAIN = (f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 1\n"
         f"[Peer]\nPublicKey = {PEER}\nAllowedIPs = 10.0.0.2/32\n")


def _wring(*words, stdin="", env=None, cwd=None):
    return subprocess.run([program(), *words], input=stdin, text=True, capture_output=True,
                          timeout=60, env={**os.environ, **(env or {})}, cwd=cwd)


def _check(text, *words, env=None):
    return _wring("check", "-", *words, stdin=text, env=env)


def _table(folder):
    table = collections.defaultdict(list)
    for line in (folder / "expected.txt").read_text().splitlines():
        table[line.split(":")[0]].append(line)
    return table


def _messages(text, name):
    """The lines that begin with a place, without the lines of the source and the last line."""
    lines = [line for line in text.splitlines() if line.startswith("stdin:")]
    return [name + line.removeprefix("stdin") for line in lines[:-1]]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_gets_place_cause_and_cure(path):
    with path.open("rb") as file:
        done = subprocess.run([program(), "check", "-"], stdin=file, capture_output=True,
                              timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    errors = [line for line in _messages(done.stdout.decode(), path.name) if ": error: " in line]
    assert errors == _table(path.parent)[path.name]


def test_a_good_file_gets_warnings_and_status_0():
    for path in GOOD:
        done = _check(path.read_bytes().decode())
        assert (done.returncode, done.stderr) == (0, "")
        assert _messages(done.stdout, path.name) == _table(path.parent)[path.name]


def test_several_files_fail_together_and_each_is_named(tmp_path):
    for name, text in {"a.conf": PLAIN, "b.conf": "MTU"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "a.conf").chmod(0o600)
    done = _wring("check", "a.conf", "b.conf", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.conf: 0 errors, 0 warnings, 0 notes\n" in done.stdout
    assert "b.conf:1:1: error: " in done.stdout
    assert _wring("check", "a.conf", cwd=tmp_path).returncode == 0


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    done = _wring("check", "none.conf", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "wring check: cannot open none.conf: No such file or directory\n"


def test_the_name_of_an_interface_is_a_file_of_etc_wireguard(tmp_path):
    (tmp_path / "wg7.conf").write_text("MTU")
    (tmp_path / "wg8").write_text("MTU")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec",
         "mount --bind . /etc/wireguard; exec \"$@\"", "sh", program(),
         "check", "wg7", "wg8"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == 1
    assert "/etc/wireguard/wg7.conf:1:1: error: " in done.stdout
    assert "\nwg8:1:1: error: " in done.stdout  # There is no /etc/wireguard/wg8.conf.


def test_json_has_what_the_text_has():
    done = _check(PLAIN + "Endpoint = host\n", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"files": [{
        "file": "stdin", "errors": 1, "warnings": 0, "notes": 0,
        "diagnostics": [{"severity": "error", "line": 7, "column": 12, "length": 4,
                         "code": "no-port", "message": "the port is missing in 'host'",
                         "cure": "write HOST:PORT, as in vpn.example.com:51820"}]}]}


def test_a_key_that_others_can_read_is_warned_of_once(tmp_path):
    path = tmp_path / "wg0.conf"
    path.write_text(PLAIN)
    for mode, count in {0o644: 1, 0o604: 1, 0o640: 0, 0o600: 0}.items():
        path.chmod(mode)
        done = _wring("check", str(path))
        assert (done.returncode, done.stdout.count("can read the keys")) == (0, count), oct(mode)
    path.write_text(PLAIN.replace(PRIVATE, "${KEY}"))
    path.chmod(0o644)  # There is no key in it.
    assert "can read the keys" not in _wring("check", str(path), env={"KEY": PRIVATE}).stdout


def test_a_file_that_others_can_write_takes_nothing_from_elsewhere(tmp_path):
    path = tmp_path / "wg0.conf"
    (tmp_path / "key").write_text(PRIVATE)
    for text in (PLAIN.replace(PRIVATE, "${KEY}"), PLAIN.replace(f"Key = {PRIVATE}",
                                                                 "KeyFile = key")):
        path.write_text(text)
        for mode, status in {0o600: 0, 0o644: 0, 0o620: 1, 0o602: 1}.items():
            path.chmod(mode)
            for command in ("check", "strip"):
                done = _wring(command, str(path), env={"KEY": PRIVATE})
                assert done.returncode == status, (command, oct(mode), done)
                assert ("chmod go-w" in done.stdout + done.stderr) == bool(status)
                assert status == 0 or PRIVATE not in done.stdout


def test_a_variable_may_be_missing_for_a_check_but_not_for_use():
    text = PLAIN.replace(PRIVATE, "${NO_SUCH_KEY}")
    done = _check(text)
    assert done.returncode == 0
    assert "stdin:2:14: warning: the environment has no NO_SUCH_KEY" in done.stdout
    used = _wring("strip", "-", stdin=text)
    assert (used.returncode, used.stdout) == (1, "")
    assert "stdin:2:14: error: the environment has no NO_SUCH_KEY" in used.stderr
    assert " 2 | PrivateKey = ...\n" in used.stderr  # With its line, as other commands print it.


def test_keys_come_from_files_beside_the_configuration_and_from_credentials(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/wg0").write_text(PRIVATE + "\n")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/psk").write_text(PSK)
    path = tmp_path / "wg0.conf"
    path.write_text(PLAIN.replace(f"PrivateKey = {PRIVATE}", "PrivateKeyFile = keys/wg0") +
                    "PresharedKeyFile = %d/psk\n")
    done = _wring("strip", str(path), cwd="/",
                  env={"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})
    assert (done.returncode, done.stderr) == (0, "")
    assert f"PrivateKey = {PRIVATE}\n" in done.stdout
    assert f"PresharedKey = {PSK}\n" in done.stdout
    assert "File" not in done.stdout


def test_no_output_holds_a_key():
    for path in BAD + GOOD:
        for words in ([], ["--json"]):
            done = subprocess.run([program(), "check", str(path), *words], capture_output=True,
                                  timeout=60, check=False)
            shown = done.stdout + done.stderr
            for word in path.read_bytes().split():
                assert len(word) < 40 or word.startswith(b"$") or word not in shown, path


def _showconf(host, text, folder):
    path = folder / "stripped.conf"
    path.write_text(text)
    host.run("wg", "setconf", "wg0", str(path))
    return host.run("wg", "showconf", "wg0").stdout


def test_what_is_left_for_wg_is_the_same_as_with_wg_quick(pair, tmp_path):
    """`wg` itself makes the same of both."""
    host = pair[0]
    compared = 0
    with Daemon(host, log_level="error"):
        for path in GOOD:
            text = path.read_bytes()
            if b".wireguard.com" in text:  # There is no DNS here.
                text = text.replace(b"demo.wireguard.com", b"192.0.2.7")
                text = text.replace(b"test.wireguard.com", b"192.0.2.8")
            copy = tmp_path / "wg0.conf"
            copy.write_bytes(text)
            copy.chmod(0o600)
            theirs = host.run("wg-quick", "strip", str(copy)).stdout
            ours = host.run(program(), "strip", str(copy)).stdout
            # A random port is another one each time; all else is set anew.
            if b"listenport" not in text.lower():
                theirs += "\n[Interface]\nListenPort=9\n"
                ours += "\n[Interface]\nListenPort=9\n"
            wanted = _showconf(host, theirs, tmp_path)
            assert _showconf(host, ours, tmp_path) == wanted, path.name
            compared += 1
    assert compared >= 26


# Of the bad files those that `wg` takes once wg-quick has taken out its keys. docs/config-file.md
# says why wring refuses them.
STRICTER = ["empty-file", "interface-missing", "key-missing", "key-with-a-space", "nul-byte",
            "only-comments", "port-too-large", "section-with-spaces"]
# What is wrong with these is for `ip` or resolvconf to find out.
OF_WG_QUICK = ("address", "dns", "mtu", "table", "save-config", "colon", "equals", "reference")


def test_the_documents_have_every_key_and_every_code():
    root = CONFIGS.parents[1]
    table = (root / "src/config/key_table.cpp").read_text()
    keys = re.findall(r'\bk[IP], "(\w+)"|\{"(\w+)", kP', table)
    names = {first or second for first, second in keys}
    assert len(names) >= 19
    for page, mark in (("docs/config-file.md", "`"), ("docs/man/wring.5.scd", "*")):
        text = (root / page).read_text()
        assert [name for name in names if f"{mark}{name}{mark}" not in text] == []
    text = (root / "docs/config-file.md").read_text()
    codes = set()
    for source in [*root.glob("src/config/*.cpp"), root / "src/command/config_file.cpp"]:
        codes |= set(re.findall(r'(?:\{|wrong\(\s*|, )"([a-z]+\d?(?:-[a-z]+)+)",',
                                source.read_text()))
    assert len(codes) >= 45
    assert [code for code in codes if f"`{code}`" not in text] == []


def test_what_wg_refuses_is_refused(pair, tmp_path):
    host = pair[0]
    taken = set()
    with Daemon(host, log_level="error"):
        for path in BAD:
            if path.stem.startswith(OF_WG_QUICK):
                continue
            copy = tmp_path / "wg0.conf"
            shutil.copy(path, copy)
            copy.chmod(0o600)
            done = host.run("sh", "-c", 'wg-quick strip "$1" > "$2" && wg setconf wg0 "$2" 2>&-',
                            "sh", str(copy), str(tmp_path / "stripped"), check=False,
                            env={"WG_ENDPOINT_RESOLUTION_RETRIES": "0"})
            if done.returncode == 0:
                taken.add(path.stem)
    assert sorted(taken) == STRICTER
