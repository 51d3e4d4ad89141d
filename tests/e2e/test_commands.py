"""`wring COMMAND` and `wring INTERFACE` are one program that never takes one for the other."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.daemon import Daemon, program


def wring(*words, executable=None, **options):
    return subprocess.run([executable or program(), *words], text=True, timeout=30,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


@pytest.fixture
def alone(tmp_path):
    """The engine's program in a folder of its own, without the program of the commands."""
    (tmp_path / "bin").mkdir()
    return shutil.copy(program(), tmp_path / "bin")


def test_help_of_the_engine_names_the_commands():
    done = wring("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("--foreground", "genkey", "genpsk", "pubkey", "wring COMMAND --help"):
        assert word in done.stdout


def test_each_command_has_help_and_the_programs_version():
    version = wring("--version")
    assert version.returncode == 0 and version.stdout.startswith("wring ")
    for command in ("genkey", "genpsk", "pubkey"):
        done = wring(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[1].startswith(f"Usage: wring {command}")
    both = wring("--version", executable=os.path.join(os.path.dirname(program()), "wring-command"))
    # The engine names its cipher besides.
    assert both.stdout == version.stdout.splitlines(keepends=True)[0]


def test_words_that_a_command_refuses_are_one_line_and_status_1():
    done = wring("genkey", "surplus")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("wring genkey: ") and "wring genkey --help" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interface_may_have_the_name_of_a_command(net):
    host = net.host("a")
    with Daemon(host, "genkey", "--"):
        assert host.run("wg", "show", "interfaces").stdout == "genkey\n"
    # Behind an option it is no command either.
    with Daemon(host, "pubkey"):
        assert host.run("wg", "show", "interfaces").stdout == "pubkey\n"


def test_the_engine_needs_no_commands(net, alone):
    host = net.host("a")
    with Daemon(host, "wg0", command=[alone, "-f"]):
        assert host.run("wg", "show", "interfaces").stdout == "wg0\n"


def test_the_engine_has_none_of_the_commands_code():
    commands = Path(program()).with_name("wring-command").read_bytes()
    engine = Path(program()).read_bytes()
    for text in (b"latest-handshakes", b"nlohmann"):
        assert text in commands and text not in engine


def test_a_missing_program_of_commands_is_one_line_that_says_which_package(alone):
    done = wring("genkey", executable=alone)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert '"genkey"' in done.stderr and "the package wring-command" in done.stderr


def test_commands_are_found_where_an_installation_has_them(alone):
    folder = Path(alone).parents[1] / "libexec" / "wring"
    folder.mkdir(parents=True)
    shutil.copy(os.path.join(os.path.dirname(program()), "wring-command"), folder)
    done = wring("genkey", executable=alone)
    assert (done.returncode, len(done.stdout)) == (0, 45)


def test_a_program_of_commands_that_cannot_be_started_is_named(alone):
    broken = Path(alone).with_name("wring-command")
    broken.write_text("no program")
    done = wring("genkey", executable=alone)
    assert done.returncode == 1
    assert f"cannot start {broken}: Permission denied" in done.stderr
