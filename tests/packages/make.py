"""Makes what the tests of this folder share. Usage: make.py BUILD FOLDER

FOLDER/debs has the packages of BUILD, FOLDER/next has them once more with a higher version, and
FOLDER/root is a minimal Debian that has downloaded, but not installed, what they depend on. The
root is kept for the next run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
# systemd starts it, a person reads a manual there and presses Tab. wring itself needs none of it.
INCLUDED = "systemd,systemd-sysv,dbus,man-db,bash-completion"
# In the new root: what FOLDER/debs depends on comes into apt's cache.
DOWNLOAD = ('chroot "$1" apt-get clean && chroot "$1" apt-get install --yes --download-only '
            "--no-install-recommends $(cd $1 && echo ./debs/*.deb) && rm -r \"$1/debs\"")


def pack(build: Path, folder: Path, *options: str) -> None:
    """The packages of what is built already."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", folder, *options],
                   check=True, stdout=subprocess.DEVNULL, timeout=300)
    shutil.rmtree(folder / "_CPack_Packages")


def dependencies(debs: Path) -> str:
    return "".join(subprocess.run(["dpkg-deb", "--field", deb, "Depends"], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout for deb in sorted(debs.iterdir()))


def make_root(root: Path, debs: Path) -> int:
    """Returns a status for ctest."""
    made_for = INCLUDED + "\n" + dependencies(debs)
    note = root.with_name("root.made")
    if note.exists() and note.read_text() == made_for:
        return 0
    note.unlink(missing_ok=True)
    fresh = root.with_name("root.new")
    for old in (root, fresh):
        shutil.rmtree(old, ignore_errors=True)
    done = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={INCLUDED}",
         "--skip=cleanup/apt/lists,cleanup/apt/cache", '--customize-hook=mkdir "$1/debs"',
         "--customize-hook=copy-in " + " ".join(map(str, debs.iterdir())) + " /debs",
         f"--customize-hook={DOWNLOAD}", "bookworm", str(fresh)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=800)
    if done.returncode != 0:
        print(done.stdout)
        print("no root of Debian could be made, see above; is its archive within reach?")
        return 1 if os.environ.get("CI") else SKIPPED
    fresh.rename(root)
    note.write_text(made_for)
    return 0


def main(build: Path, folder: Path) -> int:
    if os.geteuid() != 0:
        print("needs root, for the root of a Debian")
        return SKIPPED
    folder.mkdir(exist_ok=True)
    pack(build, folder / "debs")
    pack(build, folder / "next", "-D", "CPACK_DEBIAN_PACKAGE_VERSION=99")
    return make_root(folder / "root", folder / "debs")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
