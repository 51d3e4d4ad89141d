"""`wring genkey`, `genpsk` and `pubkey` beside those of the real `wg`."""

import base64
import os
import subprocess

import pytest

from support.daemon import program


def run(tool, *words, stdin=b"", **options):
    argv = [program() if tool == "wring" else tool, *words]
    return subprocess.run(argv, input=stdin, timeout=30, stderr=subprocess.PIPE,
                          **{"stdout": subprocess.PIPE, **options})


def new_key(command):
    done = run("wring", command)
    assert (done.returncode, done.stderr, done.stdout[-1:]) == (0, b"", b"\n")
    return done.stdout.strip()


def test_private_keys_are_clamped_and_never_the_same():
    keys = {new_key("genkey") for _ in range(50)}
    assert len(keys) == 50
    for key in keys:
        raw = base64.b64decode(key, validate=True)
        assert len(raw) == 32 and raw[0] & 7 == 0 and raw[31] >> 6 == 1


def test_preshared_keys_have_all_bits():
    keys = [base64.b64decode(new_key("genpsk"), validate=True) for _ in range(100)]
    assert {len(key) for key in keys} == {32}
    # Each bit is one in some key and zero in another.
    ones, zeros = bytearray(32), bytearray(32)
    for key in keys:
        for place, byte in enumerate(key):
            ones[place] |= byte
            zeros[place] |= byte ^ 255
    assert ones == zeros == bytearray(b"\xff" * 32)


def test_a_public_key_is_that_of_wg():
    for _ in range(20):
        key = new_key("genkey")
        assert run("wring", "pubkey", stdin=key + b"\n").stdout == \
            run("wg", "pubkey", stdin=key + b"\n").stdout
    unclamped = base64.b64encode(bytes(range(1, 33)))
    assert run("wring", "pubkey", stdin=unclamped).stdout == \
        run("wg", "pubkey", stdin=unclamped).stdout


KEY = b"QEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="


@pytest.mark.parametrize("text", [
    b"", b"\n", b"x", KEY[:-1], KEY + b"\n\n", KEY + b" \t\r\n", KEY + b"\0", KEY + KEY,
    KEY + b" x", b" " + KEY, KEY[:-2] + b"J=", KEY[:-1] + b"A", b"-" + KEY[1:], KEY[:20] + b"\n"])
def test_pubkey_takes_and_refuses_what_wg_does(text):
    ours, theirs = run("wring", "pubkey", stdin=text), run("wg", "pubkey", stdin=text)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert bool(ours.stderr) == bool(theirs.stderr) and ours.stderr.count(b"\n") <= 1


@pytest.mark.parametrize("command", ["genkey", "genpsk", "pubkey"])
def test_surplus_words_are_refused_as_by_wg(command):
    assert run("wring", command, "surplus").returncode == \
        run("wg", command, "surplus").returncode == 1


@pytest.mark.parametrize("command", ["genkey", "genpsk"])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o604, 0o601])
def test_a_file_that_others_can_read_is_warned_of_as_by_wg(tmp_path, command, mode):
    warnings = []
    for tool in ("wring", "wg"):
        path = tmp_path / tool
        path.touch()
        path.chmod(mode)
        with path.open("wb") as file:
            done = run(tool, command, stdout=file)
        assert done.returncode == 0 and len(path.read_bytes()) == 45
        warnings.append(done.stderr)
    assert warnings[0] == warnings[1]
    assert bool(warnings[0]) == bool(mode & 0o007)


def test_a_key_that_could_not_be_written_is_a_failure():
    with open("/dev/full", "wb") as full:
        done = run("wring", "genkey", stdout=full)
    assert done.returncode == 1 and b"No space left" in done.stderr


def test_a_reader_that_has_gone_is_a_failure():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        # Python's children ignore SIGPIPE only if told to.
        done = run("wring", "genkey", stdout=writing, restore_signals=False)
    finally:
        os.close(writing)
    assert done.returncode == 1 and b"Broken pipe" in done.stderr
