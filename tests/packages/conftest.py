"""One machine for all tests of a run, in which the package gets installed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.needs import pytest_collection_modifyitems, pytest_sessionfinish  # noqa: E402, F401

from machine import Machine, Podman  # noqa: E402

RECIPE = Path(__file__).resolve().parents[2] / "packaging" / "image" / "Containerfile"
MADE = Path(os.environ.get("WRING_PACKAGES", "build/release/packages-test")).absolute()


@pytest.fixture(scope="session")
def made():
    """What make.py made."""
    if not (MADE / "root.made").exists() and not os.environ.get("CI"):
        pytest.skip("packages.made made no root of a Debian")
    return MADE


@pytest.fixture(scope="session")
def podman():
    podman = Podman(Path(tempfile.mkdtemp(prefix="wring-")))
    yield podman
    podman.close()


@pytest.fixture(scope="session")
def machine(made, podman):
    machine = Machine(podman, made / "root", made / "debs", made / "next")
    machine.shell("DEBIAN_FRONTEND=noninteractive apt-get install --yes "
                  "--no-install-recommends /debs/wring_*.deb")
    return machine


@pytest.fixture(scope="session")
def keys(machine):
    """Private and public ones, of wg0 and of wg1."""
    made = machine.shell("for i in 0 1; do k=$(wring genkey); echo $k; echo $k | wring pubkey; "
                         "done").stdout.split()
    return [made[:2], made[2:]]


@pytest.fixture(scope="session")
def wg0(machine, keys):
    """The configuration of wg0, which listens for wg1."""
    text = (f"[Interface]\nPrivateKey = {keys[0][0]}\nAddress = 10.9.0.1/24\n"
            f"ListenPort = 51820\n[Peer]\nPublicKey = {keys[1][1]}\nAllowedIPs = 10.9.0.2/32\n")
    machine.write("/etc/wireguard/wg0.conf", text)
    return text


@pytest.fixture(scope="session")
def base(made, podman):
    """A stand-in for Debian's own image, which no registry here has."""
    archive = subprocess.Popen(["tar", "--create", "--directory", str(made / "root"), "."],
                               stdout=subprocess.PIPE)
    with archive:
        # With a command that does nothing, it also holds the namespaces of a pod.
        subprocess.run(podman.command("import", "--quiet", "--change=CMD sleep infinity", "-",
                                      "base"),
                       stdin=archive.stdout, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return "base"


@pytest.fixture(scope="session")
def image(made, podman, base):
    podman.run("build", "--quiet", f"--build-arg=BASE={base}", f"--file={RECIPE}", "--tag=wring",
               "--network=host", *podman.limits, str(made / "debs"))
    return "wring"
