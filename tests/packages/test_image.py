"""The image: its size, its process 1, and `exec` in it by an ordinary user."""

import json
import time
from pathlib import Path

import pytest

from support.waiting import eventually
from support.wg import new_keys

from machine import SERVER, Podman

# Beside the base, in bytes.
LIMIT = 30_000_000


def _size(podman: Podman, image: str) -> int:
    return int(podman.run("image", "inspect", "--format", "{{.Size}}", image).stdout)


class Gateway:
    """A container of the image as it is meant to run: wring is process 1."""

    NAME = "gateway"

    def __init__(self, podman: Podman, image: str, folder: Path):
        self.podman, self.image = podman, image
        self.keys, self.others_keys = new_keys(), new_keys()
        folder.mkdir()
        self.file = folder / "wg0.conf"
        self.file.write_text(
            f"[Interface]\nPrivateKey = {self.keys.private}\nAddress = 10.9.0.1/24\n"
            f"ListenPort = 51820\n[Peer]\nPublicKey = {self.others_keys.public}\n"
            "AllowedIPs = 10.9.0.2/32\n")
        self.file.chmod(0o600)
        podman.run("run", "--detach", f"--name={self.NAME}", "--network=none", *podman.limits,
                   "--cap-add=NET_ADMIN", "--device=/dev/net/tun",
                   f"--volume={folder}:/etc/wireguard:ro", image)
        eventually(lambda: "wg0 is up" in self.log(), "it is up", 30.0, 0.2)

    def log(self) -> str:
        done = self.podman.run("logs", self.NAME)
        return done.stdout + done.stderr

    def run(self, *argv: str, detach: bool = False) -> str:
        options = ["--detach"] if detach else []
        return self.podman.run("exec", *options, self.NAME, *argv).stdout


@pytest.fixture
def gateway(podman, image, tmp_path):
    made = Gateway(podman, image, tmp_path / "wireguard")
    yield made
    podman.run("rm", "--force", "--time=0", made.NAME)


def test_it_adds_less_than_30_mb_to_its_base(podman, base, image):
    assert 1_000_000 < _size(podman, image) - _size(podman, base) < LIMIT


def test_wring_is_its_process_1_and_buries_orphans(gateway):
    (interface,) = json.loads(gateway.run("wring", "show", "--json"))["interfaces"]
    assert interface["listen_port"] == 51820
    gateway.run("sh", "-c", "sleep 0.1 & sleep 0.2 & sleep 300 &")
    states = ("grep -h -e ^Name -e ^State /proc/[0-9]*/status | paste -d ' ' - - | "
              "cut -f 2,3 | grep ^sleep")
    eventually(lambda: gateway.run("sh", "-c", states).count("\n") == 1, "two are gone", 10.0, 0.2)


def test_it_stops_within_a_second(podman, gateway):
    def took() -> float:
        begin = time.monotonic()
        podman.run("stop", "--time=10", gateway.NAME)
        return time.monotonic() - begin
    times = [took()]
    code = podman.run("inspect", "--format", "{{.State.ExitCode}}", gateway.NAME).stdout
    assert code == "0\n"
    # Others may keep the processors, and podman's own part is in it.
    while min(times) > 1.0 and len(times) < 3:
        podman.run("start", gateway.NAME)
        eventually(lambda: gateway.log().count("wg0 is up") > len(times), "it is up", 30.0, 0.2)
        times.append(took())
    assert min(times) < 1.0, times


def test_an_ordinary_user_reaches_the_far_side_by_exec(podman, image, gateway, tmp_path):
    file = tmp_path / "wg1.conf"
    file.write_text(f"[Interface]\nPrivateKey = {gateway.others_keys.private}\n"
                    f"Address = 10.9.0.2/24\n[Peer]\nPublicKey = {gateway.keys.public}\n"
                    "AllowedIPs = 0.0.0.0/0\nEndpoint = 127.0.0.1:51820\n")
    file.chmod(0o644)
    gateway.run("perl", "-e", SERVER, "10.9.0.1:80", detach=True)
    # No capability and no device.
    words = ["run", "--rm", "--user=65534:65534", f"--network=container:{gateway.NAME}",
             *podman.limits, f"--volume={file}:/wg1.conf:ro", image, "exec", "/wg1.conf", "--",
             "bash", "-c", "cat < /dev/tcp/10.9.0.1/80 && id -u && exit 7"]
    done = eventually(lambda: _unless_refused(podman.run(*words, check=False)), "the page", 60.0)
    assert (done.stdout, done.returncode) == ("the page\n65534\n", 7)


def _unless_refused(done):
    """The server may not listen yet."""
    return None if "Connection refused" in done.stderr else done
