#!/usr/bin/python3
"""A tunnel between wring on Debian's arm64 kernel, which boots under QEMU, and wring outside.

tools/test.sh runs it. Some seconds, once the kernel has been downloaded. By hand, as root:

  tools/install-deps.sh --arm64
  cmake --preset arm64 && cmake --build --preset arm64 --target wring
  cmake --preset release && cmake --build --preset release --target wring
  tests/interop/arm64_smoke.py
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "tests"), str(_ROOT / "tests/interop")]

from guest import MACHINES, Guest  # noqa: E402  (found by the line above)
from support import wg  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.netns import Net  # noqa: E402
from support.waiting import eventually  # noqa: E402

_BUILD = _ROOT / "build/arm64"
_DOWNLOADS = _ROOT / "build/arm64-guest"
_LOADER = "/lib/ld-linux-aarch64.so.1"
_PORT = "51820"


class _Arm64:
    """What initramfs.build() asks about programs of another processor."""

    busybox = _DOWNLOADS / "bin/busybox"

    @staticmethod
    def libraries(program: str) -> list[str]:
        listed = subprocess.run(["qemu-aarch64-static", _LOADER, "--list", program], check=True,
                                capture_output=True, text=True).stdout
        return [*re.findall(r"=> (/\S+) \(0x", listed), _LOADER]


def _download() -> None:
    """Unpacks the kernel, busybox and wg, where they are not there yet."""
    if list(_DOWNLOADS.glob("boot/vmlinuz-*")) and _Arm64.busybox.exists():
        return
    words = subprocess.run(["apt-cache", "depends", "linux-image-cloud-arm64:arm64"], check=True,
                           capture_output=True, text=True).stdout.split()
    kernel = words[words.index("Depends:") + 1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", kernel,
                        "busybox-static:arm64", "wireguard-tools:arm64"], cwd=folder, check=True)
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(_DOWNLOADS)], check=True)


def main() -> int:
    os.environ.setdefault("WRING", "build/release/wring")
    _download()
    ours, theirs = wg.new_keys(), wg.new_keys()
    with Net() as net:
        outside = net.host("outside")
        guest = Guest("arm64", _DOWNLOADS, outside, "arm64", MACHINES["aarch64"],
                      more_programs=(str(_BUILD / "wring"), str(_DOWNLOADS / "usr/bin/wg")),
                      more_modules=("tun",), foreign=_Arm64)
        try:
            outside.ip("link", "set", "arm64", "up")
            outside.ip("address", "add", "192.0.2.1/24", "dev", "arm64")
            guest.run("sh", "-c", "mkdir -p /var/run /run; ip link set eth0 up; "
                      "ip address add 192.0.2.2/24 dev eth0")
            version = guest.run("/programs/wring", "--version").stdout
            assert "cipher: lanes, NEON" in version, version
            guest.run("/programs/wring", "wg0")
            with Daemon(outside, "wg0"):
                outside.run("wg", "set", "wg0", "listen-port", _PORT, "private-key", "/dev/stdin",
                            "peer", theirs.public, "allowed-ips", "10.9.0.2/32",
                            input=ours.private)
                guest.run("sh", "-c", f"echo {theirs.private} >/tmp/key; "
                          f"/programs/wg set wg0 private-key /tmp/key "
                          f"peer {ours.public} allowed-ips 10.9.0.1/32 "
                          f"endpoint 192.0.2.1:{_PORT}")
                outside.run("sh", "-c", "ip address add 10.9.0.1/24 dev wg0; ip link set wg0 up")
                guest.run("sh", "-c", "ip address add 10.9.0.2/24 dev wg0; ip link set wg0 up")
                eventually(lambda: guest.run("ping", "-c", "1", "-W", "2", "10.9.0.1",
                                             check=False).returncode == 0, "an answer", 60.0)
                for size in ("8", "1300"):
                    said = guest.run("ping", "-c", "20", "-s", size, "-A", "10.9.0.1",
                                     timeout=60.0).stdout
                    assert "20 packets received" in said, said
                print(version + said.strip().splitlines()[-1])
        finally:
            guest.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
