"""The completions in the shells that they are for."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from support.daemon import Daemon, program

SCRIPTS = Path(program()).parent / "src" / "completion"
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TERM": "dumb"}


def bash(host, *words):
    """What bash offers for the last word."""
    script = ('source "$1"; shift; COMP_WORDS=(wring "$@"); COMP_CWORD=$#; _wring; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = host.run("bash", "--norc", "-c", script, "bash", str(SCRIPTS / "bash" / "wring"),
                    *words)
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def fish(host, *words):
    line = " ".join(["wring", *words])
    done = host.run("fish", "--no-config", "-c",
                    f"source {SCRIPTS}/fish/wring.fish; complete -C '{line}'", env=ENVIRONMENT)
    assert done.stderr == ""
    return {offer.split("\t")[0] for offer in done.stdout.splitlines()}


@pytest.fixture(params=[bash, fish])
def offered(request, net):
    if not shutil.which(request.param.__name__):
        pytest.skip(f"{request.param.__name__} is missing: tools/install-deps.sh")
    host = net.host("a")
    with Daemon(host, "wg0", log_level="error"), Daemon(host, "wg77", log_level="error"):
        yield lambda *words: request.param(host, *words)


def test_commands_are_the_first_word_only(offered):
    assert {"genkey", "set", "setconf", "show", "showconf", "syncconf"} <= offered("")
    assert offered("sho") == {"show", "showconf"}
    assert "show" not in offered("show", "")
    assert "show" not in offered("-f", "s")


def test_each_command_has_its_own_options(offered):
    assert {"--json", "--watch"} <= offered("show", "--")
    assert not {"--workers", "--no-offload"} & offered("show", "--")
    assert "--json" not in offered("set", "--")
    assert {"--workers", "--foreground", "--keylog"} <= offered("--")
    assert "--json" not in offered("--")


def test_interfaces_that_are_there_are_offered(offered):
    assert offered("show", "wg") == {"wg0", "wg77"}
    assert offered("set", "wg7") == {"wg77"}
    assert offered("syncconf", "wg") == {"wg0", "wg77"}


def test_words_of_settings_and_fields_are_offered(offered):
    assert {"latest-handshakes", "dump"} <= offered("show", "wg0", "")
    assert offered("set", "wg0", "pers") == {"persistent-keepalive"}
    assert offered("set", "wg0", "listen-port", "7", "fw") == {"fwmark"}


def test_values_of_options_are_offered(offered):
    assert offered("--log-level", "") == {"silent", "error", "verbose"}
    assert offered("-f", "--io", "u") == {"uring"}


def test_files_are_offered_where_a_file_is_due(offered, tmp_path):
    (tmp_path / "tunnel.conf").touch()
    for words in (("setconf", "wg0"), ("check",), ("--keylog",)):
        assert offered(*words, f"{tmp_path}/tun") == {f"{tmp_path}/tunnel.conf"}


def zsh(words):
    """What a line in an interactive zsh becomes when Tab is pressed: up to the end of `words`."""
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs,
                             start_new_session=True, env={**os.environ, **ENVIRONMENT})
    os.close(theirs)
    text = ""

    def await_text(wanted):
        nonlocal text
        deadline = time.monotonic() + 20
        while wanted not in text:
            assert time.monotonic() < deadline, f"no {wanted!r} in {text!r}"
            if select.select([ours], [], [], 0.1)[0]:
                text += os.read(ours, 65536).decode(errors="replace").replace("\a", "")
    try:
        os.write(ours, f"PS1=; fpath=({SCRIPTS}/zsh $fpath); autoload -U compinit; "
                       "compinit -u -D; echo be''gin\n".encode())
        await_text("begin")
        begin, wanted = words
        text = ""
        os.write(ours, f"{begin}\t".encode())
        await_text(wanted)
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is missing: tools/install-deps.sh")
@pytest.mark.parametrize("words", [
    ("wring showc", "wring showconf"), ("wring show --js", "wring show --json"),
    ("wring show wg0 late", "wring show wg0 latest-handshakes"),
    ("wring set wg0 pers", "wring set wg0 persistent-keepalive"),
    ("wring --no-off", "wring --no-offload"), ("wring --log-level si", "wring --log-level silent")])
def test_zsh_completes(words):
    zsh(words)
