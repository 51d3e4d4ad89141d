"""The commands of README.md work as written there. `tools/fresh.sh` runs its two commands in a bare
Debian before a release, and tests/packages its installation."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support import wg
from support.daemon import program
from support.quick import WgQuick
from support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"),
                    re.MULTILINE | re.DOTALL)
# The first word or two of what others run.
ELSEWHERE = {"tools/demo.sh", "tools/test.sh", "tools/install-deps.sh", "cmake --preset",
             "sudo cmake"}


def _block(command):
    (found,) = [block for block in BLOCKS if re.search(f"^{re.escape(command)}", block, re.M)]
    return found


def _run(host, text):
    return host.run("env", f"PATH={os.path.dirname(program())}:{os.environ['PATH']}",
                    f"WRING={program()}", "bash", "-euo", "pipefail", "-c", text).stdout


@pytest.fixture
def host(pair):
    pair[0].run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", "/etc/wireguard")
    return pair[0]


def test_an_interface_is_made_and_configured(host):
    shown = _run(host, _block("wring genkey"))
    assert "listening port: 51820" in shown and "allowed ips: 10.0.0.2/32" in shown
    interface = wg.show(host, "wg0")
    assert interface.private_key and interface.only_peer().endpoint == "192.0.2.7:51820"
    assert "inet 10.0.0.1/24" in host.ip("address", "show", "dev", "wg0")
    _run(host, "ip link del wg0")
    eventually(lambda: host.pids() == [], "its engine has ended")


def test_wg_quick_takes_it(host, tmp_path):
    keys = wg.new_keys()
    Path(host.path("/etc/wireguard/wg0.conf")).write_text(
        f"[Interface]\nPrivateKey = {keys.private}\nAddress = 10.0.0.1/24\n")
    up, down = _block("WG_QUICK_USERSPACE").splitlines()
    # A kernel with the module would be taken first.
    without_module = WgQuick(host, tmp_path).env["BASH_FUNC_ip%%"]
    before = f"ip {without_module}\nexport -f ip\n"
    _run(host, before + up)
    assert wg.show(host, "wg0").private_key == keys.private
    _run(host, before + down)
    eventually(lambda: host.pids() == [], "its engine has ended")


def test_the_demo_shows_a_tunnel():
    done = subprocess.run([ROOT / "tools" / "demo.sh"], text=True, timeout=120,
                          env={**os.environ, "WRING": program()}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_each_block_is_run_by_a_test():
    mine = {_block("wring genkey"), _block("WG_QUICK_USERSPACE")}
    for block in set(BLOCKS) - mine:
        for line in block.splitlines():
            assert " ".join(line.split()[:2]).split(" #")[0] in ELSEWHERE \
                or line.split()[0] in ELSEWHERE, line
