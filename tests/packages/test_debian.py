"""The package in a minimal Debian: what a person has with it and nothing else of ours."""

import json
import shutil
import subprocess
from contextlib import contextmanager

from support.waiting import eventually

from machine import SERVER


@contextmanager
def running(machine, *argv):
    """A program of the machine in the background, ended by SIGTERM."""
    unit = f"test-{argv[0]}"
    machine.run("systemd-run", f"--unit={unit}", *argv)
    yield
    machine.run("systemctl", "stop", unit)


def test_lintian_finds_neither_an_error_nor_a_warning(made):
    assert shutil.which("lintian"), "run tools/install-deps.sh"
    for deb in sorted((made / "debs").iterdir()):
        done = subprocess.run(["lintian", "--fail-on=error,warning", "--allow-root", str(deb)],
                              text=True, stdout=subprocess.PIPE, timeout=120)
        assert (done.returncode, done.stdout) == (0, "")


def test_the_engines_libraries_are_few_and_none_is_of_a_desktop_or_of_python(made):
    field = subprocess.run(["dpkg-deb", "--field", *map(str, (made / "debs").glob("wring_*.deb")),
                            "Depends"], check=True, text=True, stdout=subprocess.PIPE).stdout
    names = {word.split()[0] for word in field.split(", ")}
    assert all(name.startswith("lib") for name in names)
    assert len(names) <= 15, names


def test_pages_of_the_manual_are_found_by_every_command(machine):
    assert "WireGuard in userspace" in machine.run("man", "wring").stdout
    assert "AllowedIPs" in machine.run("man", "5", "wring").stdout
    for command in ("run", "exec", "show", "syncconf", "genpsk", "doctor"):
        assert f"wring-{command}" in machine.run("man", f"wring-{command}").stdout


def test_tab_completes_as_soon_as_the_package_is_there(machine):
    # What bash does when Tab is pressed after a command that it has no completion for yet.
    script = ("source /usr/share/bash-completion/bash_completion; _completion_loader wring; "
              "COMP_WORDS=(wring sho); COMP_CWORD=1; _wring; echo ${COMPREPLY[@]}")
    assert machine.shell(script).stdout.split() == ["show", "showconf"]
    for file in ("fish/vendor_completions.d/wring.fish", "zsh/vendor-completions/_wring"):
        machine.run("test", "-s", f"/usr/share/{file}")


def _await_address(machine):
    """It comes after the interface."""
    eventually(lambda: "inet 10.9.0.1/24" in machine.from_outside("ip", "address"),
               "wg0 is set up", 30.0, 0.2)


def test_run_brings_a_tunnel_up_and_show_and_doctor_look_at_it(machine, wg0):
    with running(machine, "wring", "run", "wg0"):
        shown = eventually(lambda: "wg0" in machine.interfaces() and machine.interfaces()["wg0"],
                           "the interface is there", 30.0, 0.2)
        assert shown["listen_port"] == 51820
        _await_address(machine)
        found = machine.run("wring", "doctor", "--json", "wg0", check=False)
        assert json.loads(found.stdout)
    eventually(lambda: machine.interfaces() == {}, "all is taken back", 10.0, 0.2)


def test_exec_runs_a_command_of_an_ordinary_user_through_the_tunnel(machine, wg0, keys):
    machine.write("/tmp/wg1.conf", f"[Interface]\nPrivateKey = {keys[1][0]}\n"
                  f"Address = 10.9.0.2/24\n[Peer]\nPublicKey = {keys[0][1]}\n"
                  "AllowedIPs = 0.0.0.0/0\nEndpoint = 127.0.0.1:51820\n")
    machine.run("chown", "nobody", "/tmp/wg1.conf")
    with running(machine, "wring", "run", "wg0"):
        _await_address(machine)
        with running(machine, "perl", "-e", SERVER, "10.9.0.1:80"):
            done = eventually(lambda: _page(machine), "the page comes", 30.0)
    assert done == "the page\n65534\n"


def _page(machine):
    done = machine.run("wring", "exec", "/tmp/wg1.conf", "--", "bash", "-c",
                       "cat < /dev/tcp/10.9.0.1/80 && id -u", user="nobody", check=False)
    return done.stdout
